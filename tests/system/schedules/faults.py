"""What befalls a schedule, when, and how hard; drawn from a seed, or by Hypothesis."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can go wrong."""

    CUT = "cut"
    HOLE = "hole"
    NO_ACKS = "no acks"
    LEFT = "left"
    ENGINE_LOST = "engine lost"
    ENGINE_GONE = "engine gone"
    ENGINE_MUTE = "engine mute"
    ENGINE_LATE = "engine late"
    ENGINE_STALLS = "engine stalls"
    KILLED = "server killed"
    KILLED_WRITING = "server killed writing"
    POWER = "power cut"
    DRAIN = "drain"
    SHORT_GAP = "short gap"
    LONG_GAP = "long gap"
    SKIP = "late skip"
    CAPTURE_KILLED = "capture killed"
    SLOW_DISK = "slow disk"
    SCREENS_LEAVE = "screens leave"


MOST: dict[Kind, float] = {
    Kind.CUT: 8.0,
    Kind.HOLE: 25.0,
    Kind.NO_ACKS: 12.0,
    Kind.LEFT: 3.0,
    Kind.ENGINE_LOST: 20.0,
    Kind.ENGINE_GONE: 80.0,
    Kind.ENGINE_MUTE: 6.0,
    Kind.ENGINE_LATE: 15.0,
    Kind.ENGINE_STALLS: 12.0,
    Kind.KILLED: 8.0,
    Kind.KILLED_WRITING: 8.0,
    Kind.POWER: 10.0,
    Kind.DRAIN: 5.0,
    Kind.SHORT_GAP: 1.9,
    Kind.LONG_GAP: 8.0,
    Kind.SKIP: 10.0,
    Kind.CAPTURE_KILLED: 6.0,
    Kind.SLOW_DISK: 20.0,
    Kind.SCREENS_LEAVE: 30.0,
}
"""Longest time a fault lasts, in seconds."""
LATEST = 3.0
"""Seconds by which a late engine is late at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `at` and `size` are 0 to 1, of the talk's length and of the longest time it lasts."""

    at: float
    kind: Kind
    size: float

    @property
    def lasts(self) -> float:
        """Seconds."""
        return 0.1 + self.size * (MOST[self.kind] - 0.1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that decides how a world goes."""

    seed: int
    seconds: int
    jitter: float
    """Most by which an engine's word times are wrong in a hearing, in seconds."""
    pace: float
    second_voice: bool
    faults: tuple[Fault, ...]


def draw(seed: int, *, kinds: tuple[Kind, ...] = tuple(Kind), second_voice: bool | None = None) -> Schedule:
    """Return the schedule of a seed."""
    rng = random.Random(seed)
    count = rng.randint(1, 5)
    faults = tuple(Fault(rng.random(), rng.choice(kinds), rng.random()) for _ in range(count))
    seconds, jitter = rng.randint(60, 120), rng.choice((0.0, 0.1, 0.2, 0.3))
    both = rng.random() < 0.3
    return Schedule(
        seed, seconds, jitter, rng.choice((1.0, 3.0)), both if second_voice is None else second_voice, faults
    )
