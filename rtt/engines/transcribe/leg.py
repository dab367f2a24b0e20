"""One stream of the service: what is sent to it, what comes from it, and whether it still hears."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from amazon_transcribe.model import Result

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Heard, Word
from rtt.core.errors import EngineError
from rtt.engines.transcribe.faults import Fault, engine_error, fault_of
from rtt.engines.transcribe.options import Limits
from rtt.engines.transcribe.results import Results
from rtt.engines.transcribe.streamtime import StreamTime
from rtt.engines.transcribe.transport import Stream

MESSAGE = RATE // 10
"""Samples of one message: 100 ms, of uniform size as the service's guide recommends."""
OPENING_SECONDS = 5
"""Until so much sound was sent, a bad request without any event before it is about the parameters."""
VOICE_SECONDS = 2.0
"""So much voice without any event makes a mute service."""
AHEAD_SECONDS = 4.0
"""The sound may run so far ahead of the clock: the overlap of a new stream (3 s) must not be a delay for ever."""
SLACK = 1.02
"""A capture's clock that is a little fast must not make a growing delay."""
REASON_SECONDS = 1.0
"""For the reason of a connection's end, which may still be under way when sending fails."""
WORDS = 100
"""Words of the newest finals that are kept, for the next stream to be aligned with."""


class Leg:
    """Sends one stream its sound and turns its events into reports.

    `report` takes what was heard once `release` was called; `sent` is told of the seconds that were sent. `name`
    begins the names of its lines.
    """

    def __init__(
        self,
        stream: Stream,
        name: str,
        start: int,
        *,
        limits: Limits,
        pace: float,
        report: Callable[[Heard], None],
        sent: Callable[[float], None],
    ) -> None:
        self.words: deque[Word] = deque(maxlen=WORDS)
        """The newest words of its finals, and before them those of the streams before it."""
        self.owns_until: int | None = None
        """Words that end beyond this sample are the next stream's (SESSIONS 15)."""
        self.idle = False
        """True while silence of our own is sent."""
        self.time = StreamTime(start)
        self._stream, self._limits, self._pace = stream, limits, pace * SLACK
        self._report, self._sent = report, sent
        self._results = Results(name, self.time)
        self._rehearing: Rehearing | None = None
        self._held: list[Heard] | None = []
        self._buffer = bytearray()
        self._loop = asyncio.get_running_loop()
        self._ahead = AHEAD_SECONDS / pace
        self._due = self._loop.time() - self._ahead
        self._voice, self._voice_since = 0.0, 0.0
        self._heard_of, self._ended, self._given_up = False, False, False
        self._watching: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Seconds of sound the stream was sent."""
        return self.time.sent / RATE

    def release(self, rehearing: Rehearing | None = None) -> None:
        """Report what was held back, and from now on at once; `rehearing` sorts out what was heard before."""
        self._rehearing = rehearing
        held, self._held = self._held or [], None
        for heard in held:
            self._say(heard)

    async def sound(self, pcm: bytes, *, voice: bool) -> None:
        """Send sound of the session; `voice` tells whether somebody speaks in it."""
        self.idle = False
        self._buffer += pcm
        if voice:
            if not self._voice:
                self._voice_since = self._loop.time()
            self._voice += len(pcm) / 2 / RATE
        while len(self._buffer) >= 2 * MESSAGE:
            await self._send(bytes(self._buffer[: 2 * MESSAGE]), MESSAGE)
            del self._buffer[: 2 * MESSAGE]

    async def silence(self) -> None:
        """Send 100 ms that are no part of the session, behind what is left of it."""
        self.idle = True
        left = bytes(self._buffer)
        self._buffer.clear()
        await self._send(left + bytes(2 * MESSAGE - len(left)), len(left) // 2)

    async def leave_out(self, to: int) -> None:
        """Go on with sample `to` of the session, behind what is left of the sound before it."""
        if self._buffer:
            await self.silence()
        self.time.leave_out(to)

    async def end(self) -> None:
        """Send what is left and end the stream; its reader goes on to the last final."""
        if self._buffer:
            left = bytes(self._buffer)
            self._buffer.clear()
            await self._send(left, len(left) // 2)
        self._ended = True
        if self._watching is not None:
            self._watching.cancel()
        await self._guarded(self._stream.end())

    async def finished(self) -> None:
        """Wait for the last final, `limits.finish` seconds at most; raises `EngineError` if a line stays open."""
        try:
            async with asyncio.timeout(self._limits.finish):
                await self._over.wait()
        except TimeoutError:
            if self._results.open:
                raise engine_error(
                    Fault("Unfinished", f"nothing came for {self._limits.finish:g} s"), opening=False
                ) from None
            self._given_up = True
            await self._stream.close()

    async def _send(self, pcm: bytes, real: int) -> None:
        """Send one message, `real` samples of it the session's, no faster than the service may be fed."""
        now = self._loop.time()
        self._due = max(self._due, now - self._ahead)
        if self._due > now:
            await asyncio.sleep(self._due - now)
        seconds = len(pcm) / 2 / RATE
        self._due += seconds / self._pace
        if real:
            self.time.sound(real)
        if 2 * real < len(pcm):
            self.time.silence(len(pcm) // 2 - real)
        self._sent(seconds)
        await self._guarded(self._stream.send(pcm))

    async def _guarded(self, sending: Coroutine[Any, Any, None]) -> None:
        """Send within the limit; the reader, who may know the reason of a failure, has the first word."""
        try:
            async with asyncio.timeout(self._limits.send):
                await sending
        except (Fault, TimeoutError) as error:
            if isinstance(error, Fault):
                await asyncio.sleep(REASON_SECONDS)
            raise engine_error(fault_of(error), opening=False) from error

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Listen and watch in `group`, which fails with the `EngineError` of this stream."""
        group.create_task(self._listen())
        self._watching = group.create_task(self._watch())

    async def _listen(self) -> None:
        """Report what comes until the stream is over; raises `EngineError` if it ends before we ended it."""
        try:
            async for results in self._stream:
                self._heard_of = True
                self._voice = 0.0
                for result in results:
                    self._take(result)
            if not self._ended:
                raise Fault("Ended", "")
            if any(self._results.open.values()):
                raise Fault("Unfinished", "it closed the connection first")
            self._over.set()
        except Fault as fault:
            if not self._given_up:
                raise engine_error(fault, opening=not self._heard_of and self.seconds < OPENING_SECONDS) from fault
        finally:
            await self._stream.close()

    async def _watch(self) -> None:
        """Raise `EngineError` once voice was sent and nothing came back for too long."""
        while True:
            await asyncio.sleep(min(0.25, self._limits.mute / 8))
            silent = self._loop.time() - self._voice_since
            if self._voice >= VOICE_SECONDS and silent >= self._limits.mute:
                raise engine_error(
                    Fault("Mute", f"somebody spoke and it said nothing for {silent:.0f} s"), opening=False
                )

    def _take(self, result: Result) -> None:
        try:
            heard = self._results.heard(result)
        except (AttributeError, TypeError, ValueError) as error:
            raise Fault("Garbled", f"{error}") from error
        if heard is None:
            return
        if self.owns_until is not None and heard.words:
            own = self.owns_until
            kept = heard.keeping(tuple(word for word in heard.words if word.end <= own))
            # What is left to the next stream has no verdict yet: after a loss it must be heard again.
            heard = replace(kept, end=min(heard.end, max(heard.start, own)))
        if self._held is None:
            self._say(heard)
        else:
            self._held.append(heard)

    def _say(self, heard: Heard) -> None:
        if self._rehearing is not None and heard.words:
            if heard.final:
                heard = heard.keeping(self._rehearing.new_words(heard.words))
            else:
                known = self._rehearing.may_be_new
                heard = heard.keeping(tuple(word for word in heard.words if known(word)))
        if heard.final:
            self.words.extend(heard.words)
        self._report(heard)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that says most of a failed task group."""
    return next((error for error in group.exceptions if isinstance(error, EngineError)), group.exceptions[0])
