"""A TCP proxy on loopback that fails on command.

::

    with FaultProxy(server_port) as proxy:
        connect(proxy.port)
        proxy.delay(0.5)        # both ways, in order, without slowing the rate
        proxy.swallow("down")   # half-open: what the server says is taken and thrown away
        proxy.freeze()          # black hole: nothing is taken any more, nobody is told
        proxy.cut()             # every connection ends with RST
        proxy.refuse()          # new connections find no server
        proxy.heal()            # all of it over

It works in a thread of its own, so plain and async tests use it alike; each command has taken effect when it returns.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

Way = Literal["up", "down", "both"]
"""`up` is towards the server, `down` towards its client."""
PIECE = 16 * 1024
"""Bytes moved at once."""
HELD = 64
"""Pieces held back per direction while they are delayed; then the sender has to wait."""


@dataclass
class _Rule:
    """What befalls one direction."""

    swallow: bool = False
    frozen: bool = False
    delay: float = 0.0
    rate: float = 0.0


class FaultProxy:
    """Forwards connections of `port` to `target` on loopback, as well as it is told to."""

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        """Where clients connect; chosen at start where 0 was given, and kept from then on."""
        self.accepted = 0
        """Connections taken so far."""
        self.moved = {"up": 0, "down": 0}
        """Bytes passed on so far, by direction."""
        self._rules = {"up": _Rule(), "down": _Rule()}
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        self._do(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._shut)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._writers) // 2

    def refuse(self) -> None:
        """Let new connections find no server; those that are open go on."""
        self._do(self._unlisten)

    def cut(self) -> None:
        """End every open connection with RST on both sides; new ones are served."""
        self._do(self._cut)

    def close(self) -> None:
        """End every open connection with FIN on both sides; new ones are served."""
        self._do(self._close)

    def delay(self, seconds: float, way: Way = "both") -> None:
        """Pass everything on later, in order."""
        self._set(way, "delay", seconds)

    def throttle(self, rate: float, way: Way = "both") -> None:
        """Pass on at most `rate` bytes a second per connection; 0 is no limit."""
        self._set(way, "rate", rate)

    def swallow(self, way: Way = "both") -> None:
        """Take what is sent and throw it away: the sender believes that all is well."""
        self._set(way, "swallow", True)

    def freeze(self, way: Way = "both") -> None:
        """Take nothing any more: the sender's buffers fill, and nobody is told."""
        self._set(way, "frozen", True)

    def heal(self) -> None:
        """End every fault; what was frozen goes on, what was swallowed stays lost."""

        async def healed() -> None:
            self._rules.update(up=_Rule(), down=_Rule())
            self._changed.set()
            await self._listen()

        self._do(healed)

    def _set(self, way: Way, name: str, value: float | bool) -> None:
        async def change() -> None:
            for one in ("up", "down") if way == "both" else (way,):
                setattr(self._rules[one], name, value)
            self._changed.set()

        self._do(change)

    def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(20)

    async def _listen(self) -> None:
        if self._server is None:
            # Both families of errors a test wants to see need the port to stay ours: reuse it at once.
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _unlisten(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self) -> None:
        for writer in tuple(self._writers):
            peer: socket.socket = writer.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        await self._drop()

    async def _close(self) -> None:
        for writer in tuple(self._writers):
            writer.close()
        await self._drop()

    async def _shut(self) -> None:
        await self._unlisten()
        await self._cut()

    async def _drop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writers.clear()

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        pair = {client_out}
        self._writers |= pair
        try:
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self.target)
            pair.add(server_out)
            self._writers |= pair
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump("up", client_in, server_out))
                group.create_task(self._pump("down", server_in, client_out))
        except (OSError, ExceptionGroup):
            pass  # one side is gone: so is the other
        except asyncio.CancelledError:
            # Before Python 3.12 the stream server logs a cancelled handler as an error: end as if done.
            if not task.cancelling():
                raise
        finally:
            self._tasks.discard(task)
            self._writers -= pair
            for writer in pair:
                writer.close()

    async def _pump(self, way: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        sink.transport.set_write_buffer_limits(high=PIECE)
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(HELD)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(way, source, waiting))
            group.create_task(self._give(way, waiting, sink))

    async def _take(self, way: str, source: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        while True:
            await self._thawed(way)
            data = await source.read(PIECE)
            await self._thawed(way)
            if self._rules[way].swallow:
                if not data:
                    return  # the end is swallowed too: the other side is never told
                continue
            await waiting.put((self._loop.time() + self._rules[way].delay, data))
            if not data:
                return

    async def _give(self, way: str, waiting: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._thawed(way)
            if not data:
                sink.write_eof()
                return
            while data:
                rate = self._rules[way].rate
                piece = data[: max(1, round(rate / 20))] if rate else data
                self.moved[way] += len(piece)  # first: who has received them all finds them counted
                sink.write(piece)
                await sink.drain()
                data = data[len(piece) :]
                await asyncio.sleep(len(piece) / rate if rate else 0)

    async def _thawed(self, way: str) -> None:
        while self._rules[way].frozen:
            self._changed.clear()
            await self._changed.wait()
