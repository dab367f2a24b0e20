"""Where a display finds its room: the page's address and the socket's, from one `--server`."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlencode, urlsplit

from rtt.core.errors import UsageError
from rtt.core.wire.bounds import is_room
from rtt.core.wire.codes import SENTENCES, Close
from rtt.core.wire.screen import Mode

_SECURE = {"http": False, "ws": False, "https": True, "wss": True}


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a server, whichever of its schemes it was given with."""

    host: str
    port: int
    secure: bool
    base: str
    """What follows the scheme, without a slash at its end: `host:port`, and a proxy's path if there is one."""

    @property
    def is_local(self) -> bool:
        """Tell whether the server is on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def url(self) -> str:
        """Return the address as a browser takes it."""
        return f"{'https' if self.secure else 'http'}://{self.base}"

    def page(self, room: str, mode: Mode = Mode.FINALS) -> str:
        """Return the address of a room's page."""
        query = "" if mode is Mode.FINALS else "?" + urlencode({"partial": mode.value})
        return f"{self.url}/room/{quote(room, safe='')}{query}"

    def socket(self, room: str, mode: Mode, since: str = "") -> str:
        """Return the address of a room's transcript socket; `since` is `EPOCH:NUMBER` or empty."""
        query = {"partial": mode.value} | ({"since": since} if since else {})
        scheme = "wss" if self.secure else "ws"
        return f"{scheme}://{self.base}/ws/transcript/{quote(room, safe='')}?{urlencode(query)}"


def read_server(text: str) -> Server:
    """Read `--server`: http, https, ws or wss, or a bare `host:port`; raises `UsageError` for anything else."""
    whole = text.strip() if "://" in text else f"http://{text.strip()}"
    try:
        parts = urlsplit(whole)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise _bad(text, "its machine or port cannot be read") from error
    if parts.scheme not in _SECURE:
        raise _bad(text, f"{parts.scheme}:// is not a way to reach it")
    if not parts.hostname or any(c.isspace() or not c.isprintable() for c in whole):
        raise _bad(text, "it names no machine")
    if parts.username is not None or parts.query or parts.fragment:
        raise _bad(text, "it holds more than a machine, a port and a path")
    if port == 0:
        raise _bad(text, "port 0 is nowhere")
    secure = _SECURE[parts.scheme]
    base = parts.netloc + parts.path.rstrip("/")
    return Server(parts.hostname, port or (443 if secure else 80), secure, base)


def read_room(text: str) -> str:
    """Return a room's name; raises `UsageError` if it cannot be one."""
    if not is_room(text):
        raise UsageError(f"{text!r} cannot name a room", mend=SENTENCES[Close.BAD_ROOM])
    return text


def read_mode(text: str) -> Mode:
    """Read `--partial`; raises `UsageError` for a word that is none of the three."""
    try:
        return Mode(text.lower())
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a way to show partials", mend="Use --partial false, true or stable"
        ) from error


def _bad(text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} is not the address of a server", why, "Use --server http://HOST:PORT")
