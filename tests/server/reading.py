"""A screen for tests: reads a room's socket and keeps what it got."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from rtt.server.app import Server


class Screen:
    """What a screen has received."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.code: int | None = None
        self._news = asyncio.Event()

    async def read(self) -> None:
        try:
            async for text in self.socket:
                self.messages.append(json.loads(text))
                self._news.set()
        except ConnectionClosed:
            pass
        self.code = self.socket.close_code
        self._news.set()

    @property
    def captions(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == "caption"]

    @property
    def finals(self) -> list[str]:
        return [caption["text"] for caption in self.captions if not caption["is_partial"]]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == "state"]

    async def until(self, count: int, seconds: float = 10) -> list[str]:
        """Wait for so many finals, and return their texts."""
        async with asyncio.timeout(seconds):
            while len(self.finals) < count and self.code is None:
                self._news.clear()
                await self._news.wait()
        return self.finals

    async def closed(self, seconds: float = 10) -> int | None:
        """Wait for the close, and return its code."""
        async with asyncio.timeout(seconds):
            while self.code is None:
                self._news.clear()
                await self._news.wait()
        return self.code


@asynccontextmanager
async def screen(running: Server, query: str = "", room: str = "aula1") -> AsyncIterator[Screen]:
    """Connect a screen for as long as the block lasts."""
    url = f"{running.url.replace('http', 'ws', 1)}/ws/transcript/{room}?{query}"
    async with connect(url, compression=None, close_timeout=1) as socket:
        found = Screen(socket)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(found.read())
            yield found
            reading.cancel()
