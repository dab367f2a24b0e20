"""Who may come in without a token (DESIGN 7): the loopback rule, pure.

A server that listens on loopback only is open to programs of the same machine, and to them alone. A web page in the
operator's browser also comes from this machine, and a reverse proxy on the same host makes the whole world come from it;
both are told apart by their headers.
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts by which a program of the same machine names the server."""
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""Headers that only a proxy sends."""


def is_loopback(address: str) -> bool:
    """Tell whether an address to listen on, or one a connection comes from, is this machine's own."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port, in lower case."""
    name = host.strip().casefold()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]


def why_not_local(peer: str, headers: Mapping[str, str]) -> str:
    """Return why a connection is not one of this machine's own programs, or an empty string if it is.

    `headers` is read case-blind by the caller's mapping.
    """
    if not is_loopback(peer):
        return "the connection comes from another machine"
    proxied = next((name for name in FORWARDED if name in headers), None)
    if proxied:
        return f"the connection came through a proxy ({proxied})"
    host = headers.get("Host", "")
    if host_name(host) not in LOCAL_NAMES:
        return "the connection names another host"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.casefold() != host.strip().casefold():
        return "the connection was made by a page of another site"
    return ""
