"""A real browser: the system's Chromium, started once for all tests that ask for it.

It lives on an event loop in a thread of its own, so that tests may use loops of theirs; what shares a story with the
browser (a server in this process) runs on the same loop::

    def test_captions_appear(browser):
        async def story():
            async with Stage() as stage, browser.glass(390, 844) as glass:
                await glass.open(stage.url + "/room/aula1")
                await glass.until("document.querySelectorAll('p').length == 2")
        browser.run(story())
"""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import pytest

from tests.harness.need import need

T = TypeVar("T")

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_SECONDS = 20
"""Limit of each wait inside a page."""


class Glass:
    """One page of its own, without anything left from another: what a display shows."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        """What the browser complained of: errors and warnings of the console, exceptions, policy violations."""
        self.requests: list[str] = []
        """Every address it asked for."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))

    async def open(self, address: str) -> None:
        """Load a page and all it is made of."""
        await self.page.goto(address, wait_until="load")

    async def ask(self, expression: str, argument: Any = None) -> Any:
        """Evaluate JavaScript in the page and return its result."""
        return await self.page.evaluate(expression, argument)

    async def until(self, expression: str, seconds: float = WAIT_SECONDS) -> Any:
        """Wait until a JavaScript expression is true and return it; fails with what the page shows."""
        value, deadline = None, asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            value = await self.ask(expression)
            if value:
                return value
            await asyncio.sleep(0.03)
        raise AssertionError(f"after {seconds} s {expression} is {value!r}; the page shows: {await self.text()!r}")

    async def text(self) -> str:
        """Return all text to be seen."""
        return await self.page.inner_text("body")

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")


class Browser:
    """A running Chromium; `run` carries a coroutine to its loop, which is where `glass` may be used."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.chromium: Any = None

    def run(self, story: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        """Run `story` beside the browser and return its result; TimeoutError after `seconds`."""
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(story, seconds), self._loop)
        return future.result(seconds + 10)

    @asynccontextmanager
    async def glass(self, width: int = 1920, height: int = 1080, **options: Any) -> AsyncIterator[Glass]:
        """Give a fresh page of this size in CSS pixels; `options` as Playwright's `new_context` takes them."""
        context = await self.chromium.new_context(viewport={"width": width, "height": height}, **options)
        try:
            context.set_default_timeout(WAIT_SECONDS * 1000)
            glass = Glass(await context.new_page())
            try:
                yield glass
            except Exception as error:
                error.add_note(f"the page complained of: {glass.complaints}")
                raise
        finally:
            await context.close()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run the system's Chromium for the length of a `with`; skips the test where something is missing."""
    need("playwright", "chromium")
    from playwright.async_api import async_playwright

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="browser", daemon=True)
    thread.start()
    browser = Browser(loop)
    player = async_playwright()

    async def start() -> None:
        playwright = await player.start()
        browser.chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=list(ARGUMENTS),
            # A stage would show scrollbars; so must the tests.
            ignore_default_args=["--hide-scrollbars"],
        )

    async def stop() -> None:
        if browser.chromium is not None:
            await browser.chromium.close()
        await player.__aexit__()

    try:
        browser.run(start())
        yield browser
    finally:
        browser.run(stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the one Chromium of this test run."""
    with running_browser() as running:
        yield running
