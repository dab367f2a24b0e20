"""The default input of this computer as a source.

Opened at 16 kHz, so that the sound system resamples (cleanly, measured), with two channels where there are two, which
are averaged here. The sound system's thread only copies; a bounded queue stands between it and the loop. What it lost,
or the computer slept through, is measured by the clock (`arrivals`) and becomes a gap, so that session time stays
true. When blocks stop coming for a second, or the stream ends, the capture stops: the input is never replaced by
another.
"""

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from rtt.capture.arrivals import Arrivals, Block
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
SLICE = 0.1
"""Silence is counted in such pieces, so that a process that was stopped does not count what it slept through."""
HELD_UP = 1.0
"""A piece that took this many seconds more was slept through; then the input, too, may need a moment to wake."""


if sys.platform == "linux":

    def elapsed() -> float:
        """Return seconds of a clock that never goes back and goes on while the computer sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def elapsed() -> float:
        """Return seconds of a clock that never goes back and goes on while the computer sleeps."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:
    elapsed = time.monotonic


class Microphone:
    """The default input of `system`; `clock` returns seconds and never goes back."""

    live = True

    def __init__(self, system: SoundSystem, *, clock: Callable[[], float] = elapsed) -> None:
        self._system, self._clock = system, clock
        self.name = "default input"
        self._rate, self._channels = RATE, 1
        self._stream: Stream | None = None
        self._lock = threading.Lock()
        self._queue: deque[Block] = deque()
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
            there = await self._news_within(limit)
            blocks, overflowed = self._take()
            if overflowed:
                for piece in self._pieces(arrivals.flush(), speech):
                    yield piece
                arrivals.skip(overflowed / self._rate)
                yield Lost(round(overflowed * RATE / self._rate), "this computer was too busy")
            for block in blocks:
                for piece in self._pieces(arrivals.push(block), speech):
                    yield piece
            if self._gone or not there:
                for piece in self._pieces(arrivals.flush(), speech):
                    yield piece
                raise self._stopped("it ended the stream" if self._gone else f"no sound came for {limit:.0f} s")
            limit = SILENT_SECONDS

    async def _news_within(self, limit: float) -> bool:
        """Wait for a block, or for the end of the stream; False if this process ran for `limit` seconds without."""
        left = limit
        while left > 0:
            begin = self._clock()
            try:
                async with asyncio.timeout(SLICE):
                    await self._news.wait()
            except TimeoutError:
                held_up = self._clock() - begin > SLICE + HELD_UP
                left = max(left, FIRST_SECONDS) if held_up else left - SLICE
            else:
                return True
        return False

    def _pieces(self, given: Iterable[Block | float], speech: ToSpeech) -> Iterator[bytes | Lost]:
        for item in given:
            if isinstance(item, Block):
                if ready := speech.push(floats(item.pcm, self._channels)):
                    yield ready
            else:
                yield Lost(round(item * RATE), "the sound system lost sound, or this computer slept")

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

    def _take(self) -> tuple[list[Block], int]:
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
                oldest = self._queue.popleft()
                self._overflowed += len(oldest.pcm) // 2 // self._channels
                if oldest.lost:
                    self._queue[0] = replace(self._queue[0], lost=True)
            self._queue.append(Block(pcm, len(pcm) / 2 / self._channels / self._rate, self._clock(), lost))
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
