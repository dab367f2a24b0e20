"""A session's sound on its way through voice detection and the engine, and again after an engine was lost."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Heard, Word
from rtt.core.errors import EngineError
from rtt.core.ledger import Ledger, Span
from rtt.core.replay import Replay, Stretch
from rtt.core.retry import backoff
from rtt.core.voice import WINDOW, VoiceTimeline
from rtt.core.wire.bounds import GAP_FILL_SECONDS, OVERLAP_SECONDS
from rtt.engines.base import Chunk, Engine, Request
from rtt.server.captioner import Captioner
from rtt.server.voice import Ear

BATCH = 16 * WINDOW
"""Samples that go to the voice detector at a time: half a second, half a millisecond of work on the loop."""
HANG_SECONDS = 20
"""An engine that neither takes sound that waits nor says anything for so long is lost."""
PROOF_SECONDS = 3
"""New sound that a stream takes after a loss before the engine counts as heard again."""
BEHIND_SECONDS = 2
"""Sound that waits for an engine at real-time pace before silence is passed over (SESSIONS 9)."""
REAL_TIME = 2.0
"""An engine that takes sound faster than so many times real time catches up by itself."""
PAUSE = RATE // 2
"""Samples of silence that are heard all the same after a voice and before the next: by pauses engines end lines."""
HEALTHY_SECONDS = 60
"""Sound that a stream hears without a fault before its faults are forgotten."""


class OutOfReachError(Exception):
    """The sound from which hearing must begin again is not held any more; the capture still has it."""

    def __init__(self, sample: int) -> None:
        super().__init__(sample)
        self.sample = sample


class Hearing:
    """Hears one session to its end; `run` returns when the engine gave its last result.

    Sound is put in with `put` and `put_gap`, in order and without holes, and ended with `end`. `tell` takes a code
    and a sentence for the operator.
    """

    def __init__(
        self,
        engine: Engine,
        request: Request,
        ledger: Ledger,
        captioner: Captioner,
        *,
        ear: Ear | None,
        voice: VoiceTimeline | None,
        random: Callable[[], float],
        tell: Callable[[str, str], None],
    ) -> None:
        self.ledger, self.captioner, self.voice = ledger, captioner, voice
        self.streams = 0
        """Engine streams opened so far."""
        self.trouble = ""
        """Why the engine is not heard at the moment; empty while it is."""
        self._engine, self._request, self._ear = engine, request, ear
        self._random, self._tell = random, tell
        self._replay = Replay(ledger.received)
        self._inbox: deque[Stretch] = deque()
        self._patience: asyncio.Timeout | None = None
        self._lost_at = self.ledger.received
        self._ended = False
        self._complete = False
        self._arrived, self._grown = asyncio.Event(), asyncio.Event()

    def put(self, start: int, pcm: bytes) -> None:
        """Take sound that follows on all before it."""
        self._inbox.append(Stretch(start, start + len(pcm) // 2, pcm))
        self._arrived.set()

    def put_gap(self, gap: Span) -> None:
        """Take a stretch that does not exist; a short one is heard as silence (SESSIONS 18)."""
        fill = gap.end - gap.start <= GAP_FILL_SECONDS * RATE
        self._inbox.append(Stretch(gap.start, gap.end, bytes(2 * (gap.end - gap.start)) if fill else b""))
        self.captioner.cut(gap.start, gap.end)
        self._arrived.set()

    def end(self) -> None:
        """Say that nothing follows."""
        self._ended = True
        self._arrived.set()

    @property
    def waiting(self) -> int:
        """Samples that were received and not yet fed to the engine."""
        return self.ledger.received - self.ledger.heard

    def forget_before(self, sample: int) -> None:
        """Drop the sound before `sample`: it will not be heard again."""
        self._replay.forget_before(sample)
        if self.voice is not None:
            self.voice.forget_before(sample - 60 * RATE)

    async def run(self, archived: tuple[Word, ...] = ()) -> None:
        """Hear to the end; `archived` are words of the session that an earlier server wrote.

        Raises `EngineError` where trying again cannot help, and `OutOfReachError`.
        """
        failure: EngineError | OutOfReachError | None = None
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen())
            try:
                await self._hear(list(archived))
            except (EngineError, OutOfReachError) as error:
                failure = error
            listening.cancel()
        if failure is not None:
            raise failure

    async def _listen(self) -> None:
        """Measure voice in what arrives and lay it ready for the engine, in whole windows."""
        start, pcm = self._replay.end, bytearray()
        while True:
            while self._inbox and len(pcm) < BATCH * 2:
                stretch = self._inbox[0]
                if not stretch.pcm:
                    break
                pcm += self._inbox.popleft().pcm
            gap = bool(self._inbox) and not self._inbox[0].pcm
            over = self._ended and not self._inbox
            whole = len(pcm) if gap or over else len(pcm) // (WINDOW * 2) * (WINDOW * 2)
            whole = min(whole, BATCH * 2)
            if whole:
                self._lay(start, bytes(pcm[:whole]))
                start += whole // 2
                del pcm[:whole]
                await asyncio.sleep(0)  # after a loss there is much to hear; the other rooms have their turn between
            elif gap:
                stretch = self._inbox.popleft()
                start = stretch.end
                self._replay.append(stretch)
                if self._ear is not None and self.voice is not None:
                    self._ear.reset()
                    self.voice.skip_to(start)
                self._grown.set()
            elif over:
                self._complete = True
                self._grown.set()
                return
            else:
                self._arrived.clear()
                await self._arrived.wait()

    def _lay(self, start: int, pcm: bytes) -> None:
        probabilities = None
        if self._ear is not None and self.voice is not None:
            probabilities = self._ear.listen(pcm)
            for probability in probabilities:
                self.voice.push(probability)
        self._replay.append(Stretch(start, start + len(pcm) // 2, pcm, probabilities))
        self._grown.set()

    async def _hear(self, words: list[Word]) -> None:
        """Run stream after stream until the sound is over."""
        position: int | None = self._replay.start
        again = self._replay.start < self.ledger.watermark
        waits = backoff(self._random, 0.5, 10.0)
        while position is not None:
            began = self.ledger.heard
            rehearing = Rehearing([*words, *self.captioner.words], self.ledger.watermark, position) if again else None
            self.captioner.begin_stream(self.streams, rehearing)
            try:
                position = await self._stream(position)
                again = position is not None and position < self.ledger.watermark
            except EngineError as error:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from error  # a task group lets an error hide its cancellation
                if not error.retry:
                    raise
                if self.ledger.heard - began > HEALTHY_SECONDS * RATE:
                    waits = backoff(self._random, 0.5, 10.0)
                self._lost_at = max(self._lost_at, self.ledger.heard)
                self.captioner.lose_stream()
                position, again = self._again(), True
                if self.trouble != str(error):
                    self.trouble = str(error)
                    self._tell("engine-retrying", f"{error} The sound is kept and heard again.")
                await asyncio.sleep(next(waits))

    def _again(self) -> int:
        """Return where hearing begins again (SESSIONS 3), on the edge of a stretch that is held."""
        position = self.ledger.watermark - OVERLAP_SECONDS * RATE
        if position < self._replay.start and self.ledger.watermark < self._replay.start:
            raise OutOfReachError(max(0, position))
        position = max(position, self._replay.start)
        held = self._replay.at(position)
        position = held.start if held is not None and held.pcm else position
        self.ledger.hear_again(position)
        return position

    async def _stream(self, position: int) -> int | None:
        """Hear one stream from `position`; return where the next one begins, or None at the end of the session."""
        generation, self.streams = self.streams, self.streams + 1
        name = self._engine.traits.name
        ends: list[int] = []

        def report(heard: Heard) -> None:
            self._signs_of_life()
            self.captioner.take(generation, heard)

        try:
            async with asyncio.timeout(HANG_SECONDS) as patience, aclosing(self._chunks(position, ends)) as sound:
                self._patience = patience
                await self._engine.transcribe(self._request, sound, report)
        except TimeoutError as error:
            if not patience.expired():
                raise
            why = f"it took no sound and said nothing for {HANG_SECONDS} s"
            raise EngineError(f"The engine {name} hangs", why, retry=True) from error
        if ends:
            return ends[0]
        if not self._complete or self.ledger.heard < self._replay.end:
            why = "it ended its stream before the sound was over"
            raise EngineError(f"The engine {name} stopped", why, retry=True)
        return None

    def _signs_of_life(self, waits_for_sound: bool = False) -> None:
        """Give the engine time again; as long as it likes while it is us who keep it waiting."""
        assert self._patience is not None
        if not self._patience.expired():
            now = asyncio.get_running_loop().time()
            self._patience.reschedule(None if waits_for_sound else now + HANG_SECONDS)

    def _may_pass_over(self, held: Stretch) -> bool:
        """Tell whether an engine at real-time pace catches up by leaving out this silence."""
        if self.voice is None or self._engine.traits.pace > REAL_TIME:
            return False
        if self._replay.end - held.end < BEHIND_SECONDS * RATE:
            return False
        before, after = held.start - PAUSE, min(held.end + PAUSE, self.voice.known)
        return not self.voice.covered(before, after)

    async def _chunks(self, at: int, ends: list[int]) -> AsyncGenerator[Chunk, None]:
        """Yield the session's sound from `at` to its end, or to the next gap, whose end is put into `ends`."""
        proof = self._lost_at + PROOF_SECONDS * RATE
        while True:
            held = self._replay.at(at)
            if held is not None and not held.pcm:
                ends.append(held.end)
                self.ledger.feed(held.end)
                return
            if held is not None:
                at = held.end
                self.ledger.feed(at)
                if self._may_pass_over(held):
                    continue
                if self.trouble and at > proof:
                    self.trouble = ""
                    self._tell("engine-back", f"The engine {self._engine.traits.name} is heard again.")
                self._signs_of_life()
                yield Chunk(held.start, held.pcm, held.voice)
            elif self._complete and at >= self._replay.end:
                return
            elif at < self._replay.start:
                raise OutOfReachError(at)
            else:
                self._grown.clear()
                self._signs_of_life(waits_for_sound=True)
                await self._grown.wait()
