"""The pages a browser opens: the list of rooms, the page of one room, and the few files they are made of.

The files are read once, at start, into a fixed table; nothing a browser sends ever becomes a path. The room's name is
not put into the page: the page reads it from its own address, so there is nothing to escape.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from rtt.core.errors import SetupError
from rtt.core.wire.bounds import is_room

FILES = {
    "index.html": "text/html",
    "index.css": "text/css",
    "index.js": "text/javascript",
    "room.html": "text/html",
    "room.css": "text/css",
    "room.js": "text/javascript",
    "captions.js": "text/javascript",
    "socket.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Every file of the pages, and its content type."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self'; "
        "base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""Sent with every page and file. `no-cache` lets a browser keep a file, but ask each time whether it is still right."""

NO_ROOM = (
    "There is no such room: a name has letters, digits, dots, dashes and underscores, begins with a letter or "
    "a digit, and is 64 characters long at most.\n"
)
NO_FILE = "There is no such file.\n"


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent."""

    body: bytes
    content_type: str
    etag: str
    """Changes with the content, so that a browser fetches a file only once per version."""


def templates_folder(package: Path) -> Path:
    """Return the folder of the page files: inside the installed package, else beside it in a checkout."""
    inside = package / "_templates"
    # Present only in a wheel: an editable install has no copy, and must show the checkout's newest page anyway.
    return inside if inside.is_dir() else package.parent / "templates"


def recording() -> Path:
    """Return the bundled recording of `rtt demo`: a synthetic voice."""
    return templates_folder(Path(__file__).resolve().parents[1]) / "demo.flac"


def load_pages(folder: Path) -> dict[str, Page]:
    """Read every page file from `folder`; raises `SetupError` where one is missing or unreadable."""
    pages = {}
    for name, kind in FILES.items():
        try:
            body = (folder / name).read_bytes()
        except OSError as error:
            raise SetupError(
                "The display page is missing from this installation",
                f"{folder / name} cannot be read ({error.strerror})",
                "Install rtt again, or run it from a complete checkout",
            ) from error
        pages[name] = Page(body, kind, hashlib.sha256(body).hexdigest()[:16])
    return pages


def page_routes(folder: Path | None = None) -> list[web.RouteDef]:
    """Return the routes `/`, `/room/{room}` and `/static/{name}`.

    `folder` holds the page files (default: the installed ones). Raises `SetupError` where one is missing.
    """
    pages = load_pages(folder or templates_folder(Path(__file__).resolve().parents[1]))

    async def index(request: web.Request) -> web.Response:
        return _answer(request, pages["index.html"])

    async def room(request: web.Request) -> web.Response:
        return _answer(request, pages["room.html"]) if is_room(request.match_info["room"]) else _missing(NO_ROOM)

    async def static(request: web.Request) -> web.Response:
        page = pages.get(request.match_info["name"])
        return _missing(NO_FILE) if page is None or page.content_type == "text/html" else _answer(request, page)

    return [web.get("/", index), web.get("/room/{room}", room), web.get("/static/{name}", static)]


def _answer(request: web.Request, page: Page) -> web.Response:
    known = request.if_none_match or ()
    if any(tag.value == page.etag for tag in known):
        unchanged = web.Response(status=304, headers=SECURITY_HEADERS)
        unchanged.etag = page.etag
        return unchanged
    answer = web.Response(body=page.body, content_type=page.content_type, charset="utf-8", headers=SECURITY_HEADERS)
    answer.etag = page.etag
    return answer


def _missing(text: str) -> web.Response:
    return web.Response(status=404, text=text, headers=SECURITY_HEADERS)
