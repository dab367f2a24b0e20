"""Messages between a capture and the server (DESIGN 4, SESSIONS A).

Binary: 8 bytes big-endian, the session's offset of the first sample, then s16le mono PCM at 16 kHz.
Text: JSON, one of the dataclasses below; `parse_client` and `parse_server` read, `encode` writes.
"""

import json
import struct
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar
from uuid import UUID

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.wire.bounds import (
    FRAME_MAX_SECONDS,
    MOMENT_MAX,
    OFFSET_MAX,
    PROTOCOL,
    TEXT_MAX,
    is_language,
)
from rtt.core.wire.codes import Close

OFFSET = struct.Struct(">Q")


def malformed(why: str) -> LinkError:
    """Return the error for a message that breaks the protocol."""
    return LinkError("The server could not read a message of the capture", why, code=Close.MALFORMED)


@dataclass(frozen=True, slots=True)
class Hello:
    """Opens a session or resumes it: samples `first` to `next` - 1 are still held by the capture."""

    type: ClassVar = "hello"
    session: str
    attempt: int
    first: int
    next: int
    language: str = ""
    rate: int = RATE
    protocol: int = PROTOCOL
    at: float = 0.0
    """Wall-clock time of sample `next`, in seconds since 1970; 0 if not told."""
    late: bool = False
    """True for sound of an earlier talk: a new session of it does not hold the room (SESSIONS 24)."""
    takeover: bool = False
    """True where the session that is live in the room is to be ended for this one (SESSIONS 7)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples `from_` to `to` - 1 do not exist; never filled with text."""

    type: ClassVar = "gap"
    from_: int
    to: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Sample `sample` was captured at wall-clock time `at` (SESSIONS 19)."""

    type: ClassVar = "clock"
    sample: int
    at: float


@dataclass(frozen=True, slots=True)
class End:
    """The talk is over: it has `samples` samples."""

    type: ClassVar = "end"
    samples: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The server takes the session: send from sample `resume`, at most `window` seconds ahead."""

    type: ClassVar = "ready"
    session: str
    resume: int
    engine: str
    language: str
    window: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Samples in the server, fed to the engine, and settled (SESSIONS 4 and 5)."""

    type: ClassVar = "ack"
    received: int
    heard: int
    settled: int


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the capture's operator; `code` is for programs."""

    type: ClassVar = "notice"
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Drain:
    """The server stops within `deadline` seconds; another will take the session."""

    type: ClassVar = "drain"
    deadline: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Answer to `end`: what is settled, and the stretches of voice that gave no text."""

    type: ClassVar = "ended"
    settled: int
    unheard: tuple[tuple[int, int], ...] = ()


ClientMessage = Hello | Gap | Clock | End
ServerMessage = Ready | Ack | Notice | Drain | Ended


def encode(message: ClientMessage | ServerMessage) -> str:
    """Return the JSON text of a message."""
    body = {name.rstrip("_"): value for name, value in asdict(message).items()}
    return json.dumps({"type": message.type, **body}, ensure_ascii=False, separators=(",", ":"))


def encode_audio(offset: int, pcm: bytes) -> bytes:
    """Return the binary frame for `pcm` (s16le), whose first sample is `offset`."""
    return OFFSET.pack(offset) + pcm


def decode_audio(frame: bytes) -> tuple[int, bytes]:
    """Return the offset and the PCM of a binary frame.

    Raises `LinkError` (malformed) for a short, odd-length, over-long or impossibly placed frame.
    """
    pcm = frame[OFFSET.size :]
    if len(frame) < OFFSET.size:
        raise malformed(f"an audio frame of {len(frame)} bytes has no offset")
    check_pcm(pcm)
    if len(pcm) % 2:
        raise malformed("an audio frame has half a sample at its end")
    (offset,) = OFFSET.unpack_from(frame)
    if offset + len(pcm) // 2 >= OFFSET_MAX:
        raise malformed(f"the offset {offset} of an audio frame is beyond all sessions")
    return offset, pcm


def check_pcm(pcm: bytes) -> None:
    """Raise `LinkError` (malformed) for more than one second of PCM in one frame."""
    if len(pcm) > FRAME_MAX_SECONDS * RATE * 2:
        raise malformed(f"an audio frame of {len(pcm) / RATE / 2:.1f} s is longer than {FRAME_MAX_SECONDS:.0f} s")


def parse_client(text: str) -> ClientMessage:
    """Read a capture's message; raises `LinkError` with the close code it deserves."""
    if len(text.encode(errors="replace")) > TEXT_MAX:
        raise malformed(f"a message is longer than {TEXT_MAX} bytes")
    message: ClientMessage = _parse(text, {"hello": Hello, "gap": Gap, "clock": Clock, "end": End})
    match message:
        case Hello():
            _check_hello(message)
        case Gap():
            _sample("from", message.from_)
            _sample("to", message.to)
            if message.to <= message.from_:
                raise malformed("a gap ends before it begins")
        case Clock():
            _sample("sample", message.sample)
            _moment(message.at)
        case End():
            _sample("samples", message.samples)
    return message


def parse_server(text: str) -> ServerMessage | None:
    """Read a server's message; None for a type that this version does not know."""
    kinds = {"ready": Ready, "ack": Ack, "notice": Notice, "drain": Drain, "ended": Ended}
    try:
        message: ServerMessage = _parse(text, kinds)
    except _UnknownTypeError:
        return None
    return message


class _UnknownTypeError(LinkError):
    """The message names a type that is not in the table."""


def _parse(text: str, kinds: dict[str, Any]) -> Any:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise malformed("a text message is not JSON") from error
    if not isinstance(body, dict):
        raise malformed("a text message is not a JSON object")
    kind = kinds.get(body["type"]) if isinstance(body.get("type"), str) else None
    if kind is None:
        name = str(body.get("type"))[:40]
        raise _UnknownTypeError("A message has an unknown type", repr(name), code=Close.MALFORMED)
    values = {}
    for field in fields(kind):
        key = field.name.rstrip("_")
        if key in body:
            values[field.name] = _typed(key, body[key], field.type)
    try:
        return kind(**values)
    except TypeError as error:
        missing = [f.name.rstrip("_") for f in fields(kind) if f.name not in values and f.default is MISSING]
        raise malformed(f"a {body['type']} message lacks {', '.join(missing)}") from error


def _typed(key: str, value: Any, kind: Any) -> Any:
    """Return `value` as the field's type; JSON has no tuples and writes 1.0 as 1."""
    if kind is float and type(value) is int and abs(value) < OFFSET_MAX:
        return float(value)
    if kind in (int, str, float, bool):
        if type(value) is not kind:
            raise malformed(f"{key} is not of type {kind.__name__}")
        return value.encode(errors="replace").decode() if kind is str else value
    if not isinstance(value, list):
        raise malformed(f"{key} is not a list")
    for pair in value:
        if not isinstance(pair, list) or [type(part) for part in pair] != [int, int]:
            raise malformed(f"{key} is not a list of pairs of samples")
    return tuple((start, end) for start, end in value)


def _sample(name: str, value: int) -> None:
    if not 0 <= value < OFFSET_MAX:
        raise malformed(f"{name} is not a sample of any session")


def _moment(at: float) -> None:
    if not 0 <= at < MOMENT_MAX:  # not a number is refused by this too: no reader of captions could parse it
        raise malformed("at is not a time of any calendar")


def _check_hello(hello: Hello) -> None:
    if hello.protocol != PROTOCOL:
        raise LinkError(
            "The capture speaks another version of the protocol",
            f"it speaks {hello.protocol}, the server {PROTOCOL}",
            "Use the same version of rtt on both sides",
            code=Close.PROTOCOL,
        )
    try:
        canonical = str(UUID(hello.session))
    except ValueError as error:
        raise malformed("the session of a hello is not a UUID") from error
    if hello.session.lower() != canonical:  # other spellings of one UUID would be other sessions, with other files
        raise malformed("the session of a hello is not a UUID as it is commonly written")
    if hello.rate != RATE:
        raise malformed(f"the rate is {hello.rate}, not {RATE} samples a second")
    if hello.language and not is_language(hello.language):
        raise malformed("the language of a hello is not a language tag such as it-IT")
    _sample("first", hello.first)
    _sample("next", hello.next)
    _moment(hello.at)
    if hello.next < hello.first or hello.attempt < 1:
        raise malformed("first, next or attempt of a hello cannot be")
