"""Opens the page of a room in the browser of the desktop, where there is one."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable, Mapping

from rtt.core.errors import SetupError
from rtt.core.retry import backoff
from rtt.display.address import Server

ANSWER_SECONDS = 5.0
"""Time a server has to take a connection."""


def has_desktop(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Tell whether a window could be shown: macOS and Windows have a desktop, elsewhere a display server says so."""
    if platform in {"darwin", "win32", "cygwin"}:
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


async def wait_for_server(server: Server, random: Callable[[], float], say: Callable[[str], None]) -> None:
    """Return once the server takes connections; says once that it waits.

    A browser that is opened before its server shows an error page, and stays there for the whole talk.
    """
    told = False
    for seconds in backoff(random):
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                _, writer = await asyncio.open_connection(server.host, server.port)
            writer.close()
            return
        except OSError as error:
            if not told:
                why = "does not answer" if isinstance(error, TimeoutError) else "cannot be reached yet"
                say(f"{server.url} {why}; waiting for it")
                told = True
        await asyncio.sleep(seconds)


async def open_page(address: str, mend: str) -> None:
    """Show `address` in a browser; raises `SetupError`, with `mend`, where there is no desktop or no browser."""
    if not has_desktop():
        raise SetupError("There is no desktop to open the page on", mend=mend)
    # Some browsers hold their caller up until they have started.
    if not await asyncio.to_thread(webbrowser.open, address):
        raise SetupError("No browser could be opened", mend=mend)
