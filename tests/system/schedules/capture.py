"""A capture: takes its room's sound, holds it in the real ring, and sends it whatever befalls connection and server.

Stands for the coroutines of `Uplink` and `Conversation`: connect, hello, resume, send, acks, end, and again.
"""

import random
from dataclasses import dataclass

from rtt.capture.ring import Piece, Ring
from rtt.capture.session import Session, Unreadable
from rtt.capture.source import BLOCK
from rtt.core.caption import RATE
from rtt.core.wire.audio import Ack, Ended, Gap, Ready
from rtt.core.wire.codes import Close, comes_back
from tests.system.schedules.link import Audio, EndOfTalk, Link
from tests.system.schedules.server import Server
from tests.system.schedules.talk import Talk

STALL = 5.0
"""Seconds without an ack while sound is under way, after which a connection is given up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a capture ended, if not well; `why` is empty for all settled."""

    why: str = ""


class Capture:
    """One room's capture, from the first sample to the end of the talk."""

    def __init__(self, talk: Talk, rng: random.Random) -> None:
        self.session = Session("capture", Ring(patient=False))
        self.gaps: list[tuple[int, int]] = []
        """Stretches that were announced as gaps, in samples."""
        self.outcome: Outcome | None = None
        self.link: Link | None = None
        self.away_until = self.deaf_until = self.offline_until = 0.0
        """Until when the process is dead, the microphone away, and no connection possible."""
        self._talk, self._rng = talk, rng
        self._taken = 0
        self._retry_at = 0.0
        self._ready = self._end_sent = False
        self._owed_since: float | None = None
        self._tries = 0

    def step(self, server: Server | None, now: float) -> None:
        """Live on for one frame."""
        if self.outcome is not None:
            return
        if now < self.away_until:
            self._taken = min(self._taken + BLOCK, self._talk.samples)
            return
        self._take(now)
        if self.link is None and now >= max(self._retry_at, self.offline_until):
            self._connect(server, now)
        if self.link is not None:
            self._converse(self.link, now)

    def _take(self, now: float) -> None:
        ring = self.session.ring
        if self._taken >= self._talk.samples and ring.next >= self._talk.samples:
            return
        self._taken = min(self._taken + BLOCK, self._talk.samples)
        if now < self.deaf_until and self._taken < self._talk.samples:
            return
        missed = self._taken - BLOCK - ring.next
        if missed > 0:
            self._lost(ring.next, ring.next + missed)
            ring.lose(missed, "the microphone was away")
        if ring.push(self._talk.pcm(ring.next)):
            self.outcome = Outcome("the ring ran over although nothing was down for long")

    def _lost(self, start: int, end: int) -> None:
        self.gaps.append((start, end))

    def _connect(self, server: Server | None, now: float) -> None:
        self._tries += 1
        self._retry_at = now + self._rng.uniform(0.3, 1.0) * min(5, self._tries)
        if server is None:
            return
        self.link, self._ready, self._end_sent, self._owed_since = Link(), False, False, now
        server.accept(self.link, self.session.hello("it-IT", now))

    def leave(self, now: float) -> None:
        """Give the connection up; the server may not learn of it."""
        self.link = None
        self._retry_at = max(self._retry_at, now + self._rng.uniform(0.2, 1.0))

    def _converse(self, link: Link, now: float) -> None:
        for message in link.arrived_down(now):
            match message:
                case Ready():
                    if not self.session.resume(message):
                        self.outcome = Outcome(f"asked for {message.resume}, which is not held")
                        return
                    self._ready, self._owed_since, self._tries = True, None, 0
                case Ack():
                    try:
                        self.session.acked(message)
                    except Unreadable as error:
                        self.outcome = Outcome(f"impossible ack: {error}")
                        return
                    self._owed_since = now if self.session.cursor > message.received else None
                case Ended(settled=settled):
                    self.outcome = Outcome("" if settled == self.session.ring.next else "not all heard")
                    return
        code = link.closed(now)
        if code is not None and not comes_back(code) and code is not Close.DONE:
            self.outcome = Outcome(f"refused with {code}")
        elif code is not None or link.cut or (self._owed_since is not None and now - self._owed_since > STALL):
            self.leave(now)
        elif self._ready:
            self._send(link, now)

    def _send(self, link: Link, now: float) -> None:
        session = self.session
        for piece in session.ring.frames(session.cursor, session.heard + session.window * RATE):
            self._owed_since = self._owed_since or now
            session.sent = max(session.sent, piece.end)
            message = Gap(piece.start, piece.end, piece.why) if piece.pcm is None else Audio(piece.start, piece.pcm)
            link.up.append(message)
            session.cursor = piece.end
        if session.ring.next >= self._talk.samples and not self._end_sent and session.cursor >= session.ring.next:
            self._end_sent = True
            link.up.append(EndOfTalk(session.ring.next))

    # Faults -------------------------------------------------------------------------------------------------------

    def skip(self) -> None:
        """Leave out what is not sent yet, as `--late skip` does."""
        session = self.session
        start, end = session.cursor, session.ring.next
        if end > start and session.ring.skip(start, "late"):
            self._lost(start, end)

    def die(self, now: float, away: float) -> None:
        """Be killed, and be started again with the same session from what was held."""
        old, ring = self.session, self.session.ring
        pieces: list[Piece] = list(ring.frames(ring.first, ring.next))
        held = Ring(patient=False, pieces=pieces)
        if not pieces:
            held.first = held.next = ring.next
        self.session = Session(old.ident, held, attempt=old.attempt, settled=old.settled)
        if self.link is not None:
            self.link.cut = True
        self.link, self.away_until = None, now + away
