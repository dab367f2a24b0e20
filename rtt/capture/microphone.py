"""The default input of this computer as a source.

Opened at 16 kHz, so that the sound system resamples (cleanly, measured), with two channels where there are two, which
are averaged here. The sound system's thread only copies; a bounded queue stands between it and the loop. When blocks
stop coming for a second, or the stream ends, the capture stops: the input is never replaced by another.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from rtt.capture.aside import aside
from rtt.capture.devices import default_input
from rtt.capture.resample import ToSpeech, floats
from rtt.capture.sound import Input, SoundSystem, Stream
from rtt.capture.source import Lost
from rtt.core.caption import RATE
from rtt.core.errors import SourceError

QUEUE = 100
"""Blocks of 100 ms between the sound system and the loop; the oldest falls out."""
FIRST_SECONDS = 2.0
"""Until the first block: an input that sleeps needs a moment."""
SILENT_SECONDS = 1.0
"""Between two blocks; longer means that the input is gone."""
OPEN_SECONDS = 5.0
"""For opening; a frozen sound server never answers."""
CLOSE_SECONDS = 2.0
"""For closing."""
RECENT = 50
"""Blocks by whose arrival the length of a loss is measured."""


class Arrivals:
    """Measures how much sound a sound system lost, by when its blocks came.

    A block is never early, so over the last `RECENT` blocks the least (arrival - length so far) is what the path
    takes; by how much a block after a loss is later than that, is what was lost. Exact to the path's jitter.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._length = 0.0

    def skip(self, seconds: float) -> None:
        """Note `seconds` of sound that came and were not kept."""
        self._length += seconds

    def block(self, at: float, seconds: float, lost: bool) -> float:
        """Take a block of `seconds` that arrived `at`; return the seconds lost before it (0 unless `lost`)."""
        self._length += seconds
        behind = at - self._length
        missing = max(0.0, behind - min(self._recent)) if lost and self._recent else 0.0
        self._length += missing
        self._recent.append(at - self._length)
        return missing


class Microphone:
    """The default input of `system`; `clock` returns seconds and never goes back."""

    live = True

    def __init__(self, system: SoundSystem, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._system, self._clock = system, clock
        self.name = "default input"
        self._rate, self._channels = RATE, 1
        self._stream: Stream | None = None
        self._lock = threading.Lock()
        self._queue: deque[tuple[bytes, bool, float]] = deque()
        self._overflowed = 0
        self._gone = False
        self._told = False
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            inputs = await aside(self._system.inputs, OPEN_SECONDS)
            chosen = default_input(inputs)
            self.name = chosen.name
            self._stream = await aside(lambda: self._open(chosen), OPEN_SECONDS)
        except TimeoutError as error:
            raise SourceError(
                "The sound system does not answer",
                f"nothing came back for {OPEN_SECONDS:.0f} s",
                "Restart the sound server",
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            try:
                await aside(self._stream.close, CLOSE_SECONDS)
            except TimeoutError:
                return  # a frozen sound server: the thread is a daemon, leaving the process ends it

    async def __aiter__(self) -> AsyncIterator[bytes | Lost]:
        speech, arrivals, limit = ToSpeech(self._rate), Arrivals(), FIRST_SECONDS
        while True:
            try:
                async with asyncio.timeout(limit):
                    await self._news.wait()
            except TimeoutError:
                raise self._stopped(f"no sound came for {limit:.0f} s") from None
            limit = SILENT_SECONDS
            blocks, overflowed = self._take()
            if overflowed:
                arrivals.skip(overflowed / self._rate)
                yield Lost(round(overflowed * RATE / self._rate), "this computer was too busy")
            for pcm, lost, at in blocks:
                missing = arrivals.block(at, len(pcm) / 2 / self._channels / self._rate, lost)
                if missing:
                    yield Lost(round(missing * RATE), "the sound system lost sound")
                if ready := speech.push(floats(pcm, self._channels)):
                    yield ready
            if self._gone:
                raise self._stopped("it ended the stream")

    def _open(self, chosen: Input) -> Stream:
        self._channels = min(2, chosen.channels)
        try:
            return self._opened(chosen, RATE)
        except SourceError:
            # Inputs without a sound server before them often know one rate only; then rtt resamples.
            if chosen.rate in (0, RATE):
                raise
            return self._opened(chosen, chosen.rate)

    def _opened(self, chosen: Input, rate: int) -> Stream:
        self._rate = rate
        return self._system.open(chosen, rate, self._channels, rate // 10, self._on_block, self._on_finished)

    def _take(self) -> tuple[list[tuple[bytes, bool, float]], int]:
        with self._lock:
            blocks, overflowed = list(self._queue), self._overflowed
            self._queue.clear()
            self._overflowed = 0
            self._told = False
            self._news.clear()
        return blocks, overflowed

    def _on_block(self, pcm: bytes, lost: bool) -> None:
        with self._lock:
            if len(self._queue) >= QUEUE:
                oldest, lost_before, _ = self._queue.popleft()
                self._overflowed += len(oldest) // 2 // self._channels
                if lost_before:
                    following, _, at = self._queue[0]
                    self._queue[0] = (following, True, at)
            self._queue.append((pcm, lost, self._clock()))
            told, self._told = self._told, True
        if not told:
            self._wake()

    def _on_finished(self) -> None:
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:  # the loop is closed: the program is leaving
            return

    def _stopped(self, why: str) -> SourceError:
        return SourceError(
            f"The input {self.name!r} is gone",
            why,
            "Connect it, see rtt devices, and start the capture again: rtt never goes on with another input by itself",
        )
