"""The event-stream framing of AWS, written apart from any SDK so that the two check each other.

A message is: total length, length of the headers, CRC-32 of these two; headers; payload; CRC-32 of all before it. All
integers are big-endian. Source: the public specification "Amazon event stream encoding".
"""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PRELUDE = 12
LONGEST = 1024 * 1024
"""Bytes of the longest message that is taken."""

_TRUE, _FALSE, _BYTE, _SHORT, _INT, _LONG, _BYTES, _STRING, _STAMP, _UUID = range(10)
_NUMBERS = {_BYTE: ">b", _SHORT: ">h", _INT: ">i", _LONG: ">q"}


class MalformedError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as headers carry it: milliseconds since 1970."""

    milliseconds: int


Value = bool | int | bytes | str | Stamp


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    headers: Mapping[str, Value]
    payload: bytes


def encode_headers(headers: Mapping[str, Value]) -> bytes:
    """Return the headers as bytes, in their order; integers become 32-bit ones."""
    parts = []
    for name, value in headers.items():
        raw = name.encode()
        parts.append(bytes([len(raw)]) + raw + _value(value))
    return b"".join(parts)


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return bytes([_TRUE if value else _FALSE])
        case int():
            return struct.pack(">Bi", _INT, value)
        case bytes():
            return struct.pack(">BH", _BYTES, len(value)) + value
        case str():
            raw = value.encode()
            return struct.pack(">BH", _STRING, len(raw)) + raw
        case Stamp():
            return struct.pack(">Bq", _STAMP, value.milliseconds)


def encode(headers: Mapping[str, Value], payload: bytes, *, spoiled: bool = False) -> bytes:
    """Return a message as bytes; `spoiled` makes its last checksum wrong."""
    raw = encode_headers(headers)
    prelude = struct.pack(">II", PRELUDE + len(raw) + len(payload) + 4, len(raw))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + raw + payload
    return body + struct.pack(">I", zlib.crc32(body) ^ spoiled)


def event(kind: str, content: Any) -> bytes:
    """Return a JSON event of the service."""
    headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    return encode(headers, json.dumps(content).encode())


def exception(code: str, message: str) -> bytes:
    """Return a modelled exception."""
    headers = {":message-type": "exception", ":exception-type": code, ":content-type": "application/json"}
    return encode(headers, json.dumps({"Message": message}).encode())


def error(code: str, message: str) -> bytes:
    """Return an unmodelled error: no payload, all of it in headers."""
    return encode({":message-type": "error", ":error-code": code, ":error-message": message}, b"")


class Decoder:
    """Takes bytes in pieces of any size and gives whole messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    def push(self, data: bytes) -> list[Message]:
        """Take bytes; return the messages that are whole now. Raises `MalformedError`; after that, drop the stream."""
        self._held += data
        found = []
        while len(self._held) >= PRELUDE:
            total, length, check = struct.unpack_from(">III", self._held)
            if zlib.crc32(bytes(self._held[:8])) != check:
                raise MalformedError("The checksum of the prelude is wrong")
            if not PRELUDE + 4 + length <= total <= LONGEST:
                raise MalformedError(f"A message cannot have {total} bytes with {length} of headers")
            if len(self._held) < total:
                break
            raw = bytes(self._held[:total])
            del self._held[:total]
            found.append(_message(raw, length))
        return found

    @property
    def empty(self) -> bool:
        """True if no message is begun."""
        return not self._held


def decode(data: bytes) -> Message:
    """Return the one message that `data` is; raises `MalformedError`."""
    decoder = Decoder()
    messages = decoder.push(data)
    if len(messages) != 1 or not decoder.empty:
        raise MalformedError(f"{len(data)} bytes are {len(messages)} messages and a rest, not one")
    return messages[0]


def _message(raw: bytes, length: int) -> Message:
    if zlib.crc32(raw[:-4]) != struct.unpack(">I", raw[-4:])[0]:
        raise MalformedError("The checksum of the message is wrong")
    try:
        return Message(_headers(raw[PRELUDE : PRELUDE + length]), raw[PRELUDE + length : -4])
    except (struct.error, IndexError, UnicodeDecodeError) as problem:
        raise MalformedError(f"The headers cannot be read: {problem}") from problem


def _headers(raw: bytes) -> dict[str, Value]:
    headers: dict[str, Value] = {}
    at = 0
    while at < len(raw):
        end = at + 1 + raw[at]
        name, kind = raw[at + 1 : end].decode(), raw[end]
        at = end + 1
        value: Value
        if kind in (_TRUE, _FALSE):
            value = kind == _TRUE
        elif kind in _NUMBERS:
            (value,) = struct.unpack_from(_NUMBERS[kind], raw, at)
            at += struct.calcsize(_NUMBERS[kind])
        elif kind in (_BYTES, _STRING):
            (size,) = struct.unpack_from(">H", raw, at)
            part = raw[at + 2 : at + 2 + size]
            if len(part) != size:
                raise MalformedError(f"Header {name} is cut")
            value = part.decode() if kind == _STRING else part
            at += 2 + size
        elif kind == _STAMP:
            value = Stamp(struct.unpack_from(">q", raw, at)[0])
            at += 8
        elif kind == _UUID:
            value = raw[at : at + 16]
            at += 16
        else:
            raise MalformedError(f"Header {name} is of unknown type {kind}")
        if name in headers:
            raise MalformedError(f"Header {name} comes twice")
        headers[name] = value
    return headers
