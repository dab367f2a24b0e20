"""Tone words as chunks, and a whole hearing around the engine."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

from rtt.core.caption import RATE
from rtt.core.codedspeech import encode
from rtt.core.voice import WINDOW
from rtt.engines.base import Chunk, Request
from rtt.engines.transcribe.engine import Transcribe
from rtt.engines.transcribe.options import Limits, TranscribeOptions
from rtt.engines.transcribe.transport import Transport
from rtt.server.hearing import Hearing
from tests.server.test_captioner import Bench

QUICK = Limits(open=1.0, send=1.0, mute=0.5, finish=1.0, quiet=0.3, quiet_in_voice=0.6, roll_pause=3.0)
"""Limits for a test that must see them pass."""


def options(**changes: object) -> TranscribeOptions:
    """Return options with quick limits and a service that takes sound fifty times too fast."""
    values: dict[str, object] = {"region": "eu-central-1", "pace": 50.0, "limits": QUICK, **changes}
    return TranscribeOptions(**values)  # type: ignore[arg-type]


def said(numbers: Sequence[int], gap: float = 0.08, every: int = 0, pause: float = 1.2) -> bytes:
    """Return tone words, with a pause after each `every` of them."""
    pcm = b""
    for index, number in enumerate(numbers, 1):
        pcm += encode([number], gap)
        if every and index % every == 0:
            pcm += bytes(2 * round(pause * RATE))
    return pcm


async def chunks(pcm: bytes, start: int = 0, wait: float = 0.0) -> AsyncIterator[Chunk]:
    """Yield `pcm` in chunks of four windows; voice is nobody's guess."""
    size = 4 * WINDOW * 2
    for at in range(0, len(pcm), size):
        yield Chunk(start + at // 2, pcm[at : at + size], None)
        await asyncio.sleep(wait)


class Stand(Bench):
    """A hearing over a captioner, as the server has it, with this engine; no voice detector, as with --no-guard."""

    def __init__(self, engine: Transcribe) -> None:
        super().__init__()
        self.guard.voice = None
        self.told: list[str] = []
        self.hearing = Hearing(
            engine,
            Request("aula1", "session", "it-IT"),
            self.ledger,
            self.captioner,
            ear=None,
            voice=None,
            random=random.Random(1).random,
            tell=lambda code, text: self.told.append(f"{code}: {text}"),
        )

    def put(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), 3200):
            part = pcm[at : at + 3200]
            start = self.ledger.received
            self.ledger.receive(start, len(part) // 2)
            self.hearing.put(start, part)

    async def hear(self, pcm: bytes) -> None:
        """Put all sound in and hear it to its end."""
        self.put(pcm)
        self.hearing.end()
        await self.hearing.run()

    def words(self) -> list[str]:
        """Return the words of all finals, in the order they were numbered."""
        return [word.strip(".,") for caption in self.shown if caption.final for word in caption.text.split()]


def engine(transport: Transport | None = None, **changes: object) -> Transcribe:
    return Transcribe(options(**changes), transport=transport)
