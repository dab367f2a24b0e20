"""What a server and its speech worker say to each other over two pipes.

A frame is one letter (`Kind`), four bytes of length (big-endian), then that many bytes. Every request gets exactly one
answer, in order. Requests carry s16le PCM at 16 kHz, answers carry JSON: words of (text, first frame, frame after the
last, confidence or null), where a frame is 10 ms counted from the first sample of the segment.
"""

import asyncio
import json
import struct
from enum import StrEnum
from typing import BinaryIO

HEADER = struct.Struct(">cI")
FRAME_MAX = 8 * 1024 * 1024
"""Bytes of the longest frame; four minutes of sound, more than any segment."""
FRAME_SAMPLES = 160
"""Samples of one decoder frame (10 ms)."""

Words = list[tuple[str, int, int, float | None]]
"""Words as they travel: text, first frame, frame after the last, confidence."""


class Kind(StrEnum):
    """The first letter of a frame."""

    MORE = "m"
    """More sound of the open segment, to be decoded as it comes; answered with the words so far."""
    DROP = "d"
    """The open segment is not speech: forget it; answered without words."""
    WHOLE = "w"
    """All sound of a segment that is over, to be decoded at once; answered with its words."""
    READY = "r"
    """The worker has loaded its model."""
    WORDS = "h"
    """Answer to a request."""
    FAILED = "f"
    """The worker cannot go on; the body is the reason."""


class FrameError(Exception):
    """The other side's bytes are no frame."""


def pack(kind: Kind, body: bytes = b"") -> bytes:
    """Return the frame for `body`."""
    return HEADER.pack(kind.encode(), len(body)) + body


def pack_words(words: Words) -> bytes:
    """Return the answer to a request."""
    return pack(Kind.WORDS, json.dumps(words, ensure_ascii=False).encode())


def unpack_words(body: bytes) -> Words:
    """Return the words of an answer; raises `FrameError` where the body holds none."""
    try:
        return [(str(text), int(first), int(after), conf) for text, first, after, conf in json.loads(body)]
    except (ValueError, TypeError) as error:
        raise FrameError("an answer holds no words") from error


def _header(head: bytes) -> tuple[Kind, int]:
    letter, length = HEADER.unpack(head)
    try:
        kind = Kind(letter.decode("latin-1"))
    except ValueError as error:
        raise FrameError(f"a frame begins with {letter!r}") from error
    if length > FRAME_MAX:
        raise FrameError(f"a frame claims {length} bytes")
    return kind, length


def read(pipe: BinaryIO) -> tuple[Kind, bytes] | None:
    """Read one frame, waiting for it; None where the other side has gone."""
    head = pipe.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    kind, length = _header(head)
    body = pipe.read(length)
    return (kind, body) if len(body) == length else None


async def receive(stream: asyncio.StreamReader) -> tuple[Kind, bytes] | None:
    """Read one frame in an event loop; None where the other side has gone."""
    try:
        kind, length = _header(await stream.readexactly(HEADER.size))
        return kind, await stream.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
