"""A server of captions that does as it is told, also what a good one never does: freezes, repeats, talks nonsense."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from aiohttp import web

from rtt.core.caption import RATE, Caption
from rtt.core.wire.screen import State, encode_caption, encode_reset, encode_state
from rtt.server.pages import page_routes

ROOM = "aula1"
EPOCH = "e1"


def final(
    number: int, text: str, *, epoch: str = EPOCH, line: str = "", language: str = "en-US", rest: str = ""
) -> str:
    """Return the frame of a final."""
    return encode_caption(_caption(number, text, True, epoch, line or f"l{number}", language, rest))


def partial(after: int, text: str, *, epoch: str = EPOCH, line: str = "", language: str = "en-US") -> str:
    """Return the frame of a partial that follows final `after`."""
    return encode_caption(_caption(after, text, False, epoch, line or f"l{after + 1}", language, ""))


def state(*, live: bool = True, lagging: bool = False, paused: bool = False, standing: str = "") -> str:
    """Return the frame of a state."""
    return encode_state(State(live, lagging, paused, "en-US"), standing)


def reset(epoch: str) -> str:
    """Return the frame that empties a screen."""
    return encode_reset(epoch)


def _caption(number: int, text: str, is_final: bool, epoch: str, line: str, language: str, rest: str) -> Caption:
    start = number * RATE
    return Caption(
        ROOM,
        "s1",
        epoch,
        number,
        line,
        text,
        is_final,
        language,
        "scripted",
        start,
        start + RATE,
        1e9 + number,
        rest=rest,
    )


class Stage:
    """The pages, `/api/rooms`, and a transcript socket whose every frame the test sends itself.

    Each screen that joins gets `greeting(query)`, then whatever `send` is given. Use it as an async context manager;
    `stop` and `start` are a restart on the same port, `freeze` a server that takes everything and says nothing.
    """

    def __init__(self, greeting: Callable[[dict[str, str]], list[str]] | None = None) -> None:
        self.greeting = greeting or (lambda _query: [state()])
        self.queries: list[dict[str, str]] = []
        """What each screen asked for when it came, in order."""
        self.said: list[dict[str, Any]] = []
        """What screens said, in order."""
        self.rooms: list[dict[str, Any]] = []
        self.beat = ""
        """A frame that is repeated every second, as a good server repeats its state; empty for none."""
        self.screens: set[web.WebSocketResponse] = set()
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._thaw = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        return f"{self.url}/room/{ROOM}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.add_routes(page_routes())
        app.add_routes([web.get("/ws/transcript/{room}", self._join), web.get("/api/rooms", self._rooms)])
        self._thaw.set()
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def stop(self) -> None:
        """Go away as a killed process does: connections break, nothing is said."""
        if self._runner is None:
            return
        self._thaw.set()
        for screen in list(self.screens):
            if (transport := screen._req.transport) is not None:  # type: ignore[union-attr]
                transport.abort()  # else the screen has just left by itself
        await self._runner.cleanup()
        self._runner = None

    def freeze(self) -> None:
        """Take connections, and answer nothing from now on."""
        self._thaw.clear()

    def thaw(self) -> None:
        self._thaw.set()

    async def send(self, *frames: str) -> None:
        """Send frames to every screen."""
        for screen in list(self.screens):
            for frame in frames:
                await screen.send_str(frame)

    async def close(self, code: int, reason: str = "") -> None:
        """Send every screen away."""
        for screen in list(self.screens):
            await screen.close(code=code, message=reason.encode())

    async def joined(self, count: int, seconds: float = 20) -> None:
        """Wait until screens have come `count` times in all."""
        await self._until(lambda: len(self.queries) >= count, seconds)

    async def seen(self, number: int, seconds: float = 20) -> None:
        """Wait until a screen says that it shows final `number`."""
        await self._until(lambda: any(one.get("number") == number for one in self.said), seconds)

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.02)

    async def _join(self, request: web.Request) -> web.StreamResponse:
        await self._thaw.wait()
        screen = web.WebSocketResponse(compress=False)
        await screen.prepare(request)
        self.screens.add(screen)
        self.queries.append(dict(request.query))
        try:
            for frame in self.greeting(dict(request.query)):
                await screen.send_str(frame)
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(self._beat(screen))
                async for message in screen:
                    if message.type is web.WSMsgType.TEXT:
                        self.said.append(json.loads(message.data))
                beating.cancel()
        finally:
            self.screens.discard(screen)
        return screen

    async def _beat(self, screen: web.WebSocketResponse) -> None:
        while not screen.closed:
            await asyncio.sleep(1)
            if self.beat and self._thaw.is_set():
                with suppress(ConnectionError):
                    await screen.send_str(self.beat)

    async def _rooms(self, _request: web.Request) -> web.Response:
        await self._thaw.wait()
        return web.json_response({"rooms": self.rooms})


class History:
    """A greeting that answers `since` as the real server does, from the finals it was given."""

    def __init__(self) -> None:
        self.epoch = EPOCH
        self.finals: list[tuple[int, str]] = []

    def __call__(self, query: dict[str, str]) -> list[str]:
        epoch, _, number = query.get("since", "").rpartition(":")
        frames = [(n, final(n, text, epoch=self.epoch)) for n, text in self.finals]
        if epoch == self.epoch:
            return [*(frame for n, frame in frames if n > int(number)), state()]
        head = [reset(self.epoch)] if epoch else []
        return [*head, *(frame for _, frame in frames), state()]
