"""Where everything meets: engine -> guard -> journal -> broker -> rooms -> screens."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from rtt.brokers.base import Broker
from rtt.core.caption import Caption
from rtt.core.errors import LinkError
from rtt.core.journal import Recovered
from rtt.core.wire.bounds import EXPIRE_SECONDS, HISTORY_MAX, JOIN_SECONDS, ROOMS_MAX, STATE_SECONDS
from rtt.core.wire.codes import Close
from rtt.engines.base import Engine
from rtt.server.archive import RoomArchive, boot_id
from rtt.server.config import ServerConfig
from rtt.server.live_room import LiveRoom
from rtt.server.session import Session

CLOSE_SECONDS = 5
"""Time the sockets of a stopping server get to say goodbye."""
DRAIN_SECONDS = 10
"""Time a stopping server gives its engines to say the last words."""
LEAVE_SECONDS = 3
"""Time that sessions which are not settled by then get to let go of their engines."""
TICK_SECONDS = 0.5
"""Time between two looks at every room."""


class Hub:
    """The rooms and sessions of one server. `tell` takes a room (or nothing) and a sentence for the operator."""

    def __init__(self, config: ServerConfig, engine: Engine, broker: Broker, tell: Callable[[str, str], None]) -> None:
        self.config, self.engine, self.broker, self.tell = config, engine, broker, tell
        self.rooms: dict[str, LiveRoom] = {}
        self.sessions: dict[str, Session] = {}
        self.draining = False
        self._handlers: set[asyncio.Task[object]] = set()
        self._boot = boot_id()
        self._told: dict[str, str] = {}
        self._lives: dict[Session, asyncio.Task[None]] = {}
        broker.subscribe(self._deliver)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """Run until the block is left; then settle what was received, within `DRAIN_SECONDS`."""
        async with asyncio.TaskGroup() as self._tasks:
            ticker = self._tasks.create_task(self._tick())
            try:
                yield self
            finally:
                await self._drain()
                ticker.cancel()
                for room in self.rooms.values():
                    room.stop_syncing()
                    await room.archive.close()
                await self.engine.close()

    def clock(self) -> float:
        """Return the monotonic clock in seconds, by which ages are measured."""
        return time.monotonic()

    def now(self) -> float:
        """Return wall-clock time in seconds since 1970, by which people name moments."""
        return time.time()

    def _deliver(self, caption: Caption) -> None:
        room = self.rooms.get(caption.room)
        if room is not None:
            room.captions.publish(caption, self.now())
            if caption.final:
                room.shown(caption.number, self.clock())

    async def room(self, name: str) -> LiveRoom:
        """Return a room, taking up what is written of it. Raises `LinkError` (4429) beyond the bound of rooms."""
        if name not in self.rooms:
            if len(self.rooms) >= ROOMS_MAX:
                raise LinkError("The server has too many rooms", f"{ROOMS_MAX} at most", code=Close.CROWDED)
            archive = RoomArchive(
                self.config.data_dir / "rooms" / name,
                boot=self._boot,
                clock=self.now,
                new_epoch=lambda: secrets.token_hex(8),
                on_synced=lambda appended: self.rooms[name].synced(appended),
            )
            found = await asyncio.to_thread(archive.recover)
            if name not in self.rooms:  # another caller may have been quicker
                self.rooms[name] = LiveRoom(name, archive)
                self._remember(self.rooms[name], found)
        return self.rooms[name]

    def _remember(self, room: LiveRoom, found: Recovered) -> None:
        captions = [final.caption for final in found.finals[-HISTORY_MAX:]]
        room.captions.remember(captions, found.talks)
        if captions:
            last = captions[-1]
            room.captions.talk = found.talks.get(last.session, "")
            over = last.at if last.at < self.now() - JOIN_SECONDS else None
            room.captions.talk_ended = found.ended.get(last.session, over)

    async def claim(self, room: LiveRoom) -> None:
        """Become the room's only writer, and take up what another server wrote until now."""
        if room.claimed:
            return
        await room.archive.claim()
        found = await asyncio.to_thread(room.archive.recover)
        if room.archive.epoch != room.captions.epoch:
            room.captions.change_epoch(room.archive.epoch)
        for final in found.finals:
            if final.caption.epoch == room.captions.epoch and final.caption.number > room.captions.number:
                room.captions.begin_talk(final.caption.session, found.talks.get(final.caption.session, ""))
                room.captions.publish(final.caption, self.now())
        room.claimed = True
        room.keep_syncing(self._tasks)

    def start(self, room: LiveRoom, session: Session, *, late: bool = False) -> None:
        """Let a session live in its room, and hold it, unless it brings `late` sound for the archive only."""
        self.sessions[session.identity.session] = session
        room.settling.add(session)
        if not late:
            room.holder = session
            room.captions.begin_talk(session.identity.session, session.talk)
        self._lives[session] = self._tasks.create_task(self._live(room, session))

    async def _live(self, room: LiveRoom, session: Session) -> None:
        try:
            await session.run()
        except Exception as error:
            self.tell(room.name, f"rtt met an error of its own in this room: {_innermost(error)!r}.")
            session.fail(Close.INTERNAL)
        finally:
            room.settling.discard(session)
            del self._lives[session]
            if session.code is not Close.RESTART:
                room.archive.end(session.identity.session)
            if room.holder is session:
                room.captions.end_talk(self.now())
                room.refresh_state(repeat=False)
            counts = session.captioner.counts
            withheld = sum(counts.withheld.values())
            self.tell(room.name, f"The talk is over: {counts.finals} captions, {withheld} words withheld.")

    @contextmanager
    def connection(self) -> Iterator[None]:
        """Note that a socket's handler runs: a stopping server waits for it, or the close would not arrive."""
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            yield
        finally:
            self._handlers.discard(task)

    async def _tick(self) -> None:
        """Look at every room: its state, its disk, and sessions that lost their capture for good."""
        rounds = 0
        while True:
            repeat = rounds % round(STATE_SECONDS / TICK_SECONDS * 0.75) == 0
            for room in list(self.rooms.values()):
                room.refresh_state(repeat=repeat)
                self._tell_once(room.name + " disk", room.name, room.archive.fault)
                for session in list(room.settling):
                    self._look_after(room, session)
                if room.idle:
                    del self.rooms[room.name]
            for name, session in list(self.sessions.items()):
                if session.over.is_set() and self.clock() - session.link_lost_at > EXPIRE_SECONDS:
                    del self.sessions[name]
            rounds += 1
            await asyncio.sleep(TICK_SECONDS)

    def _look_after(self, room: LiveRoom, session: Session) -> None:
        name = room.name
        lost = session.link is None and self.clock() - session.link_lost_at > EXPIRE_SECONDS
        if lost and not session.over.is_set():
            self.tell(name, f"The capture did not come back for {EXPIRE_SECONDS // 60} minutes; its talk is settled.")
            session.finish()
        if session is not room.holder:
            return
        self._tell_once(name + " sound", name, session.no_sound(), "Sound arrives again.")
        hint = "Words are withheld for low confidence: is the language right? Set it with rtt capture --lang."
        self._tell_once(name + " suspect", name, hint if session.suspect else "")

    def _tell_once(self, key: str, room: str, sentence: str, mended: str = "") -> None:
        """Tell a sentence when it becomes true, and `mended` when it is no more."""
        before = self._told.get(key, "")
        if sentence != before:
            self._told[key] = sentence
            if sentence or mended:
                self.tell(room, sentence or mended)

    async def _drain(self) -> None:
        self.draining = True
        sessions = [session for session in self.sessions.values() if not session.over.is_set()]
        for session in sessions:
            session.drain(DRAIN_SECONDS)
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                for session in sessions:
                    await session.over.wait()
        except TimeoutError:
            self.tell("", f"Not all was settled in {DRAIN_SECONDS} s; captures keep that sound and send it again.")
        for session in sessions:
            session.stop()
        lives = list(self._lives.values())
        for life in lives:
            life.cancel()
        if lives:
            await asyncio.wait(lives, timeout=LEAVE_SECONDS)  # what they still say is written before the journal closes
        for room in self.rooms.values():
            for screen in room.captions.screens:
                screen.close()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=CLOSE_SECONDS)


HUB = web.AppKey("hub", Hub)
"""By which the handlers of the web application find the hub."""


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
