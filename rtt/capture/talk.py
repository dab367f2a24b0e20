"""One talk from the source's first sample to the server's last word."""

import asyncio
from collections.abc import Awaitable, Callable

from rtt.capture.level import Meter
from rtt.capture.source import Lost, Source
from rtt.capture.status import Face, View, clock
from rtt.capture.uplink import Result, Uplink
from rtt.capture.watch import Watch
from rtt.core.caption import RATE
from rtt.core.errors import LinkError, RttError, SetupError, SourceError

LEAVE_SECONDS = 35.0
"""How long a capture that is told to leave waits for the server to settle (SESSIONS 6, and a little more)."""


class Talk:
    """Brings `source` to `uplink` and shows it on `face`; `room` is for the eye."""

    def __init__(self, source: Source, uplink: Uplink, face: Face, room: str, leave: float = LEAVE_SECONDS) -> None:
        self._source, self._uplink, self._face, self._room, self._leave = source, uplink, face, room, leave
        self._meter = Meter()
        self._watch = Watch(self._meter)
        self._failure: RttError | None = None
        self._result: Result | None = None

    async def run(self, stopped: Callable[[], Awaitable[object]]) -> int:
        """Return the exit code: 0 when all is settled, 1 when not; `stopped` returns when the operator wants to leave.

        A talk that was ended by the operator is 0 whatever could be settled; what could not is said. Raises
        `SourceError` after a source that went away was settled, `LinkError` where the server refuses.
        """
        with self._face:
            async with self._source:
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
                if isinstance(piece, Lost):
                    self._watch.lose(piece.samples, piece.why)
                else:
                    self._meter.push(piece)
                if dropped := await self._uplink.feed(piece):
                    self._watch.lose(dropped.samples, dropped.why)
        except SourceError as error:
            self._failure = error
            self._face.say(f"{error} What was heard until then is finished now.")

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
            self._face.say("Leaving: the server finishes what was said. Press Ctrl-C again to leave at once.")
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
        if self._failure is not None:
            raise self._failure
        return 0 if whole or left else 1


async def _until(stopped: Callable[[], Awaitable[object]]) -> None:
    await stopped()


def _unheard(result: Result) -> str:
    if not result.unheard:
        return ""
    total = sum(end - start for start, end in result.unheard) / RATE
    places = ", ".join(clock(start / RATE) for start, _ in result.unheard[:5])
    more = ", ..." if len(result.unheard) > 5 else ""
    return f" {total:.1f} s of voice gave no text (at {places}{more})."
