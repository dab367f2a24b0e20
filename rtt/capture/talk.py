"""One talk from the source's first sample to the server's last word."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from rtt.capture.backpressure import Backpressure
from rtt.capture.level import Meter
from rtt.capture.source import Lost, Source
from rtt.capture.status import Face, View, clock
from rtt.capture.uplink import Result, Uplink
from rtt.capture.watch import Watch
from rtt.core.caption import RATE
from rtt.core.errors import LinkError, RttError, SetupError, SourceError

if TYPE_CHECKING:  # it loads a library that most captures do not need
    from rtt.capture.record import Record

LEAVE_SECONDS = 35.0
"""How long a capture that is told to leave waits for the server to settle (SESSIONS 6, and a little more)."""


class Talk:
    """Brings `source` to `uplink` and shows it on `face`; `room` is for the eye.

    `record` gets all that is captured; `backpressure` is there where only the newest sound is wanted.
    """

    def __init__(
        self,
        source: Source,
        uplink: Uplink,
        face: Face,
        room: str,
        leave: float = LEAVE_SECONDS,
        *,
        record: "Record | None" = None,
        backpressure: Backpressure | None = None,
    ) -> None:
        self._source, self._uplink, self._face, self._room, self._leave = source, uplink, face, room, leave
        self._record, self._backpressure = record, backpressure
        self._meter = Meter()
        self._watch = Watch(self._meter)
        self._failure: RttError | None = None
        self._result: Result | None = None

    async def run(self, stopped: Callable[[], Awaitable[object]]) -> int:
        """Return the exit code: 0 when all is settled, 1 when not; `stopped` returns when the operator wants to leave.

        A talk that the operator ended is no exception (SESSIONS 6). What is not settled is said, with the command that
        sends it later. Raises `SourceError` after a source that went away was settled, `LinkError` where the server
        refuses.
        """
        with self._face:
            async with self._put_away(), self._record or nullcontext(), self._source:
                self._face.say(f"Room {self._room} hears {self._source.name}.")
                async with asyncio.TaskGroup() as group:
                    pump = group.create_task(self._pump())
                    link = group.create_task(self._send())
                    asked = group.create_task(_until(stopped))
                    shown = group.create_task(self._show())
                    await asyncio.wait({pump, link, asked}, return_when=asyncio.FIRST_COMPLETED)
                    left = asked.done() and not link.done()
                    pump.cancel()
                    if not link.done():
                        await self._settle(link, asked)
                    left = left or asked.done()
                    for task in (asked, shown, link):
                        task.cancel()
            return self._verdict(left)

    async def _pump(self) -> None:
        try:
            async for piece in self._source:
                if self._record is not None:
                    self._record.take(piece)
                if isinstance(piece, Lost):
                    self._watch.lose(piece.samples, piece.why)
                else:
                    self._meter.push(piece)
                if dropped := await self._uplink.feed(piece):
                    self._watch.lose(dropped.samples, dropped.why)
                if self._backpressure is not None:
                    self._backpressure.relieve(self._uplink.session.ring, self._uplink.session.cursor)
        except SourceError as error:
            self._failure = error
            self._face.say(f"{error} What was heard until then is finished now.")
        finally:
            if self._backpressure is not None:
                self._backpressure.end()

    async def _send(self) -> None:
        try:
            self._result = await self._uplink.run()
        except (LinkError, SetupError) as error:
            # A source that went away is told first: it came first.
            self._failure = self._failure or error

    async def _settle(self, link: "asyncio.Task[None]", asked: "asyncio.Task[None]") -> None:
        """Let the server finish what was said; not for ever where somebody waits for the end."""
        self._uplink.finish()
        if not asked.done() and self._failure is None:
            await asyncio.wait({link, asked}, return_when=asyncio.FIRST_COMPLETED)
            if link.done():
                return
        if not self._uplink.met:
            return  # no server ever took the talk: there is nobody to wait for
        if asked.done():
            there = self._uplink.connected
            waits = "the server finishes what was said" if there else "the server is waited for a little"
            self._face.say(f"Leaving: {waits}. Press Ctrl-C again to leave at once{self._later()}.")
        await asyncio.wait({link}, timeout=self._leave)

    async def _show(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            session, captured = self._uplink.session, self._uplink.captured
            for sentence in self._watch.losses(loop.time()):
                self._face.say(sentence)
            if self._source.live:
                for sentence in self._watch.look(captured, session.ack_lag, self._uplink.connected):
                    self._face.say(sentence)
            self._face.show(
                View(
                    room=self._room,
                    source=self._source.name,
                    state=self._uplink.state,
                    rms=self._meter.level.rms,
                    peak=self._meter.peak,
                    clipped=self._meter.clipped,
                    captured=captured / RATE,
                    ack_lag=session.ack_lag / RATE,
                    heard_lag=(captured - session.heard) / RATE,
                    lost=session.ring.lost / RATE,
                    reconnects=self._uplink.reconnects,
                )
            )
            await asyncio.sleep(self._face.period)

    def _verdict(self, left: bool) -> int:
        samples, settled = self._uplink.captured, self._uplink.session.settled
        whole = self._result is not None and settled == samples
        if whole and self._result is not None:
            gaps = self._uplink.session.ring.lost
            note = f" {gaps / RATE:.1f} s of it were lost before the server." if gaps else ""
            self._face.say(f"Done: {samples / RATE:.1f} s of sound are settled.{note}{_unheard(self._result)}")
        elif samples > settled:
            missing = (samples - settled) / RATE
            self._face.say(
                f"{missing:.1f} s of {samples / RATE:.1f} s are not settled: what was said from"
                f" {clock(settled / RATE)} on may be missing in the captions."
            )
            if kept := self._uplink.kept:
                self._face.say(
                    f"{kept / RATE:.1f} s are kept on disk. Send them later with: {self._uplink.target.later}"
                )
            elif gone := self._uplink.gone:
                self._face.say(f"{gone / RATE:.1f} s could not be kept on disk and are gone.")
        if self._failure is not None:
            raise self._failure
        return 0 if whole or (left and settled == samples) else 1

    def _later(self) -> str:
        return f"; what is not settled by then is sent by: {self._uplink.target.later}" if self._uplink.spooled else ""

    @asynccontextmanager
    async def _put_away(self) -> AsyncIterator[None]:
        """Leave the spool last, whatever ended the talk: what was settled in the end is deleted from it."""
        try:
            yield
        finally:
            await self._uplink.put_away()


async def _until(stopped: Callable[[], Awaitable[object]]) -> None:
    await stopped()


def _unheard(result: Result) -> str:
    if not result.unheard:
        return ""
    total = sum(end - start for start, end in result.unheard) / RATE
    places = ", ".join(clock(start / RATE) for start, _ in result.unheard[:5])
    more = ", ..." if len(result.unheard) > 5 else ""
    return f" {total:.1f} s of voice gave no text (at {places}{more})."
