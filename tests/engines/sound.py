"""Sound for engines: chunks as the server cuts them, from coded tones, recordings and silence."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import soundfile

from rtt.core.caption import RATE, Heard
from rtt.core.voice import WINDOW
from rtt.engines.base import Chunk, Engine, Request
from rtt.server.silero import Silero
from rtt.server.voice import Ear

DEMO = Path(__file__).resolve().parents[2] / "templates" / "demo.flac"
DEMO_TEXT = DEMO.with_suffix(".txt")


def recording(path: Path) -> bytes:
    """Return a 16 kHz mono recording as s16le PCM."""
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == RATE
    assert samples.ndim == 1
    return np.asarray(samples, dtype="<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def voice(pcm: bytes) -> list[float]:
    """Return the probability of voice of every whole window."""
    return list(Ear(Silero).listen(pcm[: len(pcm) // (2 * WINDOW) * 2 * WINDOW]))


async def chunks(
    pcm: bytes, start: int = 0, probabilities: list[float] | None = None, windows: int = 4, pause: float = 0.0
) -> AsyncIterator[Chunk]:
    """Yield `pcm` in chunks of so many windows, waiting `pause` seconds after each."""
    size = windows * WINDOW * 2
    for at in range(0, len(pcm), size):
        first = at // (WINDOW * 2)
        part = None if probabilities is None else tuple(probabilities[first : first + windows])
        yield Chunk(start + at // 2, pcm[at : at + size], part)
        await asyncio.sleep(pause)


async def hear(
    engine: Engine, sound: AsyncIterator[Chunk], language: str = "en-US", session: str = "s", room: str = "r"
) -> list[Heard]:
    """Return all reports of one stream."""
    reports: list[Heard] = []
    await engine.transcribe(Request(room, session, language), sound, reports.append)
    return reports


def finals(reports: list[Heard]) -> list[str]:
    return [heard.text for heard in reports if heard.final and heard.text]
