"""One capture's life for one talk: its sound comes in, its captions go out, its account is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from rtt.core.caption import RATE, Word
from rtt.core.clock import Anchors
from rtt.core.errors import EngineError, LinkError
from rtt.core.ledger import Ledger, Span
from rtt.core.wire.audio import Ack, Drain, Ended, Notice, ServerMessage
from rtt.core.wire.bounds import ACK_SECONDS, END_SECONDS, KEEP_SECONDS, WINDOW_SECONDS
from rtt.core.wire.codes import Close
from rtt.server.captioner import Captioner, Identity
from rtt.server.hearing import Hearing, OutOfReachError

LIVE_SECONDS = 2.0
"""A session whose sound is older is not live."""
SLACK_SECONDS = 2
"""A capture that sends this far beyond its window breaks the protocol."""


class Link(Protocol):
    """A capture's connection, as a session sees it; neither call waits."""

    def send(self, message: ServerMessage) -> None:
        """Queue a message."""
        ...

    def close(self, code: Close, reason: str) -> None:
        """Close the connection after what is queued."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """Where and how a session begins on this server."""

    identity: Identity
    talk: str
    plain: bool
    ledger: Ledger
    anchors: Anchors
    archived: tuple[Word, ...] = ()


class Session:
    """Gives sound to its hearing, keeps the account, and tells the capture; `run` is its life.

    `clock` is the monotonic clock in seconds, `tell` takes sentences for the operator, `flush` brings the journal
    to the disk, `new_hearing` makes what hears the session.
    """

    def __init__(
        self,
        start: Start,
        captioner: Captioner,
        *,
        new_hearing: Callable[["Session"], Hearing],
        flush: Callable[[], Awaitable[None]],
        note_gap: Callable[[Span], None],
        clock: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        self.identity, self.talk, self.plain = start.identity, start.talk, start.plain
        self.ledger, self.anchors, self.captioner = start.ledger, start.anchors, captioner
        self.link: Link | None = None
        self.attempt = 0
        self.peer = ""
        self.over = asyncio.Event()
        self.ended: Ended | None = None
        self.code = Close.DONE
        self.sound_at = self.link_lost_at = clock()
        self.began_at = clock()
        self._archived = start.archived
        self._new_hearing, self._flush, self._note_gap = new_hearing, flush, note_gap
        self._clock, self._tell = clock, tell
        self._samples: int | None = None
        self._heir = ""
        self._hearing = new_hearing(self)
        self._moved_at = clock()

    # The capture's side -------------------------------------------------------------------------------------------

    def attach(self, link: Link, attempt: int, peer: str) -> int:
        """Give the session a connection; return the sample from which to send. Replaces a connection before it."""
        if self.link is not None:
            self.link.close(Close.CONTINUED_ELSEWHERE, "")
        self.link, self.attempt, self.peer = link, attempt, peer
        self.sound_at = self._clock()
        return self.ledger.received

    def detach(self, link: Link) -> None:
        """Note that a connection is gone; one that was replaced before changes nothing."""
        if self.link is link:
            self.link, self.link_lost_at = None, self._clock()

    def receive(self, offset: int, pcm: bytes) -> None:
        """Take sound; what is known already is trimmed. Raises `LinkError` for a hole and beyond the window."""
        if self.ended is not None:
            raise LinkError("The session is over", "it was settled while its capture was away", code=Close.SEND_AGAIN)
        if self._samples is not None:
            return
        count = len(pcm) // 2
        start = self.ledger.received
        known = self.ledger.receive(offset, count)
        self.sound_at = self._clock()
        if known < count:
            self._hearing.put(start, pcm[2 * known :])
        if self.ledger.received - self.ledger.reached > (WINDOW_SECONDS + SLACK_SECONDS) * RATE and not self.plain:
            why = f"it sends more than {WINDOW_SECONDS} s beyond what was heard"
            raise LinkError("The capture breaks the protocol", why, code=Close.MALFORMED)

    def receive_gap(self, start: int, end: int, why: str) -> None:
        """Take an announced gap."""
        news = self.ledger.gap(start, end, why) if self._samples is None else None
        self.sound_at = self._clock()
        if news is not None:
            self._hearing.put_gap(news)
            self._note_gap(news)

    def end(self, samples: int) -> None:
        """Take the capture's word that the talk is over; idempotent."""
        if self.ended is not None:
            self._answer()
        elif samples != self.ledger.received:
            why = f"it ends at sample {samples}, but {self.ledger.received} were received"
            raise LinkError("The capture's account is wrong", why, code=Close.HOLE)
        else:
            self.finish()

    def finish(self, *, torn: bool = False) -> None:
        """Settle what was received and be over; `torn` where that may end in the middle of a word (SESSIONS 15)."""
        if self._samples is None:
            if torn:
                self.captioner.cut(self.ledger.received, self.ledger.received)
            self._samples = self.ledger.received
            self._moved_at = self._clock()
            self._hearing.end()

    def hand_over(self, heir: str) -> None:
        """Have another session take the room: the capture is closed for good once this one is settled.

        `heir` says who takes it. Until then the capture gets acks, so that it knows what was settled.
        """
        self._heir = heir

    # The server's side --------------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """True while sound arrives."""
        return self.link is not None and self._samples is None and self._clock() - self.sound_at < LIVE_SECONDS

    @property
    def expects_sound(self) -> bool:
        """True while a capture has to send: not after its end, nor while the engine's pace holds it back."""
        return self._samples is None and self.waiting < (WINDOW_SECONDS - SLACK_SECONDS) * RATE

    @property
    def waiting(self) -> int:
        """Samples that were received and not yet fed to the engine."""
        return self._hearing.waiting

    @property
    def lag(self) -> float:
        """Seconds of sound that wait for the engine."""
        return self._hearing.waiting / RATE

    @property
    def trouble(self) -> str:
        """Why the engine is not heard, or nothing."""
        return self._hearing.trouble

    def alarm(self) -> str:
        """Return what the operator must know now, as one sentence, or nothing."""
        return self.no_sound() or self.trouble

    def no_sound(self) -> str:
        """Return why no sound arrives, as one sentence, or nothing while it does or need not."""
        if self._samples is not None or self.live:
            return ""
        if self.link is None:
            return "The capture is not connected; captions stand still until it comes back."
        return "No sound arrives although the capture is connected; look at the capture's screen."

    @property
    def suspect(self) -> bool:
        """True when what the engine hears does not look like its language."""
        return self.captioner.suspect

    async def run(self) -> None:
        """Live until everything received is settled; never raises for a failure of engine or capture."""
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(self._hear())
            ticking = group.create_task(self._tick(hearing))
            await asyncio.wait([hearing])
            self.captioner.number_waiting(everything=True)
            await self._make_safe()
            ticking.cancel()
        settled = self.ledger.settle(self._hearing.voice, done=self.code is Close.DONE)
        if settled < self.ledger.received and self.code is Close.DONE:
            self.code = Close.NOT_ALL_HEARD
        self.ended = Ended(settled, tuple((span.start, span.end) for span in self.ledger.unheard))
        self.over.set()
        self._answer()

    async def _make_safe(self) -> None:
        """Wait until every final is safe on disk, for as long as a capture waits for its answer."""
        patience = self._clock() + END_SECONDS
        await self._flush()
        while not self.ledger.safe:
            if self._clock() > patience:
                self.notify("disk", "Not all captions could be written to the disk; the capture keeps their sound.")
                self.code = Close.NOT_ALL_HEARD if self.code is Close.DONE else self.code
                return
            await asyncio.sleep(ACK_SECONDS / 5)
            await self._flush()

    async def _hear(self) -> None:
        while True:
            try:
                return await self._hearing.run(self._archived)
            except EngineError as error:
                self.code = Close.ENGINE_FAILED
                self.notify("engine-failed", str(error))
                return None
            except OutOfReachError as error:
                self._begin_again(error.sample)

    def _begin_again(self, sample: int) -> None:
        """Ask the capture for sound from `sample`, which is not held here any more (SESSIONS 12)."""
        if self.plain or self._samples is not None:
            self.code = Close.NOT_ALL_HEARD
        self.captioner.lose_stream()
        self.ledger.rewind(sample)
        self._archived = tuple(self.captioner.words)
        self._hearing = self._new_hearing(self)
        if self._samples is not None:
            self._hearing.end()
        elif self.link is not None:
            self.link.close(Close.SEND_AGAIN, "")

    async def _tick(self, hearing: "asyncio.Task[None]") -> None:
        """Settle and acknowledge twice a second; give up on an engine that does not come to its end."""
        moved = (-1, -1, -1)
        while True:
            self.captioner.number_waiting()
            settled = self.ledger.settle(self._hearing.voice, now=self._clock())
            self._hearing.forget_before(settled - KEEP_SECONDS * RATE)
            now = (self.ledger.heard, settled, self.captioner.counts.finals)
            if now != moved:
                moved, self._moved_at = now, self._clock()
            self._acknowledge()
            if self._samples is not None and self._clock() - self._moved_at > END_SECONDS and not hearing.done():
                self.code = Close.NOT_ALL_HEARD
                self.notify("not-all-heard", f"The engine gave nothing for {END_SECONDS} s after the end of the talk.")
                hearing.cancel()
            await asyncio.sleep(ACK_SECONDS)

    def _acknowledge(self) -> None:
        if self.link is not None and not self.plain:
            self.link.send(Ack(self.ledger.received, self.ledger.heard, self.ledger.settled))

    def _answer(self) -> None:
        """Tell the capture how the session ended, and close."""
        if self.link is None or self.ended is None:
            return
        self._acknowledge()
        if self._heir:
            self.link.close(Close.CONTINUED_ELSEWHERE, self._heir)
            return
        if not self.plain and self.code is not Close.RESTART:
            self.link.send(self.ended)
        self.link.close(self.code, "")

    def notify(self, code: str, text: str) -> None:
        """Tell the server's operator and the capture's."""
        self._tell(text)
        if self.link is not None and not self.plain:
            self.link.send(Notice(code, text))

    def fail(self, code: Close) -> None:
        """Be over without settling: the server met an error of its own."""
        self.code, self.ended = code, Ended(self.ledger.settled)
        self.over.set()
        self._answer()

    def stop(self) -> None:
        """Close the connection, whatever is not settled: the server stops now."""
        if self.link is not None:
            self.link.close(Close.RESTART, "")

    def drain(self, deadline: int) -> None:
        """Settle what was received, and have the capture come back to the next server: this one stops."""
        if self.link is not None and not self.plain:
            self.link.send(Drain(deadline))
        self.code = Close.RESTART if self._samples is None else self.code
        self.finish(torn=True)
