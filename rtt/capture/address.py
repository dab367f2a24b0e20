"""Where a room's sound is sent."""

from urllib.parse import SplitResult, quote, urlsplit

from rtt.core.errors import UsageError
from rtt.core.wire.bounds import is_language, is_room

SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
EXAMPLE = "Write it as ws://127.0.0.1:8000, or wss://captions.example.org behind a proxy"


def audio_address(server: str, room: str, language: str = "") -> str:
    """Return the WebSocket address for a room's sound; raises `UsageError` for what cannot be one.

    `server` may begin with ws, wss, http or https and may have a path, where a proxy puts rtt below one.
    """
    if not is_room(room):
        raise UsageError(
            f"{room[:80]!r} is not a room's name",
            "it is letters, digits, dot, dash and underscore, 64 at most, beginning with a letter or digit",
            "Name the room with --room, e.g. --room aula1",
        )
    if language and not is_language(language):
        raise UsageError(f"{language[:80]!r} is not a language", "", "Name it with --lang, e.g. --lang it-IT")
    parts = _split(server)
    base = f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}"
    return f"{base}/ws/audio/{room}" + (f"?lang={quote(language)}" if language else "")


def shown(server: str) -> str:
    """Return `server` as it may be shown and logged: without any name and password in it."""
    parts = _split(server)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path.rstrip("/")).geturl()


def _split(server: str) -> SplitResult:
    why = ""
    try:
        parts = urlsplit(server.strip())
        if parts.scheme not in SCHEMES or not server.strip().startswith(f"{parts.scheme}://"):
            why = "it does not begin with ws:// or wss://"
        elif not parts.hostname or parts.port == 0:
            why = "it names no machine"
        elif parts.query or parts.fragment:
            why = "it has a ? or # part"
        elif any(c.isspace() or not c.isprintable() for c in server.strip()):
            why = "it has a space in it"
        else:
            parts.hostname.encode("idna")
    except ValueError as error:
        raise _bad(server, str(error)) from error
    if why:
        raise _bad(server, why)
    return parts


def _bad(server: str, why: str) -> UsageError:
    return UsageError(f"{server[:120]!r} is not the address of a server", why, EXAMPLE)
