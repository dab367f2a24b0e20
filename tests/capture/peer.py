"""The server's side of the audio protocol, as a test wants it: right by default, wrong on command.

A real server of real sockets that keeps the sound it gets, joined by offset, and notes whatever a capture must not do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from rtt.core.wire.audio import (
    Ack,
    Clock,
    End,
    Ended,
    Gap,
    Hello,
    Ready,
    decode_audio,
    encode,
    parse_client,
)


@dataclass
class Peer:
    """Settings first (they may be changed at run time), then what was seen."""

    port: int = 0
    ack_every: float = 0.02
    window: int = 20
    behind: int = 0
    """Samples by which the engine is behind what is received."""
    hear: int | None = None
    """Highest sample the engine is fed, whatever is received."""
    settle: bool = True
    acks: bool = True
    """False: takes sound and says nothing of it."""
    reads: bool = True
    """False: does not even take it."""
    ends: bool = True
    """False: never answers `end`."""
    settled_at_end: int | None = None
    unheard: tuple[tuple[int, int], ...] = ()
    cuts: list[int] = field(default_factory=list)
    """Messages after which each connection, in turn, is cut without a word; then none."""
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """Close codes and reasons for the connections to come, in turn; given after hello."""
    before_refusal: list[str | bytes] = field(default_factory=list)
    """Frames sent before each refusal."""
    resume: Callable[[Hello, int], int] | None = None
    """Where to resume, from the hello and the first sample not received."""
    says: list[str | bytes] = field(default_factory=list)
    """Frames sent after ready, on the first connection that gets there."""
    mute: int = 0
    """Connections to come that never get `ready`."""
    before_ready: list[str | bytes] = field(default_factory=list)

    hellos: list[Hello] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    endings: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    """All samples in order, zeros in gaps."""
    holes: int = 0
    """Frames that began beyond the sound without an announced gap."""
    repeated: int = 0
    """Samples that came again."""
    furthest: int = 0
    """Most samples by which a frame went beyond what the capture knew to be heard."""
    frames: int = 0

    _server: Server | None = None
    _received: int = 0
    _first: int | None = None
    _session: str = ""
    _known_heard: int = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def received(self) -> int:
        return self._received

    async def __aenter__(self) -> Self:
        self._server = await serve(self._serve, "127.0.0.1", self.port, compression=None, close_timeout=0.2)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for socket in list(self._server.connections):
            socket.transport.abort()
        await self._server.wait_closed()

    async def cut_all(self) -> None:
        """Cut every connection without a word."""
        assert self._server is not None
        for socket in list(self._server.connections):
            socket.transport.abort()

    async def say(self, frame: str | bytes) -> None:
        """Send a frame to whoever is connected."""
        assert self._server is not None
        for socket in list(self._server.connections):
            await socket.send(frame)

    async def _serve(self, socket: ServerConnection) -> None:
        request = socket.request
        assert request is not None
        self.paths.append(request.path)
        self.headers.append(dict(request.headers.raw_items()))
        try:
            await self._talk(socket)
        except ConnectionClosed:
            return

    async def _talk(self, socket: ServerConnection) -> None:
        first = await socket.recv()
        assert isinstance(first, str)
        hello = parse_client(first)
        assert isinstance(hello, Hello)
        self.hellos.append(hello)
        if self.refusals:
            for frame in self.before_refusal:
                await socket.send(frame)
            await socket.close(*self.refusals.pop(0))
            return
        if self.mute:
            self.mute -= 1
            await socket.wait_closed()
            return
        if hello.session != self._session:
            self._session, self._first = hello.session, None
        if self._first is None:
            self._first = self._received = hello.first
            del self.sound[2 * hello.first :]
        for frame in self.before_ready:
            await socket.send(frame)
        resume = self._received if self.resume is None else self.resume(hello, self._received)
        if hello.first <= resume <= hello.next and resume < self._received:
            self._received = resume  # what came after it was lost with the server
            del self.sound[2 * resume :]
        self._known_heard = resume
        await socket.send(encode(Ready(hello.session, resume, "peer", "en-US", self.window)))
        while self.says:
            await socket.send(self.says.pop(0))
        acking = asyncio.create_task(self._ack(socket))
        try:
            await self._take(socket)
        finally:
            acking.cancel()
            await asyncio.wait([acking])

    async def _take(self, socket: ServerConnection) -> None:
        left = self.cuts.pop(0) if self.cuts else None
        while True:
            while not self.reads:
                await asyncio.sleep(0.01)
            message = await socket.recv()
            if isinstance(message, bytes):
                self._audio(*decode_audio(message))
            else:
                match parse_client(message):
                    case Gap() as gap:
                        self.gaps.append(gap)
                        self._gap(gap)
                    case Clock() as clock:
                        self.clocks.append(clock)
                    case End() as end:
                        self.endings.append(end.samples)
                        if self.ends and left != 1:
                            settled = end.samples if self.settled_at_end is None else self.settled_at_end
                            await socket.send(encode(Ended(settled, self.unheard)))
                            await socket.close(1000)
                            return
            if left is not None:
                left -= 1
                if left <= 0:
                    socket.transport.abort()
                    return

    def _audio(self, offset: int, pcm: bytes) -> None:
        self.frames += 1
        end = offset + len(pcm) // 2
        self.furthest = max(self.furthest, end - self._known_heard)
        self._join(offset, end, pcm)

    def _gap(self, gap: Gap) -> None:
        self._join(gap.from_, gap.to, bytes(2 * (gap.to - gap.from_)))

    def _join(self, start: int, end: int, pcm: bytes) -> None:
        if start > self._received:
            self.holes += 1
        self.repeated += max(0, min(end, self._received) - start)
        self.sound[2 * self._received :] = b""
        self.sound += pcm[2 * max(0, self._received - start) :]
        self._received = max(self._received, end)

    async def _ack(self, socket: ServerConnection) -> None:
        try:
            while True:
                if self.acks and self.reads:
                    heard = max(0, self._received - self.behind)
                    heard = heard if self.hear is None else min(heard, self.hear)
                    settled = heard if self.settle else 0
                    # Known before it is sent: the capture may use it before this task goes on.
                    self._known_heard = max(self._known_heard, heard)
                    await socket.send(encode(Ack(self._received, heard, settled)))
                await asyncio.sleep(self.ack_every)
        except ConnectionClosed:
            return
