"""A real `rtt serve` process, and sound sent to it as a capture sends it."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import websockets

from rtt.core.caption import RATE
from rtt.core.wire.audio import Ack, Clock, End, Ended, Hello, Ready, encode, encode_audio, parse_server

FRAME = RATE // 10
START_SECONDS = 60
HEAR_SECONDS = 600
CLOCK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Room:
    """What a room showed."""

    text: str
    """All finals, joined."""
    withheld: int
    """Words the guard withheld."""


@contextlib.asynccontextmanager
async def server(data: Path, *options: str, engine: str = "pocketsphinx") -> AsyncIterator[str]:
    """Run a server on a port of its own; yields its address (http://...)."""
    command = (
        sys.executable,
        "-m",
        "rtt",
        "serve",
        "--engine",
        engine,
        "--port",
        "0",
        "--plain",
        "--data-dir",
        str(data),
    )
    process = await asyncio.create_subprocess_exec(*command, *options, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            said = ""
            while not (found := re.search(r"http://127\.0\.0\.1:\d+", said)):
                line = await process.stderr.readline()
                if not line:
                    raise SystemExit(f"The server did not start: {said}")
                said += line.decode()
        async with asyncio.TaskGroup() as group:
            # Nobody reads on, and a full pipe would stop the server.
            drain = group.create_task(process.stderr.read())
            yield found[0]
            os.kill(process.pid, signal.SIGTERM)
            await drain
            await process.wait()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Stop a server that may have stopped already."""
    for number, patience in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
        if process.returncode is None:
            # Not the process object's own: that reaps a child which has just died, behind the loop's back.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)


async def hear(url: str, room: str, pcm: bytes, language: str = "en-US") -> Room:
    """Send `pcm` (s16le) to a room as fast as it is taken; return what the room showed once all is settled."""
    async with asyncio.timeout(HEAR_SECONDS):
        await _send(f"{url.replace('http', 'ws', 1)}/ws/audio/{room}", pcm, language)
        transcript = await asyncio.to_thread(_get, f"{url}/api/rooms/{room}/transcript.json")
        rooms = await asyncio.to_thread(_get, f"{url}/api/rooms")
    entries = transcript["entries"] if transcript else []
    text = " ".join(entry["text"] for entry in entries if entry["type"] == "caption")
    return Room(text, sum(state["withheld"] for state in rooms["rooms"] if state["room"] == room))


async def _send(url: str, pcm: bytes, language: str) -> None:
    samples = len(pcm) // 2
    async with websockets.connect(url, compression=None) as socket, asyncio.TaskGroup() as group:
        hello = Hello(session=str(uuid.uuid4()), attempt=1, first=0, next=samples, language=language)
        await socket.send(encode(hello))
        ticking = group.create_task(_tick(socket))
        sent = heard = window = 0
        async for text in socket:
            match parse_server(str(text)):
                case Ready() as ready:
                    window = ready.window * RATE
                case Ack() as ack:
                    heard = ack.heard
                case Ended():
                    ticking.cancel()
                    return
            while window and sent < min(samples, heard + window):
                await socket.send(encode_audio(sent, pcm[2 * sent : 2 * (sent + FRAME)]))
                sent = min(samples, sent + FRAME)
                if sent == samples:
                    await socket.send(encode(End(samples=samples)))
        raise RuntimeError(f"The server closed the room before all was heard: {socket.close_code}")


async def _tick(socket: websockets.ClientConnection) -> None:
    """Show that the capture lives while the engine catches up, as every capture does."""
    began = time.time()
    while True:
        await asyncio.sleep(CLOCK_SECONDS)
        await socket.send(encode(Clock(sample=0, at=began)))


def _get(url: str) -> dict[str, list[dict[str, object]]]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            found: dict[str, list[dict[str, object]]] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {}
        raise
