"""The server's hearing and session, with their waiting taken out: the world calls `step` instead.

Stands for the coroutines `Hearing.run` (`_listen`, `_hear`, `_stream`, `_chunks`) and `Session.run` (`_hear`, `_tick`,
`_make_safe`). All they decide (where hearing begins again, what is laid, what is passed over, who is answered) is
done by their own methods.
"""

import random
from collections.abc import Callable
from typing import Any

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Word
from rtt.core.voice import WINDOW
from rtt.core.wire.audio import Ended
from rtt.core.wire.bounds import ACK_SECONDS, KEEP_SECONDS
from rtt.core.wire.codes import Close
from rtt.engines.base import Chunk
from rtt.server.hearing import BATCH, Hearing, OutOfReachError
from rtt.server.session import Session
from tests.system.schedules.engine import Stream
from tests.system.schedules.rules import Rules

NewStream = Callable[[int], Stream]
"""Opens an engine's stream from a sample on."""


class SteppedHearing(Hearing):
    """Hears step by step; `play` gives it what the real one does not need."""

    def play(self, rules: Rules, rng: random.Random, new_stream: NewStream, pace: float) -> None:
        """Take what the world decides: the rules, chance, the engine's streams, and how fast they take sound."""
        self.rules, self.rng, self.new_stream, self.pace = rules, rng, new_stream, pace
        self.stream: Stream | None = None
        self.lost: list[tuple[int, Stream]] = []
        """Streams that were lost and still talk, with their generations."""
        self.over = False
        self._words: list[Word] = []
        self._laid, self._rest = self._replay.end, bytearray()
        self._position, self._heard_before = self._replay.start, self._replay.start < self.ledger.watermark
        self._at, self._budget, self._opens_at = 0, 0.0, 0.0
        self._ends: list[int] = []
        self._flushed = False

    def begin(self, archived: tuple[Word, ...]) -> None:
        """Stand for the start of `run`."""
        self._words = list(archived)

    def step(self, now: float, seconds: float, *, takes_sound: bool) -> None:
        """Live on for `seconds`. Raises `OutOfReachError` as `run` does."""
        self._listen_now()
        for generation, stream in self.lost:
            for heard in stream.reports(now):
                self.captioner.take(self._generation if not self.rules.fence else generation, heard)
        if self.stream is None:
            if now < self._opens_at or self.over:
                return
            self._open()
        assert self.stream is not None
        if takes_sound and not self._flushed:
            self._feed(self.stream, now, seconds)
        for heard in self.stream.reports(now):
            self.captioner.take(self._generation, heard)
        if self._flushed and not self.stream.busy:
            self.stream = None
            if self._ends:
                self._position = self._ends[0]
                self._heard_before = self._position < self.ledger.watermark
            else:
                self.over = True

    def lose(self, now: float, away: float, *, talks_on: bool) -> None:
        """Lose the engine for `away` seconds; `talks_on` if its last results still come."""
        if self.stream is None:
            self._opens_at = max(self._opens_at, now + away) if not self.over else 0.0
            return
        if talks_on:
            self.stream.mute(now)
            self.lost.append((self._generation, self.stream))
        self.stream = None
        self._lost_at = max(self._lost_at, self.ledger.heard)
        self.captioner.lose_stream()
        self._opens_at = now + away
        if self.rules.watermark:
            self._position, self._heard_before = self._again(), True
        else:
            self._position, self._heard_before = self._at, True
            self.ledger.abandon()

    def _open(self) -> None:
        self._at, self._ends, self._flushed, self._budget = self._position, [], False, 0.0
        rehearing = None
        if self._heard_before and self.rules.rehearing:
            archived = [*self._words, *self.captioner.words]
            rehearing = Rehearing(archived, self.ledger.watermark, self._position)
        self.captioner.begin_stream(self.streams, rehearing)
        self._generation, self.streams = self.streams, self.streams + 1
        self.stream = self.new_stream(self._position)

    def _listen_now(self) -> None:
        """Stand for `_listen`, up to where it would wait."""
        while True:
            pcm = self._rest
            while self._inbox and len(pcm) < BATCH * 2 and self._inbox[0].pcm:
                pcm += self._inbox.popleft().pcm
            gap = bool(self._inbox) and not self._inbox[0].pcm
            over = self._ended and not self._inbox
            whole = len(pcm) if gap or over else len(pcm) // (WINDOW * 2) * (WINDOW * 2)
            whole = min(whole, BATCH * 2)
            if whole:
                self._lay(self._laid, bytes(pcm[:whole]))
                self._laid += whole // 2
                del pcm[:whole]
            elif gap:
                stretch = self._inbox.popleft()
                self._laid = stretch.end
                self._replay.append(stretch)
                if self._ear is not None and self.voice is not None:
                    self._ear.reset()
                    self.voice.skip_to(self._laid)
            else:
                self._complete = over
                return

    def _feed(self, stream: Stream, now: float, seconds: float) -> None:
        """Stand for `_chunks`, as fast as the engine takes sound."""
        self._budget = min(self._budget + self.pace * seconds * RATE, 2 * self.pace * seconds * RATE)
        while self._budget > 0:
            held = self._replay.at(self._at)
            if held is not None and not held.pcm:
                self._ends.append(held.end)
                self.ledger.feed(held.end)
            elif held is not None:
                self._at = held.end
                self.ledger.feed(self._at)
                if self._may_pass_over(held):
                    continue
                self._budget -= held.end - held.start
                stream.feed(Chunk(held.start, held.pcm, held.voice), now)
                continue
            elif self._at < self._replay.start:
                raise OutOfReachError(self._at)
            elif not (self._complete and self._at >= self._replay.end):
                return
            self._flushed = True
            stream.flush(now)
            return


class SteppedSession(Session):
    """A session whose life is stepped."""

    began, acted_at = False, 0.0

    @property
    def hearing(self) -> SteppedHearing:
        assert isinstance(self._hearing, SteppedHearing)
        return self._hearing

    def step(self, now: float, seconds: float, *, takes_sound: bool) -> None:
        """Live on for `seconds`."""
        if not self.began:
            self.hearing.begin(self._archived)
            self.began = True
        self._reachable(self.hearing.step, now, seconds, takes_sound=takes_sound)
        if self.hearing.over:
            self.captioner.number_waiting(everything=True)
            if self.ledger.safe:
                self._conclude()
                return
        if now - self.acted_at >= ACK_SECONDS:
            self.acted_at = now
            self.captioner.number_waiting()
            settled = self.ledger.settle(self.hearing.voice, now=now)
            self.hearing.forget_before(settled - KEEP_SECONDS * RATE)
            self._acknowledge()

    def lose(self, now: float, away: float, *, talks_on: bool) -> None:
        """Lose the engine."""
        self._reachable(self.hearing.lose, now, away, talks_on=talks_on)

    def _reachable(self, act: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        try:
            act(*args, **kwargs)
        except OutOfReachError as error:
            self._begin_again(error.sample)
            self.hearing.begin(self._archived)

    def _conclude(self) -> None:
        """Stand for the end of `run`."""
        settled = self.ledger.settle(self.hearing.voice, done=self.code is Close.DONE)
        if settled < self.ledger.received and self.code is Close.DONE:
            self.code = Close.NOT_ALL_HEARD
        self.ended = Ended(settled, tuple((span.start, span.end) for span in self.ledger.unheard))
        self.over.set()
        self._answer()
