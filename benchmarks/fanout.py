"""From an engine's event to every display: how long, and what the server pays for it.

::

    make bench-fanout       or: python -m benchmarks.fanout [--loads 10x20,25x40,1x2000] [--seconds 20] [--no-guard]

The server is a process of its own, with everything it does to real sound (voice detection, guard, journal); its engine
reports three finals a second in each room, each with the moment of its report as text. Displays are raw sockets in this
process whose bytes the kernel stamps on arrival (a Python WebSocket client, and even the reading of 2000 sockets, would
be the bottleneck). Latencies are by the machine's clock, which all processes share.
"""

import argparse
import asyncio
import os
import re
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import soundfile

from rtt.brokers.memory import MemoryBroker
from rtt.core.caption import RATE, Heard, Word
from rtt.engines.base import Chunk, Request, Spent, Traits
from rtt.server.app import running_server
from rtt.server.config import ServerConfig
from rtt.server.pages import recording

STAMPS = 35  # SO_TIMESTAMPNS of Linux, which Python does not name
EVENT = re.compile(rb'"text":"t(\d+)"')
EVERY = 1 / 3
"""Seconds between two finals of a room."""
FRAME = RATE // 10


class Stamping:
    """An engine that reports what time it is."""

    traits = Traits("stamping", ("en-US",), time_error=60.0, private=True)

    def spent(self, room: str) -> Spent:
        return Spent()

    async def probe(self) -> None:
        """Need no proof."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        due, number = 0, 0
        async for chunk in sound:
            end = chunk.start + len(chunk.pcm) // 2
            if end >= due:
                due = end + round(EVERY * RATE)
                number += 1
                text = f"t{time.time_ns()}"
                report(Heard(str(number), text, True, chunk.start, end, (Word(text, chunk.start, end, 0.9),)))

    async def close(self) -> None:
        """Nothing is held."""


async def serve(guard: bool) -> None:
    """Be the server process: speak into no room, and write the address on stdout."""
    with tempfile.TemporaryDirectory(prefix="rtt-fanout-") as folder:
        config = ServerConfig(Path(folder), port=0, guard=guard)
        async with running_server(config, Stamping(), MemoryBroker(), lambda room, text: None) as server:
            print(server.url, flush=True)
            await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class Figures:
    """What one load gave; latencies in milliseconds."""

    load: str
    latencies: list[float]
    cpu: float
    memory: float
    """MiB resident of the server at the end."""


@contextmanager
def server(*, guard: bool) -> Iterator[tuple[int, int]]:
    """Run the server; yields its port and process id."""
    command = [sys.executable, "-m", "benchmarks.fanout", "--serve", *([] if guard else ["--no-guard"])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2]), process.pid
        finally:
            process.kill()


def upgraded(port: int, path: str) -> socket.socket:
    """Return a socket that has become a WebSocket."""
    link = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    link.sendall((head + key).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += link.recv(1)
    return link


def masked(data: bytes) -> bytes:
    """Return a client's binary frame; a mask of zeros is a mask."""
    return b"\x82" + struct.pack(">BH", 0x80 | 126, len(data)) + bytes(4) + data


def resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(rooms: int, screens: int, seconds: float, *, guard: bool) -> Figures:
    """Put a load on a server of its own."""
    sound = soundfile.read(recording(), dtype="int16")[0].tobytes()
    with server(guard=guard) as (port, pid), selectors.DefaultSelector() as selector:
        captures = [upgraded(port, f"/ws/audio/room{n}?lang=en-US") for n in range(rooms)]
        displays = [upgraded(port, f"/ws/transcript/room{n}") for n in range(rooms) for _ in range(screens)]
        for display in displays:
            display.setblocking(False)
            display.setsockopt(socket.SOL_SOCKET, STAMPS, 1)
            selector.register(display, selectors.EVENT_READ)
        latencies: list[float] = []
        start, sent, cpu, warm = time.monotonic(), 0, 0.0, 3.0
        while (now := time.monotonic() - start) < seconds + warm:
            if now < warm:
                cpu = spent(pid)
            while sent * 0.1 <= now:
                at = sent * FRAME * 2 % (len(sound) - FRAME * 2)
                frame = masked(sound[at : at + FRAME * 2])
                for capture in captures:
                    capture.sendall(frame)
                sent += 1
            for key, _ in selector.select(0.02):
                data, control, *_ = key.fileobj.recvmsg(65536, 64)  # type: ignore[union-attr]
                arrived = next((v for _, kind, v in control if kind == STAMPS), None)
                if arrived is None or now < warm:
                    continue
                whole, part = struct.unpack("@qq", arrived)
                latencies += [(whole * 10**9 + part - int(t)) / 1e6 for t in EVENT.findall(data)]
        cpu = (spent(pid) - cpu) / seconds
        figures = Figures(f"{rooms} x {screens}", latencies, cpu, resident(pid))
        for link in (*captures, *displays):
            link.close()
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="From an engine's event to every display.")
    parser.add_argument("--loads", default="1x1,10x20,25x40,1x2000")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--no-guard", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        asyncio.run(serve(not wanted.no_guard))
        return
    print(f"{'rooms x screens':18}{'events':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'CPU %':>8}{'MiB':>7}")
    for load in wanted.loads.split(","):
        rooms, screens = map(int, load.split("x"))
        found = measure(rooms, screens, wanted.seconds, guard=not wanted.no_guard)
        p99 = statistics.quantiles(found.latencies, n=100)[98]
        row = (statistics.median(found.latencies), p99, max(found.latencies))
        figures = "".join(f"{value:9.2f}" for value in row)
        print(f"{found.load:18}{len(found.latencies):9}{figures}{100 * found.cpu:8.1f}{found.memory:7.0f}", flush=True)


if __name__ == "__main__":
    main()
