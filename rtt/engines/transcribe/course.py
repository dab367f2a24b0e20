"""One call of the engine: sound goes to a stream of the service, and before its time is over to the next one.

Streams are changed in a pause, where nothing can be cut. Without a pause the new stream begins 3 s before the cut and
its words are aligned with the old one's (SESSIONS 14, 15). The same is done where sound stayed away in the middle of
speech and silence of our own went out in its place: for the service, that cut a word.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import numpy as np
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Heard
from rtt.core.errors import EngineError
from rtt.core.voice import WINDOW
from rtt.core.wire.bounds import OVERLAP_SECONDS
from rtt.engines.base import Chunk
from rtt.engines.transcribe.faults import Fault, engine_error, fault_of
from rtt.engines.transcribe.leg import Leg
from rtt.engines.transcribe.options import Limits, TranscribeOptions
from rtt.engines.transcribe.transport import Stream, Transport

PAUSE = RATE // 2
"""Samples without voice that make a pause to change streams in."""
BREATH = RATE // 5
"""Samples without voice that lie between two words and not within one, as the silence of a "t" does."""
EDGE = round(0.6 * RATE)
"""Words that end so near before a forced cut are left to the new stream (SESSIONS 15)."""
VOICE = 0.5
"""Probability from which a window counts as voice."""
LOUD = 0.005 * 32768
"""RMS (-46 dBFS) from which a window counts as voice where nobody measured it."""
TICK = 0.1
"""Seconds between two messages of silence of our own."""


async def opened(transport: Transport, parameters: dict[str, str], limits: Limits) -> Stream:
    """Return a new stream; raises `EngineError` if there is none within the limit."""
    try:
        async with asyncio.timeout(limits.open):
            return await transport.open(parameters)
    except (Fault, OSError, AwsCrtError) as error:
        raise engine_error(fault_of(error), opening=True) from error


def windows(chunk: Chunk) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the windows of a chunk: first sample, PCM, and whether somebody speaks."""
    for index, at in enumerate(range(0, len(chunk.pcm), 2 * WINDOW)):
        pcm = chunk.pcm[at : at + 2 * WINDOW]
        if chunk.voice is not None:
            # The last window of a session may be a part of one, which nobody measured.
            voice = index < len(chunk.voice) and chunk.voice[index] >= VOICE
        else:
            samples = np.frombuffer(pcm, "<i2").astype(np.float32)
            voice = bool(np.sqrt(np.mean(samples * samples)) >= LOUD)
        yield chunk.start + at // 2, pcm, voice


class Course:
    """Runs the streams of one call."""

    def __init__(
        self,
        transport: Transport,
        options: TranscribeOptions,
        parameters: dict[str, str],
        report: Callable[[Heard], None],
        sent: Callable[[float], None],
    ) -> None:
        self.legs = 0
        """Streams opened so far."""
        self._transport, self._options, self._parameters = transport, options, parameters
        self._report, self._sent = report, sent
        self._limit = options.limit_seconds
        self._quiet = self._end = 0
        self._kept: deque[tuple[int, bytes, bool]] = deque(maxlen=-(-OVERLAP_SECONDS * RATE // WINDOW))
        self._changing: asyncio.Task[None] | None = None

    async def run(self, sound: AsyncIterator[Chunk]) -> None:
        """Hear `sound` to its end; raises what the streams raise, in an exception group."""
        async with AsyncExitStack() as streams, asyncio.TaskGroup() as group:
            coming = group.create_task(_next(sound))
            chunk = await coming
            if chunk is None:
                return
            leg = await self._open(group, streams, chunk.start)
            leg.release()
            self._end = chunk.start
            while chunk is not None:
                if leg.owns_until is not None:
                    leg = await self._mend(group, streams, leg)
                if chunk.start > self._end:
                    # Silence was left out, so no word was cut; what lies before it cannot be sent again in one piece.
                    await leg.leave_out(chunk.start)
                    self._kept.clear()
                for start, pcm, voice in windows(chunk):
                    await leg.sound(pcm, voice=voice)
                    self._end = start + len(pcm) // 2
                    self._quiet = 0 if voice else self._quiet + len(pcm) // 2
                    self._kept.append((start, pcm, voice))
                    if leg.seconds >= self._limit:
                        leg = await self._change(group, streams, leg, self._end)
                coming = group.create_task(_next(sound))
                chunk = await self._await(coming, leg)
            await leg.end()
            await leg.finished()
            if self._changing is not None:
                await self._changing

    async def _await(self, coming: "asyncio.Task[Chunk | None]", leg: Leg) -> Chunk | None:
        """Return what comes; while nothing does, keep the stream alive with silence in real time."""
        limits = self._options.limits
        speech = self._quiet < BREATH
        patience = limits.quiet_in_voice if speech else limits.quiet
        while not (await asyncio.wait((coming,), timeout=patience))[0]:
            if speech and leg.owns_until is None:
                leg.owns_until = self._end - EDGE
            await leg.silence()
            patience = TICK
        return coming.result()

    async def _open(self, group: asyncio.TaskGroup, streams: AsyncExitStack, start: int) -> Leg:
        options = self._options
        stream = await opened(self._transport, self._parameters, options.limits)
        streams.push_async_callback(stream.close)
        self.legs += 1
        leg = Leg(
            stream,
            str(self.legs),
            start,
            limits=options.limits,
            pace=options.pace,
            report=self._report,
            sent=self._sent,
        )
        leg.begin(group)
        return leg

    async def _change(self, group: asyncio.TaskGroup, streams: AsyncExitStack, old: Leg, cut: int) -> Leg:
        """Return the stream that hears from `cut` on: a new one, if this is the place to change."""
        pause = self._quiet >= PAUSE
        late = old.seconds >= self._limit + self._options.limits.roll_pause
        if not (pause or late) or (self._changing is not None and not self._changing.done()):
            return old
        overlap = [] if pause else list(self._kept)
        begin = overlap[0][0] if overlap else cut
        try:
            new = await self._open(group, streams, begin)
        except EngineError:
            # The old stream still hears: better to go on with it, and to try again in a while.
            self._limit = old.seconds + self._options.limits.roll_pause
            return old
        if not pause:
            old.owns_until = cut - EDGE
        await self._switch(group, old, new, begin, overlap)
        return new

    async def _mend(self, group: asyncio.TaskGroup, streams: AsyncExitStack, old: Leg) -> Leg:
        """Return a new stream that hears again, without a hole, what silence of our own tore apart in `old`."""
        if self._changing is not None:
            await self._changing
        overlap = list(self._kept)
        new = await self._open(group, streams, overlap[0][0])
        await self._switch(group, old, new, overlap[0][0], overlap)
        return new

    async def _switch(
        self, group: asyncio.TaskGroup, old: Leg, new: Leg, begin: int, overlap: list[tuple[int, bytes, bool]]
    ) -> None:
        """End the old stream and let the new one hear the overlap."""
        self._limit = self._options.limit_seconds
        await old.end()
        self._changing = group.create_task(self._hand_over(old, new, begin))
        for _, pcm, voice in overlap:
            await new.sound(pcm, voice=voice)

    async def _hand_over(self, old: Leg, new: Leg, begin: int) -> None:
        """Let the new stream speak once the old one said its last."""
        await old.finished()
        # A new stream that lasts less than 3 s is followed by one that reaches back beyond it.
        new.words.extend(old.words)
        if old.owns_until is None:
            new.release()
        else:
            new.release(Rehearing(list(old.words), old.owns_until, begin))


async def _next(sound: AsyncIterator[Chunk]) -> Chunk | None:
    return await anext(sound, None)
