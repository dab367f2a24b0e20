"""The seam between rtt and whatever gives it sound."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from rtt.core.caption import RATE
from rtt.core.wire.bounds import FRAME_SECONDS

BLOCK = round(RATE * FRAME_SECONDS)
"""Samples of an ordinary block: 100 ms."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Sound that is gone for good: it becomes an announced gap of exactly this length."""

    samples: int
    why: str
    """For the operator: `the computer was too busy`."""


class Source(Protocol):
    """Sound of one room, piece by piece.

    Used as `async with source: async for piece in source: ...`. Entering opens it, leaving closes it at once. A piece
    is PCM (s16le, mono, 16 kHz, `BLOCK` samples, the last one may be shorter) or what was `Lost` before the next PCM.
    Both steps raise `SourceError`: the source is missing, unreadable or gone. It is never replaced by another.
    """

    @property
    def name(self) -> str:
        """What the operator calls it; never changes once the source is open."""
        ...

    @property
    def live(self) -> bool:
        """True where sound goes on whether it is taken or not; False where the source waits until it is asked."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[bytes | Lost]: ...
