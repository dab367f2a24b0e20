"""Screens as a venue has them: some that come and go, a phone that sleeps and returns, one that never reads."""

import asyncio
import contextlib
import json
import random
import socket
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

AWAY = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidMessage)


@dataclass
class Tally:
    """What the readers met."""

    visits: int = 0
    finals: int = 0
    holes: int = 0
    """Numbers that a reader who came back with `since` never got."""
    doubles: int = 0
    """Numbers it got twice."""
    failures: int = 0
    """Visits that a server which is there refused or cut."""
    asleep: int = 0
    """Times that a screen which never reads was closed and came back."""


@dataclass
class Place:
    """What one reader has of a room."""

    epoch: str = ""
    number: int = 0
    tally: Tally = field(default_factory=Tally)

    def take(self, message: dict[str, Any]) -> None:
        if message.get("type") == "reset":
            self.epoch = ""
        if message.get("type") != "caption" or message["is_partial"]:
            return
        epoch, number = message["epoch"], message["number"]
        if epoch == self.epoch:
            self.tally.holes += max(0, number - self.number - 1)
            self.tally.doubles += number <= self.number
        self.tally.finals += 1
        self.epoch, self.number = epoch, max(number, self.number) if epoch == self.epoch else number


@contextlib.asynccontextmanager
async def visit(url: str, room: str, query: str) -> AsyncIterator[ClientConnection]:
    """Open a screen."""
    address = f"{url.replace('http', 'ws', 1)}/ws/transcript/{room}?{query}"
    async with connect(address, compression=None, ping_interval=None, open_timeout=30, close_timeout=2) as link:
        yield link


async def read(link: ClientConnection, place: Place, seconds: float) -> None:
    """Read for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for text in link:
                place.take(json.loads(text))
            raise ConnectionResetError("the server closed the screen")


async def come_and_go(url: str, rooms: list[str], tally: Tally) -> None:
    """Be one screen after another, for ever; one in three leaves without a word."""
    while True:
        room, mode = random.choice(rooms), random.choice(("false", "true", "stable"))
        try:
            async with visit(url, room, f"partial={mode}") as link:
                tally.visits += 1
                await read(link, Place(tally=tally), random.uniform(1, 20))
                if random.random() < 1 / 3:
                    link.transport.abort()
        except AWAY:
            tally.failures += 1
        await asyncio.sleep(random.uniform(0.2, 3))


async def phone(url: str, room: str, tally: Tally) -> None:
    """Be a phone, for ever: load the page, read, fall asleep with the line open or cut, and come back where it was."""
    place = Place(tally=tally)
    while True:
        try:
            for path in (f"/room/{room}", "/api/rooms"):
                await asyncio.to_thread(_get, url + path)
            since = f"&since={place.epoch}:{place.number}" if place.epoch else ""
            async with visit(url, room, f"partial=stable{since}") as link:
                tally.visits += 1
                await read(link, place, random.uniform(5, 15))
                await asyncio.sleep(random.uniform(0, 20))
                link.transport.abort()
        except AWAY:
            tally.failures += 1
        await asyncio.sleep(random.uniform(1, 5))


async def sleeper(url: str, room: str, tally: Tally, seconds: float = 240) -> None:
    """Be a screen that never reads a byte, for ever; it comes back when it was closed, or after so many seconds."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    head = f"GET /ws/transcript/{room}?partial=true HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
    keys = "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    while True:
        with contextlib.suppress(OSError), socket.socket() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(link, (host, int(port)))
            await loop.sock_sendall(link, (head + keys).encode())
            for _ in range(int(seconds)):
                await asyncio.sleep(1)
                # An empty pong: the only sign of a server that hung up on somebody who never reads.
                await loop.sock_sendall(link, b"\x8a\x80\0\0\0\0")
        tally.asleep += 1
        await asyncio.sleep(1)


def _get(address: str) -> None:
    with contextlib.suppress(OSError):  # no talk yet is an answer too
        urllib.request.urlopen(address, timeout=30).read()
