"""The embedded engine: pocketsphinx (GMM-HMM and trigram, English), for demos, tests and rehearsals."""

from collections.abc import AsyncIterator, Callable

from rtt.core.caption import Heard
from rtt.core.errors import EngineError
from rtt.core.voice import GateSettings
from rtt.engines.base import Chunk, Request, Spent, Traits
from rtt.engines.pocketsphinx.hearing import Hearing, Limits
from rtt.engines.pocketsphinx.process import Pool

LANGUAGES = ("en-US", "en", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-ZA")
"""The model is American; other English is heard with more errors."""
CONFIDENCE_FLOOR = 0.3
"""Measured on gated segments: withholds 2 of 4 Italian segments (53 % of the words) and no word of 64 s of English."""


class PocketSphinx:
    """Speech to text with one worker process for each stream.

    Each closed segment is decoded whole for its final; partials come from a streaming pass over the open one, which is
    given up first where the machine is too slow.
    """

    def __init__(self, gate: GateSettings | None = None, limits: Limits | None = None) -> None:
        self._gate = gate or GateSettings()
        self._limits = limits or Limits()
        self._pool = Pool()
        self._streams = 0

    @property
    def traits(self) -> Traits:
        """What this engine is like."""
        return Traits(
            name="pocketsphinx",
            languages=LANGUAGES,
            confidence_floor=CONFIDENCE_FLOOR,
            time_error=0.1,
            pace=3.0,
        )

    @property
    def spare(self) -> list[int]:
        """Process ids of the workers that wait for the next stream."""
        return self._pool.idle

    def spent(self, room: str) -> Spent:
        """Cost nothing."""
        return Spent()

    async def probe(self) -> None:
        """Need no proof: what is installed can be run."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        """Hear one stream to its end (see `Engine`)."""
        if request.language.lower() not in [tag.lower() for tag in LANGUAGES]:
            raise EngineError(
                f"The embedded engine does not speak {request.language}",
                "its model is English",
                "Choose an English language tag such as en-US, or another engine",
                retry=False,
            )
        self._streams += 1
        name = str(self._streams)
        async with self._pool.worker() as worker:
            await Hearing(name, worker, report, self._gate, self._limits).run(sound)

    async def close(self) -> None:
        """End the workers that wait for a next stream."""
        await self._pool.close()
