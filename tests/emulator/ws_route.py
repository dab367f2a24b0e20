"""The WebSocket route: a presigned URL, one event-stream message a frame, no signatures in the frames."""

import asyncio
import contextlib
import socket
import struct
import time
import uuid
from collections.abc import Mapping

from aiohttp import WSMsgType, web

from tests.emulator import eventstream
from tests.emulator.faults import Fault
from tests.emulator.refusal import Refusal, bad_request
from tests.emulator.service import Opened, Service
from tests.emulator.sigv4 import check_presigned
from tests.emulator.stream import Stream

PATH = "/stream-transcription-websocket"
CLOSE = {"goaway": 1001, "rst-stream": 1011, "end": 1000}
CLOSE_SECONDS = 2.0
"""So long the client may take to answer a close frame."""


class WebSocketWire:
    """Carries the answers of one stream."""

    def __init__(self, request: web.Request) -> None:
        self.out: asyncio.Queue[bytes | int | str] = asyncio.Queue()
        """Messages; a number closes with that code, a name breaks the connection off."""
        self.held = asyncio.Event()
        """Set when nothing is to be read any more."""
        self._request = request

    def send(self, data: bytes) -> None:
        self.out.put_nowait(data)

    def finish(self) -> None:
        self.out.put_nowait(1000)

    def cut(self, kind: str) -> None:
        self.out.put_nowait(CLOSE.get(kind, kind))

    @property
    def lost(self) -> bool:
        """True once the connection is gone."""
        return self._request.transport is None or self._request.transport.is_closing()

    def hold(self, kind: str) -> None:
        self.held.set()


def break_off(transport: asyncio.BaseTransport, kind: str) -> None:
    """End a TCP connection by RST (`rst`) or by a bare FIN (`fin`), without TLS or WebSocket goodbye."""
    raw = transport.get_extra_info("socket")
    if raw is None:
        return
    with contextlib.suppress(OSError):
        if kind == "rst":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            raw.shutdown(socket.SHUT_WR)
    if kind == "rst":
        transport.abort()  # type: ignore[attr-defined]
    else:
        # What the client has under way must be read, or the kernel makes an RST of the end.
        asyncio.get_running_loop().call_later(1.0, transport.abort)  # type: ignore[attr-defined]


class WebSocketRoute:
    """Serves the route."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.app = web.Application()
        self.app.router.add_get(PATH, self._serve)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        opening, faults = self._service.arriving("ws")
        raw = request.rel_url.raw_query_string
        try:
            given = {name: value for name, value in request.query.items() if not name.startswith("X-Amz-")}
            opened = self._service.open(
                "ws",
                opening,
                lambda account: check_presigned(account, PATH, raw, request.headers.get("Host", "")),
                given,
            )
        except Refusal as refusal:
            await self._delay(opening, request)
            return refused(refusal)
        await self._delay(opening, request)
        socket_ = web.WebSocketResponse(compress=False, max_msg_size=eventstream.LONGEST, timeout=CLOSE_SECONDS)
        socket_.headers.update(_answer(opened))
        await socket_.prepare(request)
        wire = WebSocketWire(request)
        stream = self._service.begin("ws", opened, wire, faults)
        reading = asyncio.ensure_future(self._read(socket_, wire, stream))
        writing = asyncio.ensure_future(self._write(socket_, wire, request, reading))
        try:
            await asyncio.wait({reading})
            if stream.over:
                await writing
            if not reading.cancelled():
                reading.result()
        finally:
            stream.client_lost("disconnected")
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
        return socket_

    @staticmethod
    async def _delay(opening: list[Fault], request: web.Request) -> None:
        """Wait as the faults at opening say; for ever ends when the client goes."""
        for fault in opening:
            if fault.kind == "slow-headers":
                await asyncio.sleep(fault.seconds)
            while fault.kind == "no-response" and request.transport and not request.transport.is_closing():
                await asyncio.sleep(0.05)

    @staticmethod
    async def _write(
        socket_: web.WebSocketResponse, wire: WebSocketWire, request: web.Request, reading: asyncio.Future[None]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while isinstance(item := await wire.out.get(), bytes):
                await socket_.send_bytes(item)
            if isinstance(item, str):
                if request.transport is not None:
                    break_off(request.transport, item)
                return
            # aiohttp reads on to the client's close frame only if nobody else reads; dropping what is under way
            # would make an RST of the end, and the client would never see the code.
            reading.cancel()
            await asyncio.wait({reading})
            await socket_.close(code=item)

    @staticmethod
    async def _read(socket_: web.WebSocketResponse, wire: WebSocketWire, stream: Stream) -> None:
        async for frame in socket_:
            now = time.monotonic()
            if frame.type is WSMsgType.BINARY:
                _take(frame.data, stream, now)
            elif frame.type is WSMsgType.TEXT:
                stream.refuse(bad_request("A frame must be binary."), now)
            while wire.held.is_set() and not stream.over and not wire.lost:
                await asyncio.sleep(0.05)


def refused(refusal: Refusal) -> web.Response:
    """Return a refusal as HTTP."""
    return web.json_response(
        {"Message": refusal.message},
        status=refusal.status,
        headers={"x-amzn-errortype": refusal.code, "x-amzn-requestid": str(uuid.uuid4())},
    )


def _answer(opened: Opened) -> Mapping[str, str]:
    headers = {f"x-amzn-transcribe-{name}": value for name, value in opened.answer.items()}
    return {"x-amzn-requestid": str(uuid.uuid4()), **headers}


def _take(data: bytes, stream: Stream, now: float) -> None:
    try:
        message = eventstream.decode(data)
    except eventstream.MalformedError as problem:
        stream.refuse(Refusal(400, "SerializationException", str(problem)), now)
        return
    take_message(message, stream, now)


def take_message(message: eventstream.Message, stream: Stream, now: float) -> None:
    """Hand the audio in a message to its stream; an empty one ends the sound."""
    if message.headers.get(":message-type") != "event" or message.headers.get(":event-type") != "AudioEvent":
        stream.refuse(bad_request("Only events of type AudioEvent are taken."), now)
    elif message.payload:
        stream.audio(message.payload, now)
    else:
        stream.client_ended(now)
