"""How long the server's event loop is held up while rooms decode.

::

    make bench-stall        or: python -m benchmarks.stall [--rooms 2] [--seconds 30]

A server in this process hears rooms with the embedded engine, whose sound comes from `rtt capture` processes in real
time. A sampler asks the loop for 5 ms of sleep again and again; what it gets beyond that is stall. The same is measured
before the rooms come, so that a busy machine shows in both columns.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rtt.brokers.memory import MemoryBroker
from rtt.engines import catalogue
from rtt.server.app import running_server
from rtt.server.config import ServerConfig
from rtt.server.pages import recording

NAP = 0.005


async def sample(seconds: float) -> list[float]:
    """Return by how many milliseconds each nap was longer than asked for."""
    stalls, end = [], time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        await asyncio.sleep(NAP)
        stalls.append((time.monotonic() - before - NAP) * 1000)
    return stalls


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


async def measure(rooms: int, seconds: float) -> None:
    engine = catalogue.load("pocketsphinx")
    with tempfile.TemporaryDirectory(prefix="rtt-stall-") as folder:
        config = ServerConfig(Path(folder), port=0)
        async with running_server(config, engine, MemoryBroker(), lambda room, text: None) as server:
            quiet = await sample(min(10.0, seconds))
            captures = []
            for number in range(rooms):
                options = ("--room", f"room{number}", "--server", server.url, "--lang", "en-US", "--plain")
                sound = ("--file", str(recording()), "--loop")
                command = (sys.executable, "-m", "rtt", "capture", *options, *sound)
                captures.append(await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL))
            await asyncio.sleep(5)
            cpu = time.process_time()
            busy = await sample(seconds)
            cpu = (time.process_time() - cpu) / seconds
            finals = [room.captions.number for room in server.hub.rooms.values()]
            for capture in captures:
                capture.kill()
                await capture.wait()
    print(f"{'loop stall, ms':24}{'p50':>8}{'p99':>8}{'max':>8}")
    for name, values in (("no room", quiet), (f"{rooms} rooms decode", busy)):
        print(f"{name:24}{statistics.median(values):8.2f}{percentile(values, 99):8.2f}{max(values):8.2f}")
    print(f"ratio of p99: {percentile(busy, 99) / percentile(quiet, 99):.1f}; captions made meanwhile: {finals}")
    print(
        f"CPU of the server's process, guard on: {100 * cpu:.1f} % of a core, {100 * cpu / max(1, rooms):.1f} % a room"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the event loop is held up while rooms decode.")
    parser.add_argument("--rooms", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30.0)
    wanted = parser.parse_args()
    asyncio.run(measure(wanted.rooms, wanted.seconds))


if __name__ == "__main__":
    main()
