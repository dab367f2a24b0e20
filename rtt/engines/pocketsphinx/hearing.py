"""One stream through one speech worker: segments out of windows, requests out of segments, reports out of answers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rtt.core.caption import RATE, Heard, Word
from rtt.core.voice import WINDOW, Closed, GateSettings, Opened, Segmenter
from rtt.engines.base import Chunk
from rtt.engines.pocketsphinx.frames import FRAME_SAMPLES, Kind, Words
from rtt.engines.pocketsphinx.process import lost

WIDTH = 2
"""Bytes of a sample."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the sound may run ahead of the decoder; durations in seconds."""

    undecoded: int = 3
    """Closed segments that wait for their words; at more, no further sound is taken."""
    piece: float = 0.5
    """Most sound of an open segment that is with the worker at a time, so that a final waits for little."""
    behind: float = 1.5
    """A streaming pass that falls this much further behind gives up its segment's partials: finals come first."""
    patience: float = 20.0
    """A worker may always take this long for an answer."""
    slowness: float = 10.0
    """Beyond that, it may take this many times the length of the sound."""


class Answering(Protocol):
    """What decodes: a worker process, which answers every request once and in order."""

    def ask(self, kind: Kind, pcm: bytes = b"") -> None:
        """Send a request without waiting."""
        ...

    async def answer(self) -> Words:
        """Wait for the next answer; raises `EngineError` where none will come."""
        ...


@dataclass(slots=True)
class Segment:
    """A stretch of sound that is, or was, being listened to."""

    line: str
    start: int
    pcm: bytearray = field(default_factory=bytearray)
    sent: int = 0
    """Bytes given to the streaming pass."""
    closed: bool = False
    backlog: int | None = None
    """Bytes that were waiting when the streaming pass began, or None before."""
    skipped: bool = False
    """True once its partials were given up."""
    text: str = ""
    """The last partial."""

    @property
    def end(self) -> int:
        """First sample after the sound that it holds."""
        return self.start + len(self.pcm) // WIDTH


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose answer has not come."""

    kind: Kind
    segment: Segment
    size: int
    """Bytes of sound it carried."""


def loudness(pcm: bytes) -> list[float]:
    """Return the RMS of each window of s16le PCM, as a part of full scale (0 to 1)."""
    whole = len(pcm) // (WINDOW * WIDTH) * WINDOW
    windows = np.frombuffer(pcm, dtype="<i2", count=whole).reshape(-1, WINDOW).astype(np.float64) / 32768.0
    return [float(level) for level in np.sqrt(np.mean(windows**2, axis=1))]


def heard_words(words: Words, start: int, end: int) -> tuple[Word, ...]:
    """Return a worker's words with their times in the session, for a segment from sample `start` to `end`."""
    return tuple(
        Word(
            text="I" + text[1:] if text == "i" or text.startswith("i'") else text,
            start=min(start + first * FRAME_SAMPLES, end),
            end=min(start + after * FRAME_SAMPLES, end),
            confidence=confidence,
        )
        for text, first, after, confidence in words
    )


class Hearing:
    """Hears one stream to its end.

    Where nobody measured voice (`Chunk.voice` is None) everything is decoded, in segments that are cut at their
    quietest place.
    """

    def __init__(
        self, name: str, worker: Answering, report: Callable[[Heard], None], gate: GateSettings, limits: Limits
    ) -> None:
        self._name, self._worker, self._report = name, worker, report
        self._gate, self._limits = gate, limits
        self._segmenter: Segmenter | None = None
        self._lines = 0
        self._open: Segment | None = None
        self._past = Segment("", 0)
        """The newest sound, of which the next segment's beginning may be made."""
        self._asked: deque[Asked] = deque()
        self._change = asyncio.Event()
        self._watch: asyncio.Timeout | None = None
        self._fed = False

    async def run(self, sound: AsyncIterator[Chunk]) -> None:
        """Hear `sound` to its end; raises `EngineError` where the worker dies or hangs."""
        try:
            async with asyncio.TaskGroup() as tasks:
                answers = tasks.create_task(self._listen())
                async for chunk in sound:
                    await self._take(chunk)
                await self._finish()
                answers.cancel()
        except BaseExceptionGroup as group:
            # Both halves can fail only because of one worker or one source: the first says it all.
            raise group.exceptions[0] from None

    async def _take(self, chunk: Chunk) -> None:
        if self._segmenter is None:
            gate = self._gate
            if chunk.voice is None:
                gate = GateSettings(threshold=0.0, release=0.0, longest=gate.longest)
            self._segmenter = Segmenter(gate, chunk.start)
            self._past = Segment("", chunk.start)
        self._hold(chunk.pcm)
        for probability in loudness(chunk.pcm) if chunk.voice is None else chunk.voice:
            await self._apply(self._segmenter.push(probability))
        self._stream()

    async def _finish(self) -> None:
        if self._segmenter is not None:
            await self._apply(self._segmenter.finish(), last=True)
        while self._asked:
            await self._changed()

    def _hold(self, pcm: bytes) -> None:
        """Keep new sound for the open segment, and as much of the past as a new one may begin with."""
        if self._open is not None:
            self._open.pcm += pcm
        self._past.pcm += pcm
        keep = round((self._gate.preroll + self._gate.longest / 2) * RATE) + self._gate.of * WINDOW + len(pcm)
        surplus = len(self._past.pcm) // WIDTH - keep
        if surplus > 0:
            del self._past.pcm[: surplus * WIDTH]
            self._past.start += surplus

    async def _apply(self, events: list[Opened | Closed], last: bool = False) -> None:
        for event in events:
            match event:
                case Opened(start):
                    self._lines += 1
                    tail = bytearray(self._past.pcm[(start - self._past.start) * WIDTH :])
                    self._open = Segment(f"{self._name}.{self._lines}", start, tail)
                    self._report(Heard(self._open.line, "", False, start, start))
                case Closed(end, keep):
                    segment, self._open = self._open, None
                    assert segment is not None
                    if not last:
                        del segment.pcm[(end - segment.start) * WIDTH :]
                    await self._close(segment, keep)

    async def _close(self, segment: Segment, keep: bool) -> None:
        segment.closed = True
        if not keep or not segment.pcm:
            self._report(Heard(segment.line, "", True, segment.start, segment.end))
            if segment.sent:
                self._ask(Kind.DROP, segment)
            return
        while sum(asked.kind is Kind.WHOLE for asked in self._asked) >= self._limits.undecoded:
            await self._changed()
        self._ask(Kind.WHOLE, segment, bytes(segment.pcm))

    def _stream(self) -> None:
        """Send more of the open segment for partials, if the worker has nothing better to do."""
        segment = self._open
        if segment is None or segment.skipped:
            return
        away = sum(asked.size for asked in self._asked)
        room = int(self._limits.piece * RATE) * WIDTH - away
        waiting = len(segment.pcm) - segment.sent
        if segment.backlog is None and room > 0:
            segment.backlog = waiting
        if segment.backlog is not None and waiting > segment.backlog + self._limits.behind * RATE * WIDTH:
            segment.skipped = True
        elif room > 0 and waiting:
            piece = bytes(segment.pcm[segment.sent : segment.sent + room])
            segment.sent += len(piece)
            self._ask(Kind.MORE, segment, piece)

    def _ask(self, kind: Kind, segment: Segment, pcm: bytes = b"") -> None:
        self._worker.ask(kind, pcm)
        self._asked.append(Asked(kind, segment, len(pcm)))
        if len(self._asked) == 1 and self._watch is not None:
            self._watch.reschedule(self._deadline())

    def _deadline(self) -> float | None:
        """Return when the next answer must be here, by the loop's clock; None where none is due."""
        if not self._asked:
            return None
        seconds = self._asked[0].size / WIDTH / RATE
        limit = max(self._limits.patience, self._limits.slowness * seconds)
        return asyncio.get_running_loop().time() + limit

    async def _changed(self) -> None:
        self._change.clear()
        await self._change.wait()

    async def _listen(self) -> None:
        """Turn answers into reports, and notice a worker that dies or hangs."""
        while True:
            try:
                async with asyncio.timeout_at(self._deadline()) as self._watch:
                    words = await self._worker.answer()
            except TimeoutError as error:
                raise lost("it did not answer in time") from error
            self._watch = None
            if not self._asked:
                raise lost("it answered what nobody asked")
            asked = self._asked.popleft()
            self._tell(asked, words)
            self._change.set()
            self._stream()

    def _tell(self, asked: Asked, words: Words) -> None:
        segment = asked.segment
        final = asked.kind is Kind.WHOLE
        if not final and (asked.kind is Kind.DROP or segment.closed):
            return
        known = heard_words(words, segment.start, segment.end)
        text = " ".join(word.text for word in known)
        if final or text != segment.text:
            segment.text = text
            self._report(Heard(segment.line, text, final, segment.start, segment.end, known))
