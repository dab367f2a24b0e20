"""Reads a room's captions for ever: an async iterator that survives cuts without a hole and without a double.

::

    async with aclosing(read_captions(server, "aula1")) as news:
        async for one in news:
            ...

A display sends `seen` once it has shown a final: here that is when the iterator is asked for more.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from rtt.core.errors import LinkError
from rtt.core.retry import backoff
from rtt.core.wire.bounds import SEEN_PER_SECOND
from rtt.core.wire.codes import sentence
from rtt.core.wire.screen import Mode, Since
from rtt.display.address import Server
from rtt.display.follow import Final, Follower, News

QUIET_SECONDS = 5.0
"""Silence of the server after which a reader says so; the server speaks at least every 2 s."""
DEAD_SECONDS = 10.0
"""Silence after which the connection is given up for a new one."""
LASTING_SECONDS = 5.0
"""A connection that stood this long counts as a success: the next wait is short again."""


@dataclass(frozen=True, slots=True)
class Connected:
    """Captions arrive (again)."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Captions do not arrive; the reader keeps trying."""

    why: str


async def read_captions(
    server: Server,
    room: str,
    mode: Mode = Mode.FINALS,
    *,
    jitter: Callable[[], float] = random.random,
) -> AsyncGenerator[News | Connected | Lost, None]:
    """Yield what happens in a room, and `Connected` and `Lost` at each change.

    Ends never; raises `LinkError` where the server closes with a code that coming back would not change (4500-4999).
    """
    follower = Follower(partials=mode is not Mode.FINALS)
    waits = backoff(jitter)
    link = _Link()
    while True:
        began = time.monotonic()
        try:
            async with _connection(server, server.socket(room, mode, follower.since)) as socket:
                follower.reconnected()
                async with aclosing(_one_connection(socket, follower, link)) as news:
                    async for one in news:
                        yield one
        except ConnectionClosed as error:
            why = _why_closed(error)
        except (OSError, InvalidHandshake, InvalidMessage, TimeoutError) as error:
            why = _why_failed(error, server)
        # Only a connection that lasts is a success: one that is cut again at once must not be retried ever faster.
        if link.up and time.monotonic() - began >= LASTING_SECONDS:
            waits = backoff(jitter)
        if lost := link.down(why):
            yield lost
        await asyncio.sleep(next(waits))


class _Link:
    """Remembers what was said of the connection last, so that each change is said once."""

    def __init__(self) -> None:
        self.up = False
        self.said: Connected | Lost | None = None

    def heard(self) -> Connected | None:
        self.up = True
        if isinstance(self.said, Connected):
            return None
        self.said = Connected()
        return self.said

    def down(self, why: str) -> Lost | None:
        self.up = False
        # A server that is away is away for many reasons in turn; only the first is worth a line.
        if isinstance(self.said, Lost):
            return None
        self.said = Lost(why)
        return self.said


class _Seen:
    """Tells the server which final is on the glass, no more often than it listens."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._due: Since | None = None
        self._next = 0.0

    def shown(self, last: Since) -> None:
        self._due = last

    @property
    def wait(self) -> float | None:
        """Seconds until a `seen` may be sent, or None where none is due."""
        return None if self._due is None else max(0.0, self._next - time.monotonic())

    async def send(self) -> None:
        if self._due is None or self._next > time.monotonic():
            return
        body: dict[str, Any] = {"type": "seen", "epoch": self._due.epoch, "number": self._due.number}
        self._due, self._next = None, time.monotonic() + 1 / SEEN_PER_SECOND
        await self._socket.send(json.dumps(body))


async def _one_connection(
    socket: ClientConnection, follower: Follower, link: _Link
) -> AsyncGenerator[News | Connected | Lost, None]:
    seen = _Seen(socket)
    heard = time.monotonic()
    while True:
        await seen.send()
        silence = time.monotonic() - heard
        if silence >= DEAD_SECONDS:
            raise TimeoutError
        if silence >= QUIET_SECONDS and (lost := link.down("the server has said nothing for 5 seconds")):
            yield lost
        limit = (QUIET_SECONDS if silence < QUIET_SECONDS else DEAD_SECONDS) - silence
        if seen.wait is not None:
            limit = min(limit, seen.wait)
        try:
            async with asyncio.timeout(limit):
                data = await socket.recv()
        except TimeoutError:
            continue
        heard = time.monotonic()
        if connected := link.heard():
            yield connected
        for one in follower.take(data):
            yield one
            if isinstance(one, Final):
                seen.shown(Since(one.line.epoch, one.line.number))


def _connection(server: Server, address: str) -> connect:
    return connect(
        address,
        compression=None,  # it would cost the server 125 KiB for each screen
        ping_interval=None,  # a server that is well speaks every 2 s anyway
        open_timeout=DEAD_SECONDS,
        close_timeout=1,
        proxy=None if server.is_local else True,  # the proxy of the environment does not know this machine's own ports
    )


def _why_closed(error: ConnectionClosed) -> str:
    if error.rcvd is None:
        return "the connection broke"
    said = error.rcvd.reason or sentence(error.rcvd.code)
    if 4500 <= error.rcvd.code <= 4999:
        raise LinkError("The server sent this display away", said, code=error.rcvd.code) from error
    # 1000 comes back too, unlike a capture's: a display outlives every talk.
    return said


def _why_failed(error: Exception, server: Server) -> str:
    if isinstance(error, InvalidStatus):
        return f"{server.url} answers {error.response.status_code} where captions should be"
    if isinstance(error, TimeoutError):
        return f"{server.url} does not answer"
    if isinstance(error, ConnectionRefusedError):
        return f"no server listens at {server.url}"
    if isinstance(error, OSError):
        return f"{server.url} cannot be reached ({error.strerror or error})"
    return f"{server.url} does not speak as a server of captions does"
