"""Does anything grow while rooms talk for hours? Memory, file descriptors, threads and tasks of server and captures.

::

    make soak       or: python -m benchmarks.soak [--minutes 10 | --hours 8] [--engine pocketsphinx|none]

Two servers: one hears coded tones in two rooms (finals twice a second; its engine is lost every 45 s and the sound is
heard again), one hears real speech through Silero and an offline engine. The captures are `rtt capture --loop`. Screens
come and go, a phone sleeps and comes back where it was, one screen never reads. Every 5 s each process is looked at in
/proc (Linux); the servers say how many asyncio tasks they have (a capture has no way to tell).

Judged are resident and private memory, descriptors, threads and tasks, each after a warm-up of half the time (30
minutes at the most): see `benchmarks.trend`. In ten minutes the histories of the first two rooms (500 finals) are full
by then; that of the room with real speech takes an hour. PSS is printed only, as it moves with whatever else runs here.
The exit code is 1 if something grows, if a reader that came back missed a final or saw it twice, or a process ended.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import time
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import soundfile

from benchmarks.readers import Tally, come_and_go, phone, sleeper
from benchmarks.trend import allowed, trend
from rtt.brokers.memory import MemoryBroker
from rtt.core.caption import RATE
from rtt.core.codedspeech import encode
from rtt.engines import catalogue
from rtt.engines.scripted import Script, Scripted
from rtt.server.app import running_server
from rtt.server.config import ServerConfig
from rtt.server.pages import recording
from tests.harness import data

EVERY = 5.0
"""Seconds between two looks; less in a run of under five minutes, which would give too few for a trend."""
LOOKS = 60
SCRIPT = Script(words_per_final=1, jitter=0.1, error_after=45)
POOL = min(32, (os.cpu_count() or 1) + 4)
"""Threads that asyncio's own pool makes one by one, whenever all it has are busy; it never ends one."""
ALLOWED = {"RSS MiB": (1.0, 1.0), "private MiB": (1.0, 1.0), "descriptors": (1.0, 4.0), "threads": (0.5, POOL)}
"""Growth that counts as none: per hour, or in all for a run that is shorter (a bounded history may still fill)."""
ALLOWED["tasks"] = ALLOWED["descriptors"]


@dataclass
class Watched:
    """A process under watch, and what was seen of it."""

    name: str
    process: asyncio.subprocess.Process
    tells_tasks: bool
    times: list[float] = field(default_factory=list)
    series: dict[str, list[float]] = field(default_factory=dict)

    async def look(self) -> None:
        """Take one sample; ProcessLookupError if it has ended."""
        found = proc(self.process.pid)
        if self.tells_tasks:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(b"tasks\n")
            found["tasks"] = float(await asyncio.wait_for(self.process.stdout.readline(), 60))
        self.times.append(time.monotonic())
        for name, value in found.items():
            self.series.setdefault(name, []).append(value)


def proc(pid: int) -> dict[str, float]:
    """Return what /proc says of a process; ProcessLookupError if it has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        memory = dict(re.findall(r"(\w+): +(\d+) kB", (folder / "smaps_rollup").read_text()))
        threads = re.search(r"Threads:\s+(\d+)", (folder / "status").read_text())
        descriptors = len(list((folder / "fd").iterdir()))
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
    return {
        "RSS MiB": int(memory["Rss"]) / 1024,
        "private MiB": (int(memory["Private_Dirty"]) + int(memory.get("Swap", 0))) / 1024,
        "PSS MiB": int(memory["Pss"]) / 1024,
        "descriptors": descriptors,
        "threads": int(threads[1]) if threads else 0,
    }


async def serve(engine: str, folder: Path) -> None:
    """Be a server process: its address on stdout, then the number of its tasks for each line of stdin."""
    hearing = Scripted(SCRIPT) if engine == "scripted" else (await catalogue.proved(engine))[0]
    config = ServerConfig(folder, port=0, language="en-US")
    async with running_server(config, hearing, MemoryBroker(), lambda room, text: None) as server:
        print(server.url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(len(asyncio.all_tasks()), flush=True)


@contextlib.asynccontextmanager
async def started(name: str, *arguments: str, tells_tasks: bool = False) -> AsyncIterator[Watched]:
    """Run a module of Python under watch; what it says to an operator is not kept."""
    pipe = asyncio.subprocess.PIPE if tells_tasks else asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield Watched(name, process, tells_tasks)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def server(name: str, engine: str, folder: Path) -> AsyncIterator[tuple[Watched, str]]:
    """Run a server under watch; yields its address too."""
    arguments = ("benchmarks.soak", "--serve", engine, "--folder", str(folder))
    async with started(name, *arguments, tells_tasks=True) as watched:
        assert watched.process.stdout is not None
        yield watched, (await asyncio.wait_for(watched.process.stdout.readline(), 120)).decode().strip()


def coded(path: Path, first: int) -> str:
    """Write two minutes of coded words, two a second and more, with pauses."""
    pieces = (encode(range(n, n + 10)) + bytes(RATE) for n in range(first, first + 240, 10))
    return write(path, b"".join(pieces))


def speech(path: Path) -> str:
    """Write some minutes of real voices with pauses: the recordings, or the one that rtt carries."""
    clips = data.clips("speech", language="en")[:40] if data.folder() else []
    sounds = [clip.path for clip in clips] or [recording()]
    return write(path, b"".join(soundfile.read(one, dtype="int16")[0].tobytes() + bytes(RATE * 3) for one in sounds))


def write(path: Path, pcm: bytes) -> str:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(pcm)
    return str(path)


def report(watched: list[Watched], warm: float) -> list[str]:
    """Print a line for every process and thing; return what grows."""
    print(f"\n{'':22}{'':14}{'mean':>9}{'slope/h':>10}{'+-':>9}{'allowed':>9}  verdict")
    growing = []
    for one in watched:
        for name, values in one.series.items():
            found = trend(one.times, values, warm)
            row = f"{one.name:22}{name:14}{found.level:9.2f}{found.slope:10.2f}{found.bound:9.2f}"
            if name not in ALLOWED:
                print(row)
                continue
            limit = allowed(*ALLOWED[name], found.hours)
            verdict = found.verdict(limit)
            print(f"{row}{limit:9.2f}  {verdict}{' (run longer)' if verdict == 'unclear' else ''}")
            if verdict == "grows":
                growing.append(f"{one.name}: {name} grows by {found.slope:.2f} +- {found.bound:.2f} an hour")
    return growing


async def watch(watched: list[Watched], tallies: list[Tally], seconds: float) -> None:
    """Look at everything until the time is over, and say now and then that it goes on."""
    began = time.monotonic()
    every = min(EVERY, seconds / LOOKS)
    told = 0
    while (passed := time.monotonic() - began) < seconds:
        for one in watched:
            try:
                await one.look()
            except ProcessLookupError:
                raise SystemExit(f"{one.name} ended after {passed:.0f} s") from None
        if passed // 60 >= told:
            told = int(passed // 60) + 1
            finals = sum(tally.finals for tally in tallies)
            print(f"{passed / 60:6.0f} min: {finals} finals read; RSS MiB", end="")
            print("".join(f", {one.name} {one.series['RSS MiB'][-1]:.1f}" for one in watched), flush=True)
        await asyncio.sleep(every - (time.monotonic() - began) % every)


async def soak(seconds: float, engine: str) -> int:
    """Run it all; return the exit code."""
    coming = Tally(), Tally(), Tally()
    here = asyncio.current_task()
    assert here is not None
    for number in (signal.SIGTERM, signal.SIGINT):  # either ends what was started here, before this ends itself
        asyncio.get_running_loop().add_signal_handler(number, here.cancel)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rtt-soak-")))
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        tones, url = await stack.enter_async_context(server("server, tones", "scripted", folder / "tones"))
        watched, talks = (
            [tones],
            [(url, "one", coded(folder / "1.wav", 0)), (url, "two", coded(folder / "2.wav", 1000))],
        )
        if engine != "none":
            voices, other = await stack.enter_async_context(server(f"server, {engine}", engine, folder / "voices"))
            watched.append(voices)
            talks.append((other, "three", speech(folder / "3.wav")))
        for address, room, sound in talks:
            options = (
                "--room",
                room,
                "--server",
                address.replace("http", "ws", 1),
                "--file",
                sound,
                "--loop",
                "--plain",
            )
            capture = started(f"capture of {room}", "rtt", "capture", "--lang", "en-US", *options)
            watched.append(await stack.enter_async_context(capture))
        async with asyncio.TaskGroup() as group:
            readers = [
                *(group.create_task(come_and_go(url, ["one", "two"], coming[0])) for _ in range(8)),
                *(group.create_task(phone(address, room, coming[1])) for address, room, _ in talks),
                group.create_task(sleeper(url, "one", coming[2])),
            ]
            await watch(watched, list(coming), seconds)
            for reader in readers:
                reader.cancel()
        growing = report(watched, min(1800.0, 0.5 * seconds))
    screens, phones, asleep = coming
    print(f"\nscreens that come and go: {screens.visits} visits, {screens.failures} failed, {screens.finals} finals")
    print(f"phones: {phones.visits} visits, {phones.failures} failed, {phones.finals} finals", end="")
    print(f", {phones.holes} missed, {phones.doubles} doubled; the screen that never reads left {asleep.asleep} times")
    if phones.holes or phones.doubles or screens.holes or screens.doubles:
        growing.append("a reader missed finals or saw them twice")
    if not phones.finals or not screens.finals:
        growing.append("no finals came: this was no soak")
    print("\n".join(growing) or "Nothing grows.")
    return bool(growing)


def main() -> None:
    """Read the command line and soak."""
    parser = argparse.ArgumentParser(description="Does anything grow while rooms talk for hours?")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--engine", default="pocketsphinx" if catalogue.find("pocketsphinx").missing == () else "none")
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    random.seed(1)
    if wanted.serve:
        asyncio.run(serve(wanted.serve, wanted.folder))
        return
    try:
        code = asyncio.run(soak(wanted.hours * 3600 or wanted.minutes * 60, wanted.engine))
    except asyncio.CancelledError:
        code = 130
    raise SystemExit(code)


if __name__ == "__main__":
    main()
