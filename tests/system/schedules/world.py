"""A room with all its parts in simulated time: 0.1 s a step, no clock, no socket, no sleep."""

import random
from dataclasses import dataclass

from rtt.core.caption import Caption, Word
from rtt.core.wire.screen import Mode
from tests.system.schedules.archive import Disk
from tests.system.schedules.capture import Capture
from tests.system.schedules.engine import NOBODY, Ability, Caught
from tests.system.schedules.faults import LATEST, Fault, Kind, Schedule
from tests.system.schedules.rules import Rules
from tests.system.schedules.screens import Screen
from tests.system.schedules.server import Server, Setting
from tests.system.schedules.talk import say

STEP = 0.1
"""Seconds of a step: one frame."""
PATIENCE = 200.0
"""Seconds after the talk's end in which all has to be settled."""
DRAIN = 10.0
"""Seconds a stopping server gives its sessions."""


class KilledError(Exception):
    """The server dies between the writing of a final and its showing."""


@dataclass(frozen=True, slots=True)
class Published:
    """A final as it was numbered: its text, and which words said are in it."""

    text: str
    words: tuple[int, ...]


class World:
    """Plays one schedule with `run`."""

    def __init__(self, schedule: Schedule, rules: Rules) -> None:
        self.schedule = schedule
        self.now = 1000.0
        self.rng = random.Random(schedule.seed)
        self.talk = say(self.rng, schedule.seconds, second_voice=schedule.second_voice)
        self.disk = Disk()
        ability = Ability(schedule.jitter, schedule.pace)
        self.setting = Setting(self.talk, rules, ability, self.rng, self.disk, lambda: self.now, self._publish)
        self.server: Server | None = Server(self.setting)
        self.capture = Capture(self.talk, self.rng)
        self.screens = [Screen(Mode.FINALS, self.rng), Screen(Mode.STABLE, self.rng), Screen(Mode.FINALS, self.rng)]
        self.screens[2].away_until = self.now + self.rng.uniform(0, schedule.seconds)
        self.published: dict[tuple[str, int], Published] = {}
        self.conflicts: list[str] = []
        """Numbers that were given twice."""
        self.power_cuts = 0
        self._up_at = self._drained_by = 0.0
        self._dies_writing = False
        self._later: list[tuple[float, Kind]] = []

    def run(self) -> None:
        """Play to the end: all settled, or given up."""
        start, todo = self.now, sorted(self.schedule.faults, key=lambda fault: fault.at, reverse=True)
        end = start + self.schedule.seconds
        while self.capture.outcome is None and self.now < end + PATIENCE:
            self.now += STEP
            while todo and start + todo[-1].at * self.schedule.seconds <= self.now:
                self._befall(todo.pop())
            self._step()
        self._drained_by, self._up_at = 0.0, min(self._up_at, self.now)
        for screen in self.screens:
            screen.away_until = min(screen.away_until, self.now)
        for _ in range(30):
            self.now += STEP
            self._step()
        for screen in self.screens:
            screen.step(self.server, self.now, reads=True)

    def _step(self) -> None:
        for due in [due for due in self._later if due[0] <= self.now]:
            self._later.remove(due)
            self.capture.skip()
        if self.server is None and self.now >= self._up_at:
            self.server = Server(self.setting)
        self.capture.step(self.server, self.now)
        if self.server is not None:
            try:
                self.server.step(STEP)
            except KilledError:
                self._kill(self._up_at)
        if self.server is not None and self.server.draining and (self.server.drained or self.now > self._drained_by):
            self.server.stop()
            self._hang_up()
        for screen in self.screens:
            screen.step(self.server, self.now)

    def _publish(self, caption: Caption, words: tuple[Word, ...]) -> None:
        key = (caption.epoch, caption.number)
        one = Published(caption.text, tuple(word.said if isinstance(word, Caught) else NOBODY for word in words))
        if self.published.setdefault(key, one) != one:
            self.conflicts.append(f"{key} is both {self.published[key].text!r} and {caption.text!r}")
        if self._dies_writing:
            self._dies_writing = False
            raise KilledError

    def _kill(self, up_at: float) -> None:
        self._hang_up()
        self._up_at = up_at

    def _hang_up(self) -> None:
        """Let the server be gone: its connections break."""
        self.server, self._dies_writing = None, False
        link = self.capture.link
        if link is not None and link.code is None:
            link.cut = True

    def _befall(self, fault: Fault) -> None:
        server, lasts = self.server, fault.lasts
        until = self.now + lasts
        match fault.kind:
            case Kind.SHORT_GAP | Kind.LONG_GAP:
                self.capture.deaf_until = until
            case Kind.CAPTURE_KILLED:
                if self.capture.outcome is None:
                    self.capture.die(self.now, lasts)
            case Kind.SCREENS_LEAVE:
                for screen in self.screens[: self.rng.randint(1, 3)]:
                    screen.leave(self.now + self.rng.uniform(0.1, lasts))
            case Kind.CUT | Kind.HOLE | Kind.NO_ACKS | Kind.LEFT | Kind.SKIP:
                self._break(fault.kind, until)
            case _ if server is not None:
                self._harm(server, fault.kind, lasts)

    def _break(self, kind: Kind, until: float) -> None:
        """Harm the connection."""
        capture, link = self.capture, self.capture.link
        if kind is Kind.SKIP:
            self._later.append((until, kind))
        if link is None:
            capture.offline_until = until
        elif kind is Kind.HOLE:
            link.silent_up = link.silent_down = until
            capture.offline_until = until if self.rng.random() < 0.5 else 0.0
        elif kind is Kind.NO_ACKS:
            link.silent_down = until
        elif kind is Kind.LEFT:
            capture.leave(self.now)
        else:
            link.cut = True
            capture.offline_until = until

    def _harm(self, server: Server, kind: Kind, lasts: float) -> None:
        """Harm the server, its machine or its engine."""
        until = self.now + lasts
        match kind:
            case Kind.ENGINE_LOST | Kind.ENGINE_GONE | Kind.ENGINE_MUTE:
                for session in server.sessions.values():
                    if not session.over.is_set():
                        session.lose(self.now, lasts, talks_on=kind is Kind.ENGINE_MUTE)
            case Kind.ENGINE_LATE:
                server.lag, server.lag_until = self.rng.uniform(0.3, LATEST), until
            case Kind.ENGINE_STALLS:
                server.takes_sound_from = until
            case Kind.SLOW_DISK:
                server.syncs_from = until
            case Kind.KILLED:
                self._kill(until)
            case Kind.KILLED_WRITING:
                self._dies_writing, self._up_at = True, until
            case Kind.POWER:
                self.disk.power_cut()
                self.power_cuts += 1
                self._kill(until)
            case _:
                server.drain()
                self._drained_by, self._up_at = self.now + DRAIN, self.now + DRAIN / 2
