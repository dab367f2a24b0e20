"""`rtt demo`: server, capture and display in one go, offline."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtt.commands.run import Stop, run_command, say

if TYPE_CHECKING:
    from rtt.engines.base import Engine
    from rtt.server.app import Server

ROOM = "demo"
CATCH_UP_SECONDS = 10.0
"""Time the display of the demo gets for the last captions after the server has settled them."""


def demo(
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="RTT_FILE", help="Your recording instead of ours: WAV, FLAC, OGG or MP3."),
    ] = None,
    lang: Annotated[
        str, typer.Option(metavar="TAG", envvar="RTT_LANG", help="What is spoken in it; the demo's engine knows en-US.")
    ] = "en-US",
    port: Annotated[
        int | None, typer.Option(envvar="RTT_PORT", min=0, max=65535, help="Else 8000, or a free one.")
    ] = None,
    no_display: Annotated[
        bool, typer.Option("--no-display", envvar="RTT_NO_DISPLAY", help="Open no page; leave after the last caption.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", envvar="RTT_PLAIN", help="Only the captions, one line each, on standard output.")
    ] = False,
) -> None:
    """See captions now: plays a recording through the embedded engine, on this machine alone.

    rtt demo --file talk.wav
    """

    async def main(stop: Stop) -> int:
        return await _demo(file, lang, port, stop, page=not no_display, plain=plain)

    run_command(main)


async def _demo(file: Path | None, lang: str, port: int | None, stop: Stop, *, page: bool, plain: bool) -> int:
    import asyncio
    import sys

    from rtt.capture.file import FileSource
    from rtt.capture.status import SilentFace
    from rtt.capture.talk import Talk
    from rtt.capture.uplink import Target, Uplink
    from rtt.display.browser import has_desktop, open_page
    from rtt.engines import catalogue
    from rtt.server.pages import recording

    source = FileSource(file or recording(), pace=1)
    engine = catalogue.load(catalogue.choose("auto"))
    async with _server(engine, port) as server:
        address = f"{server.url}/room/{ROOM}?partial=stable"
        say(f"The captions are on {address} - and here:")
        if page and has_desktop():
            await open_page(address, f"Open {address} in a browser")
        uplink = Uplink(Target(server.url, ROOM, lang), live=False, say=say if plain else lambda _: None)
        async with asyncio.TaskGroup() as group:
            last = _Last()
            reading = group.create_task(_read(server, last, plain=plain))
            code = await Talk(source, uplink, SilentFace(), ROOM).run(stop.wait)
            await last.reached(server.hub.rooms[ROOM].captions.number if ROOM in server.hub.rooms else 0)
            if page and sys.stdin.isatty() and stop.signal is None:
                say("The recording is over. The page stays until Ctrl-C.")
                await stop.wait()
            reading.cancel()
    return code


class _Last:
    """The number of the last final that the display of the demo has shown."""

    def __init__(self) -> None:
        import asyncio

        self._number = 0
        self._changed = asyncio.Event()

    def set(self, number: int) -> None:
        self._number = number
        self._changed.set()

    async def reached(self, number: int) -> None:
        """Wait until final `number` was shown, but not for ever."""
        import asyncio

        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while self._number < number:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            say("The display did not show every caption in time.")


async def _read(server: "Server", last: _Last, *, plain: bool) -> None:
    """Be the demo's display: captions as lines on standard output, unsettled text below them on a terminal."""
    import sys
    from contextlib import aclosing, nullcontext

    from rich.console import Console

    from rtt.core.wire.screen import Mode
    from rtt.display.address import read_server
    from rtt.display.follow import Final
    from rtt.display.reader import read_captions
    from rtt.display.terminal import one_line
    from rtt.display.ticker import Ticker

    live = sys.stdout.isatty() and not plain
    ticker = Ticker(Console(highlight=False, markup=False)) if live else None
    mode = Mode.STABLE if live else Mode.FINALS
    with ticker or nullcontext():
        async with aclosing(read_captions(read_server(server.url), ROOM, mode)) as every:
            async for news in every:
                if ticker is not None:
                    ticker.take(news)
                elif isinstance(news, Final):
                    print(one_line(news.line.text), flush=True)  # noqa: T201 - the captions are the demo's output
                if isinstance(news, Final):
                    last.set(news.line.number)


@asynccontextmanager
async def _server(engine: "Engine", port: int | None) -> "AsyncIterator[Server]":
    """Run a server that leaves nothing behind, on port 8000 if it is free and nothing else was asked for."""
    from contextlib import AsyncExitStack
    from tempfile import TemporaryDirectory

    from rtt.brokers.memory import MemoryBroker
    from rtt.core.errors import SetupError
    from rtt.server.app import running_server
    from rtt.server.config import ServerConfig

    def tell(_room: str, sentence: str) -> None:
        if "error of its own" in sentence or "engine" in sentence:
            say(sentence)

    with TemporaryDirectory(prefix="rtt-demo-") as folder:

        def config(at: int) -> ServerConfig:
            return ServerConfig(Path(folder), port=at)

        async with AsyncExitStack() as stack:
            try:
                start = running_server(config(8000 if port is None else port), engine, MemoryBroker(), tell)
                server = await stack.enter_async_context(start)
            except SetupError:
                if port is not None:
                    raise
                server = await stack.enter_async_context(running_server(config(0), engine, MemoryBroker(), tell))
            yield server
