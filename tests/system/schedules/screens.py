"""A screen of a schedule: it joins, reads its outbox now and then, leaves, and comes back with the last it has."""

import json
import random
from dataclasses import dataclass, field

from rtt.core.outbox import Outbox
from rtt.core.wire.screen import Mode, Since
from tests.system.schedules.server import Server

READS = 0.7
"""Probability that a screen reads what waits for it in a step."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One final as a screen got it."""

    epoch: str
    number: int
    text: str


@dataclass(slots=True)
class Screen:
    """A reader; `pages` are what stood on it between two resets."""

    mode: Mode
    rng: random.Random
    away_until: float = 0.0
    pages: list[list[Shown]] = field(default_factory=lambda: [[]])
    since: Since | None = None
    _server: Server | None = None
    _outbox: Outbox | None = None
    _woken: bool = False

    def step(self, server: Server | None, now: float, *, reads: bool = False) -> None:
        """Live on; reads for certain if `reads`."""
        if self._server is not server:
            self._server, self._outbox = server, None
            self.away_until = max(self.away_until, now + self.rng.uniform(0.1, 2.0))
        if server is None or now < self.away_until:
            return
        if self._outbox is None:
            self._outbox = Outbox(self.mode, self._wake)
            server.room.join(self._outbox, self.since, now)
        if self._woken and (reads or self.rng.random() < READS):
            self._woken = False
            for frame in self._outbox.take():
                self._read(json.loads(frame))

    def leave(self, until: float) -> None:
        """Lose the connection, and what waits in it."""
        if self._outbox is not None and self._server is not None:
            self._server.room.leave(self._outbox)
        self._outbox, self.away_until = None, until

    def _wake(self) -> None:
        self._woken = True

    def _read(self, body: dict[str, object]) -> None:
        if body["type"] == "reset":
            self.pages.append([])
        elif body["type"] == "caption" and not body["is_partial"]:
            epoch, number, text = str(body["epoch"]), int(str(body["number"])), str(body["text"])
            self.pages[-1].append(Shown(epoch, number, text))
            self.since = Since(epoch, number)
