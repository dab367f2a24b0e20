"""A room as the server runs it: its captions, its journal, and the sessions that speak into it."""

import asyncio

from rtt.core.room import Room
from rtt.core.wire.bounds import HOLD_SECONDS
from rtt.core.wire.screen import State
from rtt.server.archive import RoomArchive
from rtt.server.session import Session

LAGGING_SECONDS = 2.0
"""Sound that waits longer for the engine makes captions late."""


class LiveRoom:
    """Holds what belongs to one room; the hub moves it."""

    def __init__(self, name: str, archive: RoomArchive) -> None:
        self.name, self.archive = name, archive
        self.captions = Room(name, archive.epoch, archive.number)
        self.holder: Session | None = None
        """The session that speaks, or the last one that did."""
        self.settling: set[Session] = set()
        """Sessions that are not over yet."""
        self.claimed = False
        """True once this server is the room's only writer."""
        self.opening = asyncio.Lock()
        """Held while a session takes the room."""
        self.age_at_glass: float | None = None
        """Seconds from a final's number to its paint on a screen and the word of it here, at the last report."""
        self._shown: tuple[int, float] = (0, 0.0)
        self._syncing: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """True when nobody speaks or reads here and nothing is written here."""
        return not (self.claimed or self.settling or self.captions.screens or self.opening.locked())

    def held_against(self, session: str, now: float) -> Session | None:
        """Return the session that refuses `session` the room, or None; `now` by the monotonic clock."""
        holder = self.holder
        if holder is None or holder.over.is_set() or holder.identity.session == session:
            return None
        if holder.link is None and now - holder.link_lost_at >= HOLD_SECONDS:
            return None
        return holder

    def refresh_state(self, *, repeat: bool) -> None:
        """Tell the screens how the room is, if it changed or `repeat` says so."""
        holder = self.holder
        live = holder is not None and holder.live
        lagging = holder is not None and live and (holder.lag > LAGGING_SECONDS or bool(holder.trouble))
        language = holder.identity.language if holder is not None else self.captions.state.language
        state = State(live=live, lagging=lagging, paused=False, language=language)
        changed = state != self.captions.state
        self.captions.change_state(state)
        if repeat and not changed:
            self.captions.repeat_state()

    def shown(self, number: int, now: float) -> None:
        """Note when the newest final went out; `now` by the monotonic clock."""
        self._shown = (number, now)

    def seen(self, number: int, now: float) -> None:
        """Note that a screen has painted a final."""
        newest, at = self._shown
        if number == newest:
            self.age_at_glass = now - at

    def synced(self, appended: int) -> None:
        """Note that so many of the journal's finals are safe on disk."""
        for session in self.settling:
            session.ledger.synced(appended)

    def keep_syncing(self, group: asyncio.TaskGroup) -> None:
        """Bring the journal to the disk from now on."""
        self._syncing = group.create_task(self.archive.run())

    def stop_syncing(self) -> None:
        """Leave the journal alone: it is about to be closed."""
        if self._syncing is not None:
            self._syncing.cancel()
