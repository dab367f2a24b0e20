"""How sound lies on disk until it is settled: segments, each a file of records.

A segment begins with one line of JSON, so that whoever finds it knows what it is. Then record after record: a head
(`HEAD`: kind, first sample, length and CRC-32 of the body), then the body. A record that is torn (power cut, kill -9)
or does not match its sum ends its segment: what was written before it counts.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rtt.core.caption import RATE
from rtt.core.wire.bounds import FRAME_MAX_SECONDS

HEAD = struct.Struct(">cQII")
"""Kind, first sample, bytes of the body, CRC-32 of kind, first sample and body."""
TITLE = {"rtt": "spool", "version": 1, "rate": RATE, "sound": "s16le mono"}
"""What the first line of a segment says."""
BODY_MAX = round(4 * 2 * FRAME_MAX_SECONDS * RATE)
"""Bytes of a body; more is no record of ours."""


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM (s16le) from sample `start` on."""

    start: int
    pcm: bytes

    @property
    def end(self) -> int:
        """First sample after it."""
        return self.start + len(self.pcm) // 2


@dataclass(frozen=True, slots=True)
class Missing:
    """Samples `start` to `end` - 1 are a gap, whatever was written of them before."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How the session stood: nothing before `first` is needed any more, below `settled` all is settled."""

    first: int
    settled: int
    sample: int
    """A sample, and its wall-clock time `at` in seconds since 1970."""
    at: float


Record = Sound | Missing | Mark


def title() -> bytes:
    """Return the first line of a segment."""
    return json.dumps(TITLE).encode() + b"\n"


def encode(record: Record) -> bytes:
    """Return a record as it is written."""
    match record:
        case Sound(start, pcm):
            return _framed(b"A", start, pcm)
        case Missing(start, end, why):
            return _framed(b"G", start, json.dumps({"end": end, "why": why}).encode())
        case Mark(first, settled, sample, at):
            body = {"settled": settled, "sample": sample, "at": at}
            return _framed(b"M", first, json.dumps(body).encode())


def write(descriptor: int, data: bytes) -> None:
    """Write all of `data`; a disk may take a part and refuse the rest with an OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a segment up to its end or to what is torn; raises OSError where it cannot be read."""
    with path.open("rb") as file:
        if file.readline(1000) != title():
            return
        while len(head := file.read(HEAD.size)) == HEAD.size:
            kind, start, length, crc = HEAD.unpack(head)
            body = file.read(length) if length <= BODY_MAX else b""
            if len(body) < length or crc != _sum(kind, start, body):
                return
            if (record := _decoded(kind, start, body)) is not None:
                yield record


def _framed(kind: bytes, start: int, body: bytes) -> bytes:
    return HEAD.pack(kind, start, len(body), _sum(kind, start, body)) + body


def _sum(kind: bytes, start: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(kind + start.to_bytes(8, "big")))


def _decoded(kind: bytes, start: int, body: bytes) -> Record | None:
    """Return the record, or None for a kind that a later version may have added."""
    if kind == b"A":
        return Sound(start, body)
    if kind == b"G":
        values = json.loads(body)
        return Missing(start, values["end"], values["why"])
    if kind == b"M":
        return Mark(start, **json.loads(body))
    return None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples `start` to `end` - 1: sound on disk where `why` is None, else a gap."""

    start: int
    end: int
    why: str | None


def stretches(sound: Iterable[tuple[int, int]], gaps: Iterable[Missing], hole: str) -> list[Stretch]:
    """Return what is held, in one row without holes: gaps count before sound, and what is neither is a gap, too.

    `sound` are the stretches that were read, in any order; `hole` says why where nothing else does. Adjacent gaps are
    one. The work is of the order of the records, never of the samples.
    """
    row: list[Stretch] = []
    walls = sorted(gaps, key=lambda gap: gap.start)

    def add(start: int, end: int, why: str | None) -> None:
        if end <= start:
            return
        last = row[-1] if row else None
        if last is not None and last.why is not None and why is not None:
            whys = "; ".join(dict.fromkeys([*last.why.split("; "), *why.split("; ")]))
            row[-1] = Stretch(last.start, end, whys)
        else:
            row.append(Stretch(start, end, why))

    pieces = [Stretch(start, end, None) for start, end in _without(sorted(sound), walls)]
    pieces += [Stretch(gap.start, gap.end, gap.why) for gap in walls]
    at: int | None = None
    for piece in sorted(pieces, key=lambda piece: piece.start):
        start = piece.start if at is None else max(at, piece.start)
        if at is not None and start > at:
            add(at, start, hole)
        add(start, piece.end, piece.why)
        at = max(piece.end, at or 0)
    return row


def _without(sound: list[tuple[int, int]], walls: list[Missing]) -> Iterator[tuple[int, int]]:
    """Yield the parts of sorted `sound` that no gap covers; `walls` are sorted by their start."""
    covered: list[tuple[int, int]] = []
    for gap in walls:
        if covered and gap.start <= covered[-1][1]:
            covered[-1] = (covered[-1][0], max(covered[-1][1], gap.end))
        else:
            covered.append((gap.start, gap.end))
    index = 0
    for start, end in sound:
        while index < len(covered) and covered[index][1] <= start:
            index += 1
        here = index
        while start < end:
            if here == len(covered) or covered[here][0] >= end:
                yield start, end
                break
            if covered[here][0] > start:
                yield start, covered[here][0]
            start, here = covered[here][1], here + 1
