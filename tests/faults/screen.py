"""A screen as anybody may write one: reads the room's socket, comes back with `since`, and keeps all it was sent."""

import asyncio
import json
import re
from collections.abc import Callable
from random import Random

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.faults.verdict import Shown, numbers_of

DEAD_SECONDS = 10.0
"""Silence after which a screen connects anew; the server speaks at least every 2 s."""


class Screen:
    """One reader of `url`, which may change while it runs; `chance` spreads its returns."""

    def __init__(self, name: str, url: Callable[[], str], partial: str, chance: Random) -> None:
        self.name = name
        self.shown: list[Shown] = []
        """All finals and resets, in the order in which they came."""
        self.session = ""
        """Of the newest caption."""
        self.live = False
        """What the server said last of the room's sound."""
        self.newest = -1
        """Highest word that came."""
        self.first = 0
        """The word from which on it has to have all of them: those of a late one begin anywhere."""
        self.late = False
        self.wrong: list[str] = []
        self._url, self._partial, self._chance = url, partial, chance
        self._since = ""
        self._socket: ClientConnection | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self._dead = asyncio.Event()
        self._dead.set()

    def pause(self) -> None:
        """Read nothing any more; the connection stays."""
        self._reading.clear()

    def die(self) -> None:
        """Be gone without goodbye."""
        self._dead.clear()
        if self._socket is not None:
            self._socket.transport.abort()

    def go_on(self) -> None:
        """Read again, come back."""
        self._reading.set()
        self._dead.set()

    async def run(self) -> None:
        """Read for ever."""
        while True:
            await self._dead.wait()
            query = f"?partial={self._partial}" + (f"&since={self._since}" if self._since else "")
            try:
                async with connect(
                    self._url() + query,
                    compression=None,
                    ping_interval=None,
                    open_timeout=DEAD_SECONDS,
                    close_timeout=0.5,
                    proxy=None,
                ) as socket:
                    self._socket = socket
                    await self._read(socket)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                if 4500 <= code <= 4999:
                    self.wrong.append(f"was sent away with {code}")
                    return
            except (OSError, TimeoutError, WebSocketException):
                pass
            self._socket, self.live = None, False
            await asyncio.sleep(0.2 + self._chance.random())

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            await self._reading.wait()
            async with asyncio.timeout(DEAD_SECONDS):
                message = json.loads(await socket.recv())
            match message["type"]:
                case "caption" if message["is_partial"]:
                    self._look_at(message["text"])
                case "caption":
                    self._take(message)
                case "reset":
                    self._since = ""
                    self.shown.append(Shown((message["epoch"], 0), None))
                case "state":
                    self.live = message["live"]

    def _look_at(self, text: str) -> None:
        """Check that a partial says words that may have been said: w17, or an engine's first guess at it, x17."""
        strange = [word for word in text.split() if not re.fullmatch(r"[wx]\d+[.,]?", word.lower())]
        if strange:
            self.wrong.append(f"a partial says {strange}")

    def _take(self, message: dict[str, object]) -> None:
        key = (str(message["epoch"]), int(str(message["number"])))
        text = str(message["text"])
        self.shown.append(Shown(key, text))
        self.session = str(message["session"])
        self.newest = max([self.newest, *numbers_of(text)])
        self._since = f"{key[0]}:{key[1]}"
