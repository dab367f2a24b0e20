"""The seam between rtt and whatever turns speech into text."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from rtt.core.caption import Heard


@dataclass(frozen=True, slots=True)
class Traits:
    """What an engine is like; the guard, the ledger and the operator's screens go by it."""

    name: str
    languages: tuple[str, ...]
    """Language tags it speaks; one tag of a language serves its other regions only if listed."""
    invents: bool = False
    """True if it may write words that nobody said (generative engines)."""
    word_times: bool = True
    confidence_floor: float = 0.0
    """A final whose words have a lower mean confidence is withheld; 0 where the engine reports none."""
    time_error: float = 0.2
    """Seconds by which its word times may be wrong."""
    pace: float = 1.0
    """How much faster than real time it takes sound."""
    private: bool = True
    """True if the sound stays in this building."""
    usd_per_minute: float = 0.0
    """Price of the sound it hears."""
    tones: bool = False
    """True only for the scripted engine: any sound counts as voice, for its tone words are no human voice."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a room's sound has cost so far."""

    seconds: float = 0.0
    """Seconds of sound that are paid for."""
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one stream's sound: whole windows, contiguous with the chunk before.

    Only an engine whose pace is near real time gets chunks that begin later: when it is behind, silence is left out.
    """

    start: int
    """Sample of the session with which it begins."""
    pcm: bytes
    """s16le, a multiple of 512 samples; the last chunk of a stream may be shorter."""
    voice: tuple[float, ...] | None
    """Probability of human voice (0 to 1) of each window, or None where nobody measured it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a stream is opened for."""

    room: str
    session: str
    language: str


class Engine(Protocol):
    """Speech to text.

    One engine serves all rooms of a server; each call of `transcribe` is one stream of one room.
    """

    @property
    def traits(self) -> Traits:
        """What this engine is like."""
        ...

    def spent(self, room: str) -> Spent:
        """Return what a room has cost so far; nothing for an engine that is free."""
        ...

    async def probe(self) -> None:
        """Prove that a talk would be heard now; raises `EngineError` if not. May cost what the shortest stream does."""
        ...

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        """Hear one stream to its end.

        Takes chunks as fast as it can hear them (not taking the next one is its back-pressure) and calls `report`,
        which never blocks, with times in samples of the session. Returns after the last final once `sound` is
        exhausted. Raises `EngineError` if the stream is lost; what was reported until then stands. Cancelled, it
        leaves nothing behind.
        """
        ...

    async def close(self) -> None:
        """Give back what is held beyond the streams (worker processes, connections)."""
        ...
