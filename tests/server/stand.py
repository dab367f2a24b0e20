"""What the server's tests stand on: an engine that needs no speech, sound for it, and a server in this process."""

import asyncio
import math
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from websockets.asyncio.client import ClientConnection, connect

from rtt.brokers.memory import MemoryBroker
from rtt.core.caption import RATE, Heard, Word
from rtt.core.errors import EngineError
from rtt.core.wire.audio import Hello, Ready, encode, encode_audio, parse_server
from rtt.engines.base import Chunk, Request, Spent, Traits
from rtt.server.app import Server, running_server
from rtt.server.config import ServerConfig

Message = TypeVar("Message")
SESSION = "11111111-2222-4333-8444-555555555555"


@dataclass
class Metronome:
    """An engine that hears one word a second: word n lies from n + 0.2 s to n + 0.7 s of the session.

    A final comes with every full second. Faults are set by the test: `failures` maps a sample to the error that is
    raised once when that sample is fed; `deaf` makes it report nothing; `languages` is what it speaks.
    """

    languages: tuple[str, ...] = ("en-US", "it-IT")
    failures: dict[int, EngineError] = field(default_factory=dict)
    deaf: bool = False
    confidence: float = 0.9
    floor: float = 0.0
    streams: list[tuple[str, int]] = field(default_factory=list)
    """Room and first sample of every stream."""
    fed: int = 0
    closed: bool = False
    hang: asyncio.Event | None = None
    """If set, the end of a stream waits for it."""
    pace: float = 50
    spans: list[tuple[int, int]] = field(default_factory=list)
    """The sound that came: first sample of each chunk, and first one after it."""

    @property
    def traits(self) -> Traits:
        return Traits(
            "metronome",
            self.languages,
            confidence_floor=self.floor,
            time_error=0.1,
            pace=self.pace,
            tones=True,
        )

    def spent(self, room: str) -> Spent:
        return Spent(90.0, 0.036)

    async def probe(self) -> None:
        """Nothing can be wrong with a metronome."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        begun = False
        done = 0
        async for chunk in sound:
            if not begun:
                begun = True
                self.streams.append((request.room, chunk.start))
                done = -(-(chunk.start - round(0.2 * RATE)) // RATE)
            end = chunk.start + len(chunk.pcm) // 2
            self.fed = max(self.fed, end)
            self.spans.append((chunk.start, end))
            for sample in [at for at in self.failures if chunk.start <= at < end]:
                raise self.failures.pop(sample)
            while not self.deaf and end >= (done + 1) * RATE:
                report(self.heard(done, final=True))
                done += 1
            if not self.deaf and end >= done * RATE + round(0.7 * RATE):
                report(self.heard(done, final=False))
        if self.hang is not None:
            await self.hang.wait()
        if begun and not self.deaf and end >= done * RATE + round(0.7 * RATE):
            report(self.heard(done, final=True))

    def heard(self, number: int, *, final: bool) -> Heard:
        start = number * RATE + round(0.2 * RATE)
        word = Word(f"w{number}", start, start + RATE // 2, self.confidence)
        return Heard(str(number), word.text, final, word.start, word.end, (word,))

    async def close(self) -> None:
        self.closed = True


def tone(samples: int) -> bytes:
    """Loud sound of so many samples: what counts as voice for an engine of tones."""
    wave = [round(12000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(RATE // 10)]
    second = struct.pack(f"<{len(wave)}h", *wave)
    return (second * (samples * 2 // len(second) + 1))[: samples * 2]


@asynccontextmanager
async def server(
    folder: Path, engine: Metronome | None = None, told: list[str] | None = None, **config: object
) -> AsyncIterator[Server]:
    """Run a server in this process."""
    heard: list[str] = told if told is not None else []
    settings = ServerConfig(data_dir=folder, **{"port": 0, "language": "en-US", **config})  # type: ignore[arg-type]

    def tell(room: str, text: str) -> None:
        heard.append(f"{room}: {text}" if room else text)

    async with running_server(settings, engine or Metronome(), MemoryBroker(), tell) as running:
        yield running


@asynccontextmanager
async def capture(
    running: Server, room: str = "aula1", session: str = SESSION, attempt: int = 1, first: int = 0, at: int = 0
) -> AsyncIterator[tuple[ClientConnection, Ready]]:
    """Connect as a capture that holds samples `first` to `at` - 1, and wait for `ready`."""
    url = running.url.replace("http", "ws", 1) + f"/ws/audio/{room}"
    async with connect(url, compression=None, close_timeout=2) as socket:
        await socket.send(encode(Hello(session, attempt, first, at)))
        ready = await next_of(socket, Ready)
        yield socket, ready


async def next_of(socket: ClientConnection, kind: type[Message], seconds: float = 10) -> Message:
    """Return the server's next message of one kind, passing over the others."""
    async with asyncio.timeout(seconds):
        while True:
            text = await socket.recv()
            assert isinstance(text, str)
            message = parse_server(text)
            if isinstance(message, kind):
                return message


async def send(socket: ClientConnection, start: int, end: int) -> None:
    """Send loud sound from sample `start` to `end`, in frames of 100 ms."""
    for offset in range(start, end, RATE // 10):
        await socket.send(encode_audio(offset, tone(min(RATE // 10, end - offset))))
