"""Who may come in without a token (DESIGN 7): the loopback rule, pure.

A server that listens on loopback only is open to programs of the same machine, and to them alone. A web page in the
operator's browser also comes from this machine, and a reverse proxy on the same host makes the whole world come
from it; both are told apart by their headers.
"""

import ipaddress
import re
from collections.abc import Mapping

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts by which a program of the same machine names the server."""
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:\[\]@/]+)(:[0-9]{1,5})?")
"""A Host header: a name or a bracketed address, and perhaps a port."""
FORWARDED = ("forwarded", "x-forwarded-", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
"""How the headers begin that only a proxy sends, in lower case."""


def is_loopback(address: str) -> bool:
    """Tell whether an address to listen on, or one a connection comes from, is this machine's own."""
    if address == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port, in lower case; empty where it is not well-formed."""
    name = HOST.fullmatch(host.strip().casefold())
    return name["name"] if name else ""


def why_not_local(peer: str, headers: Mapping[str, str]) -> str:
    """Return why a connection is not one of this machine's own programs, or an empty string if it is.

    `headers` must be read case-blind, as the mappings of all HTTP servers are.
    """
    if not is_loopback(peer):
        return "the connection comes from another machine"
    proxied = next((name for name in headers if name.casefold().startswith(FORWARDED)), None)
    if proxied:
        return f"the connection came through a proxy ({proxied})"
    host = headers.get("Host", "")
    if host_name(host) not in LOCAL_NAMES:
        return "the connection names another host"
    origin = headers.get("Origin")
    own = host.strip().casefold()
    if origin is not None and origin.strip().casefold() not in (f"http://{own}", f"https://{own}"):
        return "the connection was made by a page of another site"
    return ""
