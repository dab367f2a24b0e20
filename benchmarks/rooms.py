"""What a room costs: CPU, memory and waiting, of a server whose engine is Amazon Transcribe.

::

    make bench-rooms    or: python -m benchmarks.rooms [--rooms 1,10,25,50] [--seconds 20] [--transport websocket,http2]

The server is a real `rtt serve` process and the only thing that is measured. The service is the tests' emulator, a
process of its own, which answers every voice with words; captures are raw sockets of this process, each of which sends
speech in frames of 100 ms in real time. Every room speaks another language: that tells the service's streams apart.
Compared are runs of this benchmark with each other, and with the budgets and the reference of the design (section 9).
The reference was measured elsewhere, on another machine: it is quoted, and a ratio to it is a rough one.
"""

import argparse
import json
import os
import selectors
import statistics
import struct
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from benchmarks.fanout import masked, resident, spent, upgraded
from rtt.core.caption import RATE
from rtt.core.wire.audio import Hello, encode, encode_audio
from rtt.core.wire.bounds import WINDOW_SECONDS
from rtt.engines.transcribe.languages import LANGUAGES
from rtt.server.pages import recording
from tests.emulator.running import Emulator, emulator
from tests.harness.data import clips, folder
from tests.harness.serving import serving

FRAME = RATE // 10
WARM = 5.0
"""Seconds between the last room's first sound and the first measured one."""
STAGGER = 0.05
"""Seconds between the openings of two rooms."""
OPEN_SECONDS = 60.0
MB = 2**20 / 1e6
REFERENCE_CPU, REFERENCE_BASE = 88.0, 57.0
"""Of the plain design with one room (DESIGN 9): per cent of a core, MB. Quoted, not measured here."""
BUDGET_ONE, BUDGET_MORE, BUDGET_BASE, BUDGET_ROOM = 4.0, 2.5, 70.0, 2.0
"""Per cent of a core for one room with the guard, and for each further one; MB without a room, and for each."""


def speech() -> bytes:
    """Return the recordings of speech, one after another (s16le); the bundled one where there are none."""
    if folder() is None:
        return bytes(soundfile.read(recording(), dtype="int16")[0].tobytes())
    return b"".join(soundfile.read(clip.path, dtype="int16")[0].tobytes() for clip in clips("speech"))


def text_frame(data: bytes, opcode: int = 1) -> bytes:
    """Return a client's short frame; a mask of zeros is a mask."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data))
    return bytes([0x80 | opcode]) + size + bytes(4) + data


class Capture:
    """One room's capture: a raw socket, and what the server said on it."""

    def __init__(self, port: int, number: int, sound: bytes) -> None:
        """Connect and say hello; begin at a place in `sound` of its own."""
        self.language = LANGUAGES[number]
        self.ready = self.heard = 0.0
        """When the server was ready (0: not yet), and to which second it fed the engine."""
        self.lag = 0.0
        """Seconds of sound that were sent and not fed to the engine when the newest ack came."""
        self.sent = 0
        self.over = ""
        """Why the server ended it."""
        self._sound, self._at = sound, number * 7 * RATE * 2 % len(sound)
        self._buffer = b""
        self.began = time.time()
        self.socket = upgraded(port, f"/ws/audio/room{number}")
        hello = Hello(str(uuid.uuid4()), 1, 0, 0, language=self.language, at=self.began)
        self.socket.sendall(text_frame(encode(hello).encode()))

    def speak(self, now: float) -> None:
        """Send what is due; nothing beyond the window, as every capture."""
        while self.ready and not self.over and self.sent / RATE <= now - self.ready:
            if self.sent / RATE >= self.heard + WINDOW_SECONDS - 1:
                return
            pcm = (self._sound[self._at :] + self._sound)[: 2 * FRAME]
            self._at = (self._at + 2 * FRAME) % len(self._sound)
            self.socket.sendall(masked(encode_audio(self.sent, pcm)))
            self.sent += FRAME

    def listen(self) -> None:
        """Take what has come."""
        data = self.socket.recv(65536)
        self._buffer += data
        if not data:
            self.over = self.over or "the server went away"
        while len(self._buffer) >= 2:
            opcode, size, start = self._buffer[0] & 15, self._buffer[1] & 127, 2
            if size == 126:
                size, start = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < start + size:
                return
            payload, self._buffer = self._buffer[start : start + size], self._buffer[start + size :]
            self._take(opcode, payload)

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 8:
            self.over = payload[2:].decode() or "closed"
        elif opcode == 9:
            self.socket.sendall(text_frame(payload, 10))
        elif opcode == 1:
            message = json.loads(payload)
            if message["type"] == "ready":
                self.ready = time.time()
            elif message["type"] == "ack":
                self.heard = message["heard"] / RATE
                self.lag = (self.sent - message["heard"]) / RATE


@dataclass(frozen=True, slots=True)
class Figures:
    """What one load gave: CPU in per cent of a core, memory in MB, times in milliseconds, lags in seconds."""

    rooms: int
    cpu: float
    service_cpu: float
    """The emulator's: near 100, it and not the server is the bottleneck."""
    base: float
    memory: float
    ready: list[float]
    """From the connect to `ready`."""
    stream: list[float]
    """From `ready`, with the first sound, to the engine's stream as the service sees it."""
    lags: list[float]
    captions: list[int]
    """Of each room."""
    lost: list[str]
    """Captures that the server ended, and rooms that needed more than one stream."""


def measure(service: Emulator, transport: str, guard: bool, rooms: int, seconds: float, sound: bytes) -> Figures:
    """Put a load on a server of its own."""
    service.reset()
    options = ("--transcribe-transport", transport, *(() if guard else ("--no-guard",)))
    with (
        tempfile.TemporaryDirectory(prefix="rtt-rooms-") as data,
        serving(Path(data), *options, engine="transcribe", env=service.env) as server,
        selectors.DefaultSelector() as selector,
    ):
        probes = len(service.state()["streams"])
        base, pid = resident(server.process.pid) * MB, server.process.pid
        captures: list[Capture] = []
        start = time.time()
        warm = cpu = service_cpu = 0.0
        while not warm or time.time() < warm + seconds:
            now = time.time()
            if len(captures) < rooms and now >= start + len(captures) * STAGGER:
                captures.append(Capture(server.port, len(captures), sound))
                selector.register(captures[-1].socket, selectors.EVENT_READ, captures[-1])
            if not warm and len(captures) == rooms and all(one.ready for one in captures):
                if now > max(one.ready for one in captures) + WARM:
                    warm, cpu, service_cpu = now, spent(pid), spent(service.process.pid)
            elif not warm and now > start + OPEN_SECONDS:
                raise SystemExit(f"Not every room was opened: {[one.over for one in captures]}")
            for capture in captures:
                capture.speak(now)
            for key, _ in selector.select(0.01):
                key.data.listen()
                if key.data.over:
                    selector.unregister(key.fileobj)
        took = time.time() - warm
        cpu, service_cpu = (spent(pid) - cpu) / took, (spent(service.process.pid) - service_cpu) / took
        memory = resident(pid) * MB
        opened = service.state()["streams"][probes:]
        first = {stream["language"]: stream["opened"] for stream in reversed(opened)}
        lost = [one.over for one in captures if one.over]
        lost += [f"{len(opened)} streams for {rooms} rooms"] if len(opened) != rooms else []
        with urllib.request.urlopen(f"{server.url}/api/rooms", timeout=30) as answer:
            listed: list[dict[str, Any]] = json.load(answer)["rooms"]
        for capture in captures:
            capture.socket.close()
    return Figures(
        rooms,
        100 * cpu,
        100 * service_cpu,
        base,
        memory,
        [1000 * (one.ready - one.began) for one in captures],
        [1000 * (first[one.language] - one.ready) for one in captures if one.language in first],
        [one.lag for one in captures],
        [room["captions"] for room in listed],
        lost,
    )


def row(transport: str, guard: bool, found: Figures) -> str:
    """Return one line of the table."""
    a_room = (found.memory - found.base) / found.rooms
    waits = "".join(f"{statistics.median(of):7.0f}/{max(of):<6.0f}" for of in (found.ready, found.stream or [0.0]))
    return (
        f"{transport:10}{'on' if guard else 'off':>6}{found.rooms:6}{found.cpu:8.1f}{found.cpu / found.rooms:8.2f}"
        f"{found.base:7.0f}{found.memory:7.0f}{a_room:8.2f}{waits}"
        f"{statistics.median(found.lags):6.1f}/{max(found.lags):<5.1f}{min(found.captions, default=0):6}"
        f"{found.service_cpu:8.1f}" + "".join(f"\n    {what}" for what in found.lost)
    )


HEADING = (
    f"{'transport':10}{'guard':>6}{'rooms':>6}{'CPU %':>8}{'a room':>8}{'base':>7}{'MB':>7}{'a room':>8}"
    f"{'ready ms':>11}   {'stream ms':>10} {'lag s':>10} {'finals':>7}{'service':>8}\n"
    f"{'':61}{'p50/max':>10}    {'p50/max':>10}  {'p50/max':>8}  {'least':>6}{'CPU %':>8}"
)


def comparisons(transport: str, found: dict[tuple[bool, int], Figures]) -> list[str]:
    """Return what the figures of one transport say of each other and of the budgets."""
    said = []
    for guard in (True, False):
        loads = [figures for (one, _), figures in sorted(found.items()) if one == guard]
        if not loads:
            continue
        least, most = loads[0], loads[-1]
        name = f"{transport}, guard {'on' if guard else 'off'}"
        if least.rooms == 1:
            said.append(
                f"{name}: one room {least.cpu:.1f} % of a core = {least.cpu / BUDGET_ONE:.2f} of the budget"
                f" ({BUDGET_ONE:g} %, guard on); the plain design {REFERENCE_CPU:g} % (quoted)"
                f" = {REFERENCE_CPU / max(0.1, least.cpu):.0f} times as much"
            )
        said.append(
            f"{name}: base {least.base:.0f} MB = {least.base / BUDGET_BASE:.2f} of the budget ({BUDGET_BASE:g} MB);"
            f" the plain design {REFERENCE_BASE:g} MB (quoted)"
        )
        if most.rooms > least.rooms:
            more = most.rooms - least.rooms
            cpu, memory = (most.cpu - least.cpu) / more, (most.memory - least.memory) / more
            said.append(
                f"{name}: each further room {cpu:.2f} % = {cpu / BUDGET_MORE:.2f} of the budget ({BUDGET_MORE:g} %), "
                f"{memory:.2f} MB = {memory / BUDGET_ROOM:.2f} of the budget ({BUDGET_ROOM:g} MB); "
                f"{most.rooms} rooms / {least.rooms}: CPU {most.cpu / max(0.1, least.cpu):.1f} times"
            )
    for rooms in sorted({rooms for _, rooms in found}):
        on, off = found.get((True, rooms)), found.get((False, rooms))
        if on and off:
            said.append(
                f"{transport}, {rooms} rooms: guard on / off: CPU {on.cpu / max(0.1, off.cpu):.1f} times,"
                f" {on.memory - off.memory:+.0f} MB"
            )
    return said


def run(transports: Sequence[str], guards: Sequence[bool], loads: Sequence[int], seconds: float) -> None:
    """Measure every combination and print what was found."""
    sound = speech()
    print(f"{os.cpu_count()} cores; load before: {os.getloadavg()[0]:.1f}; {seconds:g} s a line, captures in real time")
    print(HEADING, flush=True)
    said: list[str] = []
    with emulator(mode="any", streams=max(loads) + 10) as service:
        for transport in transports:
            found: dict[tuple[bool, int], Figures] = {}
            for guard in guards:
                for rooms in loads:
                    found[guard, rooms] = measure(service, transport, guard, rooms, seconds, sound)
                    print(row(transport, guard, found[guard, rooms]), flush=True)
            said += comparisons(transport, found)
    print("\n" + "\n".join(said))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What a room costs a server whose engine is Amazon Transcribe.")
    parser.add_argument("--rooms", default="1,10,25,50", help=f"loads, of at most {len(LANGUAGES)} rooms")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--transport", default="websocket,http2")
    parser.add_argument("--guard", default="on,off")
    wanted = parser.parse_args()
    loads = sorted(map(int, wanted.rooms.split(",")))
    if not 1 <= loads[0] <= loads[-1] <= len(LANGUAGES):
        parser.error(f"--rooms: from 1 to {len(LANGUAGES)}")
    run(wanted.transport.split(","), [word == "on" for word in wanted.guard.split(",")], loads, wanted.seconds)


if __name__ == "__main__":
    main()
