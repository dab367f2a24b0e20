"""Which faults befall a run, and when: all of it follows from the seed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

SCRIPTED, TRANSCRIBE = "scripted", "transcribe"
ENGINES = (SCRIPTED, TRANSCRIBE)
REST = 2.5
"""Seconds a part of the world is left alone after a fault of it was over."""
FIRST = 3.0
"""Seconds of talk before the first fault."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault; durations in seconds."""

    what: str
    parts: tuple[str, ...]
    """What it befalls: two faults of one part never overlap, all others may."""
    shortest: float = 0.0
    longest: float = 0.0
    """Of what was drawn as its length."""
    after: float = 0.0
    """The world's time to come back once it is over."""


_ALONE = ("server", "capture", "capture link")
"""Who claims a session that is not his must find its owner connected."""

WORLD: dict[str, Kind] = {
    "kill-server": Kind("kill -9, and a new one after a while", ("server",), 0.0, 8.0, 4.0),
    "stop-server": Kind("SIGSTOP for a while", ("server",), 3.0, 40.0, 2.0),
    "restart-server": Kind("SIGTERM; a new one once it is gone", ("server",), 0.0, 3.0, 4.0),
    "replace-server": Kind("a new one on the same folder, then SIGTERM to the old one", ("server",), 0.0, 0.0, 6.0),
    "flap-server": Kind("kill -9, and again as soon as it answers", ("server",), 0.0, 2.0, 5.0),
    "fill-disk": Kind("the server cannot write a byte", ("disk",), 2.0, 12.0),
    "stop-capture": Kind("SIGSTOP for a while", ("capture",), 3.0, 40.0, 2.0),
    "reset-capture": Kind("its connection is reset", ("capture link",)),
    "flap-capture": Kind("its connection is reset again and again", ("capture link",), 1.0, 5.0, 2.0),
    "close-capture": Kind("its connection is closed without a word", ("capture link",)),
    "freeze-capture": Kind("black hole: nothing moves, nobody is told", ("capture link",), 3.0, 30.0, 2.0),
    "swallow-up-capture": Kind("half-open: what it says goes nowhere", ("capture link",), 3.0, 20.0, 2.0),
    "swallow-down-capture": Kind("half-open: what it is told goes nowhere", ("capture link",), 3.0, 20.0, 2.0),
    "refuse-capture": Kind("its connection is reset and it finds no server", ("capture link",), 2.0, 10.0, 2.0),
    "slow-capture": Kind("its line carries less than the sound", ("capture link",), 3.0, 15.0, 2.0),
    "reset-screens": Kind("their connections are reset", ("screen link",)),
    "close-screens": Kind("their connections are closed without a word", ("screen link",)),
    "freeze-screens": Kind("black hole", ("screen link",), 3.0, 30.0),
    "swallow-up-screens": Kind("half-open: what they say goes nowhere", ("screen link",), 3.0, 20.0),
    "swallow-down-screens": Kind("half-open: what they are told goes nowhere", ("screen link",), 3.0, 20.0),
    "stop-display": Kind("SIGSTOP of a display for a while", ("display",), 3.0, 40.0),
    "slow-screen": Kind("a screen that does not read for a while", ("screen",), 3.0, 30.0),
    "die-screen": Kind("a screen that dies without goodbye and comes back", ("screen",), 0.0, 10.0),
    "repeat-hello": Kind("somebody says hello with the running session and its first attempt", _ALONE, 0.0, 0.0, 1.0),
    "intruder": Kind("another session asks for the room", _ALONE, 0.0, 0.0, 1.0),
}
"""Faults of all that is not an engine."""

OPTIONAL: dict[str, Kind] = {
    "kill-capture": Kind("kill -9, and a new one after a while", ("capture", "capture link"), 0.0, 8.0, 6.0),
    "engine-mute": Kind("the scripted engine hears no more: a loss, to see that it is told", ("engine",)),
}
"""Faults that a run has only where they are asked for."""

OF_ENGINE: dict[str, dict[str, Kind]] = {
    SCRIPTED: {
        "engine-error": Kind("the engine's stream is lost", ("engine",), after=3.0),
        "engine-die": Kind("the engine hangs", ("engine",), after=24.0),
    },
    TRANSCRIBE: {
        f"service-{name}": Kind(what, ("engine",), 0.0, 0.0, after)
        for name, what, after in (
            ("rst", "resets its connection", 4.0),
            ("fin", "closes its connection", 4.0),
            ("goaway", "goes away", 4.0),
            ("rst-stream", "ends the stream with an error", 4.0),
            ("end", "ends its answer in good order", 4.0),
            ("mute", "says nothing more", 14.0),
            ("black-hole", "neither reads nor writes", 14.0),
            ("stall", "takes no more sound", 14.0),
            ("exception", "sends an exception", 4.0),
            ("half", "sends half of a result", 4.0),
            ("checksum", "sends a result with a wrong checksum", 4.0),
            ("lag", "answers late from now on", 4.0),
            ("refuse", "is lost, and refuses the next stream", 6.0),
            ("no-response", "is lost, and never answers the next request", 14.0),
            ("slow-headers", "is lost, and answers the next request late", 8.0),
        )
    },
}


TOLD = tuple(name for every in (OPTIONAL, OF_ENGINE[SCRIPTED]) for name in every if name.startswith("engine-"))
"""Faults that are commands in the sound."""


def kinds(engine: str, extra: Iterable[str] = ()) -> dict[str, Kind]:
    """Return every kind of fault there is with `engine`; raises ValueError for an `extra` that is none."""
    asked = list(extra)
    if unknown := [name for name in asked if name not in OPTIONAL]:
        raise ValueError(f"There is no optional fault {', '.join(unknown)}; known: {', '.join(OPTIONAL)}")
    return {**WORLD, **OF_ENGINE[engine], **{name: OPTIONAL[name] for name in asked}}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it begins `at` seconds after the talk began, and lasts so long; what kind `name` says."""

    name: str
    at: float
    seconds: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:5.1f} s {self.name}{lasts}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What one run is made of."""

    seed: int
    engine: str
    faults: tuple[Fault, ...]
    seconds: float
    """Of talk."""
    live: bool
    """True for a source that cannot wait, like a microphone; else one that waits, like a recording."""


def draw(
    seed: int,
    engine: str,
    *,
    seconds: float = 40.0,
    count: int = 5,
    longest: float = 40.0,
    extra: Iterable[str] = (),
) -> Schedule:
    """Return the schedule of a seed.

    Kinds are dealt from a shuffled deck, one hand of `count` a seed, so that seeds in a row come round to every kind.
    `longest` bounds what lasts. A fault waits until the parts it befalls have come back from the one before, and the
    talk goes on until the last of them has.
    """
    known = kinds(engine, extra)
    hands = -(-len(known) // count)
    deck = sorted(known)
    Random(f"deck {engine} {seed // hands}").shuffle(deck)
    chance = Random(f"hand {engine} {seed}")
    start = seed % hands * count
    hand = [deck[(start + index) % len(deck)] for index in range(count)]
    faults = list(_place(hand, known, chance, (FIRST, seconds - 2.0), longest))
    end = max(fault.at + fault.seconds for fault in faults) + 3.0
    ordered = tuple(sorted(faults, key=lambda fault: fault.at))
    return Schedule(seed, engine, ordered, round(max(seconds, end), 1), chance.random() < 0.5)


def _place(
    hand: list[str], known: Mapping[str, Kind], chance: Random, span: tuple[float, float], longest: float
) -> Iterable[Fault]:
    slot = (span[1] - span[0]) / len(hand)
    free: dict[str, float] = {}
    for index, name in enumerate(hand):
        kind = known[name]
        wished = span[0] + slot * (index + chance.random())
        at = round(max([wished, *(free.get(part, 0.0) for part in kind.parts)]), 1)
        top = max(kind.shortest, min(kind.longest, longest))
        # Short ones often, long ones sometimes: most of what goes wrong does so at the edges.
        length = round(kind.shortest + (top - kind.shortest) * chance.random() ** 2, 1)
        for part in kind.parts:
            free[part] = at + length + kind.after + REST
        yield Fault(name, at, length)
