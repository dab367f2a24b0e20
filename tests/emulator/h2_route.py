"""The HTTP/2 route: a signed request whose body is signed chunks, each chained to the one before."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Mapping
from functools import partial

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError

from tests.emulator import eventstream
from tests.emulator.faults import Fault
from tests.emulator.refusal import Refusal
from tests.emulator.service import Opened, Service
from tests.emulator.sigv4 import Signer, check_chunk, check_headers
from tests.emulator.stream import Stream
from tests.emulator.ws_route import break_off, take_message

PATH = "/stream-transcription"
PREFIX = "x-amzn-transcribe-"
EARLY = 100
"""Pieces of a body that wait for the answer to its request."""


class Exchange:
    """One request and its answer: the wire of one stream."""

    def __init__(self, connection: "H2Route", number: int) -> None:
        self.number = number
        self.stalled = False
        self.stream: Stream | None = None
        self.signer: Signer | None = None
        self._connection = connection
        self._decoder = eventstream.Decoder()
        self._out = bytearray()
        self._ending = self._gone = False
        self._early: list[bytes] = []
        self._early_end = False

    def answer(self, opened: Opened, service: Service, faults: list[Fault]) -> None:
        """Answer a good request, and begin its stream."""
        headers = {f"{PREFIX}{name}": value for name, value in opened.answer.items()}
        headers = {"content-type": "application/vnd.amazon.eventstream", **headers}
        self._headers(200, headers)
        self.signer = opened.signer
        self.stream = service.begin("h2", opened, self, faults)
        for data in self._early:
            self.data(data)
        if self._early_end:
            self.ended()
        self._early.clear()

    def refuse(self, refusal: Refusal) -> None:
        """Refuse the request."""
        self._headers(refusal.status, {"content-type": "application/json", "x-amzn-errortype": refusal.code})
        self.send(json.dumps({"Message": refusal.message}).encode())
        self.finish()

    def data(self, data: bytes) -> None:
        """Take a piece of the request's body."""
        if self.stream is None or self.signer is None:
            # What follows a refusal is nobody's; what comes before an answer waits for it.
            if not self._ending and len(self._early) < EARLY:
                self._early.append(data)
            return
        now = time.monotonic()
        try:
            for chunk in self._decoder.push(data):
                if self.stream.over:
                    return
                self._chunk(chunk, self.stream, self.signer, now)
        except eventstream.MalformedError as problem:
            self.stream.refuse(Refusal(400, "SerializationException", str(problem)), now)

    def _chunk(self, chunk: eventstream.Message, stream: Stream, signer: Signer, now: float) -> None:
        record = stream.record
        try:
            check_chunk(signer, chunk, time.time() + stream.settings.clock)
        except Refusal as refusal:
            record.signatures_good = False
            stream.refuse(refusal, now)
            return
        record.signatures += 1
        if chunk.payload:
            take_message(eventstream.decode(chunk.payload), stream, now)
        else:
            stream.client_ended(now)

    def ended(self) -> None:
        """Take the end of the request's body."""
        if self.stream is None:
            self._early_end = True
        else:
            self.stream.client_ended(time.monotonic())

    def lost(self, why: str) -> None:
        """Take it that the client is gone."""
        self._gone = True
        if self.stream is not None:
            self.stream.client_lost(why)

    def send(self, data: bytes) -> None:
        self._out += data
        self.pump()

    def finish(self) -> None:
        self._ending = True
        self.pump()

    def cut(self, kind: str) -> None:
        self._gone = True
        self._connection.cut(kind, self.number)

    def hold(self, kind: str) -> None:
        self.stalled = True
        if kind == "black-hole":
            self._connection.freeze()

    def pump(self) -> None:
        """Send what the client's windows have room for."""
        try:
            self._pump(self._connection.h2)
        except ProtocolError as problem:
            self.lost(str(problem))
        self._connection.flush()

    def _pump(self, h2: H2Connection) -> None:
        while self._out and not self._gone:
            room = min(h2.local_flow_control_window(self.number), h2.max_outbound_frame_size)
            if room <= 0:
                break
            h2.send_data(self.number, bytes(self._out[:room]))
            del self._out[:room]
        if self._ending and not self._out and not self._gone:
            self._gone = True
            h2.end_stream(self.number)

    def _headers(self, status: int, headers: Mapping[str, str]) -> None:
        if self._gone:
            return
        fields = [(":status", str(status)), ("x-amzn-request-id", str(uuid.uuid4())), *headers.items()]
        try:
            self._connection.h2.send_headers(self.number, fields)
        except ProtocolError as problem:
            self.lost(str(problem))
        self._connection.flush()


class H2Route(asyncio.Protocol):
    """One connection; serves any number of streams."""

    def __init__(self, service: Service) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._service = service
        self._transport: asyncio.Transport | None = None
        self._frozen = False
        self._exchanges: dict[int, Exchange] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.h2.initiate_connection()
        self.flush()

    def data_received(self, data: bytes) -> None:
        if self._frozen:
            return
        try:
            for event in self.h2.receive_data(data):
                self._on(event)
        except ProtocolError:
            self.flush()
            if self._transport is not None:
                self._transport.close()
            return
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        for exchange in self._exchanges.values():
            exchange.lost(str(exc or "disconnected"))
        self._transport = None

    def flush(self) -> None:
        """Write what is ready."""
        if self._transport is not None and not self._frozen and not self._transport.is_closing():
            self._transport.write(self.h2.data_to_send())

    def freeze(self) -> None:
        """Read and write nothing more."""
        self._frozen = True
        if self._transport is not None:
            self._transport.pause_reading()

    def cut(self, kind: str, number: int) -> None:
        """Break off a stream, or the connection."""
        if self._transport is None:
            return
        # A stream that its client has already left cannot be ended twice.
        with contextlib.suppress(ProtocolError):
            match kind:
                case "rst-stream":
                    self.h2.reset_stream(number, ErrorCodes.INTERNAL_ERROR)
                case "end":
                    self.h2.end_stream(number)
                case "goaway":
                    self.h2.close_connection(ErrorCodes.NO_ERROR)
                    self.flush()
                    self._transport.close()
                case _:
                    break_off(self._transport, kind)
        self.flush()

    def _on(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._request(event.stream_id, [(_text(name), _text(value)) for name, value in event.headers])
            case DataReceived():
                self._data(event)
            case StreamEnded():
                if exchange := self._exchanges.get(event.stream_id):
                    exchange.ended()
            case StreamReset():
                if exchange := self._exchanges.pop(event.stream_id, None):
                    exchange.lost("reset")
            case WindowUpdated() | RemoteSettingsChanged():
                for exchange in list(self._exchanges.values()):
                    exchange.pump()
            case ConnectionTerminated() if self._transport is not None:
                self._transport.close()

    def _data(self, event: DataReceived) -> None:
        exchange = self._exchanges.get(event.stream_id)
        length = event.flow_controlled_length or 0
        if exchange is None or not exchange.stalled:
            self.h2.acknowledge_received_data(length, event.stream_id)
        elif length:
            # The stream gets no room; the others on this connection must not suffer.
            self.h2.increment_flow_control_window(length)
        if exchange is not None:
            exchange.data(event.data or b"")

    def _request(self, number: int, fields: list[tuple[str, str]]) -> None:
        headers = {name: value for name, value in fields if not name.startswith(":")}
        pseudo = {name: value for name, value in fields if name.startswith(":")}
        headers.setdefault("host", pseudo.get(":authority", ""))
        exchange = self._exchanges[number] = Exchange(self, number)
        opening, faults = self._service.arriving("h2")
        delay = 0.0
        for fault in opening:
            if fault.kind == "no-response":
                return
            delay += fault.seconds if fault.kind == "slow-headers" else 0.0
        try:
            if (method := pseudo.get(":method", "")) != "POST" or pseudo.get(":path") != PATH:
                raise Refusal(404, "UnknownOperationException", f"There is nothing at {method} {pseudo.get(':path')}")
            given = {name.removeprefix(PREFIX): text for name, text in headers.items() if name.startswith(PREFIX)}
            opened = self._service.open(
                "h2", opening, lambda account: check_headers(account, "POST", PATH, headers), given
            )
        except Refusal as refusal:
            answer = partial(exchange.refuse, refusal)
        else:
            answer = partial(exchange.answer, opened, self._service, faults)
        if delay:
            asyncio.get_running_loop().call_later(delay, answer)
        else:
            answer()


def _text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
