"""A room: the memory of its captions, and the screens that read them. It cannot wait and cannot fail."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtt.core.caption import Caption
from rtt.core.outbox import Outbox
from rtt.core.wire.bounds import HISTORY_MAX, JOIN_MAX, JOIN_SECONDS, SINCE_MAX, STALE_SECONDS
from rtt.core.wire.screen import Mode, Since, State, encode_caption, encode_reset, encode_state


@dataclass(frozen=True, slots=True)
class _Kept:
    caption: Caption
    frame: str


class Room:
    """One talk's place: publishes captions to its screens and remembers the finals.

    Times are given by the caller: wall-clock seconds since 1970.
    """

    def __init__(self, name: str, epoch: str, number: int = 0) -> None:
        self.name, self.epoch, self.number = name, epoch, number
        self.state = State()
        self.screens: set[Outbox] = set()
        self.talk = ""
        """The running talk, or the last one."""
        self.talk_ended: float | None = None
        """When it ended, or None while it runs."""
        self._history: deque[_Kept] = deque(maxlen=HISTORY_MAX)
        self._sessions: dict[str, str] = {}
        self._partial: Caption | None = None
        self._stable = ""

    def begin_talk(self, session: str, talk: str) -> None:
        """Note that a session of `talk` holds the room now."""
        self.talk, self.talk_ended = talk, None
        self._sessions[session] = talk
        while len(self._sessions) > HISTORY_MAX:
            del self._sessions[next(iter(self._sessions))]

    def end_talk(self, at: float) -> None:
        """Note that the running talk ended."""
        self.talk_ended = at

    def remember(self, captions: Sequence[Caption], talks: dict[str, str]) -> None:
        """Take the finals of an earlier server of this room, in order."""
        self._sessions |= talks
        for caption in captions:
            self._history.append(_Kept(caption, encode_caption(caption)))
            self.number = max(self.number, caption.number)

    def change_epoch(self, epoch: str) -> None:
        """Begin new numbers: what the screens hold is told apart from what comes."""
        self.epoch, self.number = epoch, 0
        self._history.clear()
        for screen in self.screens:
            screen.keep(encode_reset(epoch))

    def publish(self, caption: Caption, now: float) -> None:
        """Give a final or a partial to every screen; a final that was published before changes nothing."""
        if not caption.final:
            self._publish_partial(caption)
            return
        if caption.epoch != self.epoch:
            self.change_epoch(caption.epoch)
        if caption.number <= self.number:
            return
        self.number = caption.number
        if caption.at < now - STALE_SECONDS or self._sessions.get(caption.session) != self.talk:
            return
        frame = encode_caption(replace(caption, rest=""))
        self._history.append(_Kept(caption, frame))
        stable = encode_caption(caption) if caption.rest else frame
        if self._partial is not None and self._partial.line == caption.line:
            self._partial = None
        self._stable = caption.rest
        for screen in self.screens:
            screen.keep(stable if screen.mode is Mode.STABLE else frame)

    def _publish_partial(self, caption: Caption) -> None:
        self._partial = caption if caption.text else None
        frame = encode_caption(caption)
        stable = frame
        if caption.text:
            unchanged = caption.stable == self._stable
            stable = "" if unchanged else encode_caption(replace(caption, text=caption.stable))
        self._stable = caption.stable
        for screen in self.screens:
            if screen.mode is Mode.PARTIALS:
                screen.partial(frame)
            elif screen.mode is Mode.STABLE and stable:
                screen.partial(stable)

    def join(self, screen: Outbox, since: Since | None, now: float) -> None:
        """Add a screen: it gets what it missed since `since`, else the talk's last finals, then all that comes."""
        frames = self._missed(since)
        if frames is None:
            if since is not None:
                screen.keep(encode_reset(self.epoch))
            frames = self._running(now)
        for frame in frames:
            screen.keep(frame)
        if self._partial is not None and screen.mode is Mode.PARTIALS:
            screen.partial(encode_caption(self._partial))
        elif self._partial is not None and screen.mode is Mode.STABLE and self._stable:
            screen.partial(encode_caption(replace(self._partial, text=self._stable)))
        self.screens.add(screen)
        self.show_state_to(screen)

    def leave(self, screen: Outbox) -> None:
        """Remove a screen."""
        self.screens.discard(screen)

    def change_state(self, state: State) -> None:
        """Tell every screen the room's state if it changed."""
        if state != self.state:
            self.state = state
            self.repeat_state()

    def repeat_state(self) -> None:
        """Tell every screen the room's state: a screen that hears nothing takes the server for dead."""
        frames: dict[Mode, str] = {}
        for screen in self.screens:
            frame = frames.get(screen.mode)
            if frame is None:
                frame = frames[screen.mode] = self._state_frame(screen.mode)
            screen.state(frame)

    def show_state_to(self, screen: Outbox) -> None:
        """Tell one screen the room's state."""
        screen.state(self._state_frame(screen.mode))

    def _state_frame(self, mode: Mode) -> str:
        standing = ""
        if self._partial is not None and mode is not Mode.FINALS:
            standing = self._partial.text if mode is Mode.PARTIALS else self._stable
        return encode_state(self.state, standing)

    def _missed(self, since: Since | None) -> list[str] | None:
        """Return the finals after `since`, or None where this room cannot tell them."""
        if since is None or since.epoch != self.epoch or since.number > self.number:
            return None
        frames = [kept.frame for kept in self._history if kept.caption.number > since.number]
        oldest = self._history[0].caption.number if self._history else self.number + 1
        if since.number + 1 < oldest and len(self._history) == HISTORY_MAX:
            return None
        return frames if len(frames) <= SINCE_MAX else None

    def _running(self, now: float) -> list[str]:
        if self.talk_ended is not None and now - self.talk_ended > JOIN_SECONDS:
            return []
        talk = [kept.frame for kept in self._history if self._sessions.get(kept.caption.session) == self.talk]
        return talk[-JOIN_MAX:]
