"""A room: the memory of its captions, and the screens that read them. It cannot wait and cannot fail."""

from collections import deque
from collections.abc import Iterable, Sequence
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
        self._history: deque[_Kept] = deque()
        self._floor = number
        """Of the epoch's finals up to this number nothing is known here."""
        self._sessions: dict[str, str] = {}
        self._partial: Caption | None = None
        self._stable = ""
        """What stands unsettled on the screens that ask for stable words."""

    @property
    def last(self) -> Caption | None:
        """The newest final that is remembered."""
        return self._history[-1].caption if self._history else None

    def begin_talk(self, session: str, talk: str) -> None:
        """Note that a session of `talk` holds the room now."""
        if talk != self.talk:
            self._withdraw()
        self.talk, self.talk_ended = talk, None
        self._sessions[session] = talk
        while len(self._sessions) > HISTORY_MAX:
            del self._sessions[next(iter(self._sessions))]

    def end_talk(self, at: float) -> None:
        """Note that the running talk ended: nothing will settle what still stands unsettled."""
        self._withdraw()
        self.talk_ended = at

    def remember(self, captions: Sequence[Caption], talks: dict[str, str]) -> None:
        """Take the finals of an earlier server of this room, in order; those of another epoch are history only."""
        self._sessions |= talks
        ours = [caption.number for caption in captions if caption.epoch == self.epoch]
        if ours:
            self._floor, self.number = ours[0] - 1, max(self.number, *ours)
        for caption in captions:
            self._keep(caption, encode_caption(caption))

    def _keep(self, caption: Caption, frame: str) -> None:
        if len(self._history) == HISTORY_MAX:
            oldest = self._history.popleft().caption
            if oldest.epoch == self.epoch:
                self._floor = oldest.number
        self._history.append(_Kept(caption, frame))

    def change_epoch(self, epoch: str) -> None:
        """Begin new numbers; the screens are emptied, and get the talk's last finals as they were numbered before."""
        self.epoch, self.number, self._floor = epoch, 0, 0
        frames = [encode_reset(epoch), *self._last_of_talk()]
        for screen in self.screens:
            screen.catch_up(frames)

    def publish(self, caption: Caption, now: float) -> None:
        """Give a final or a partial to every screen; a final that was published before changes nothing."""
        if not caption.final:
            self._publish_partial(caption, now)
            return
        if caption.epoch != self.epoch:  # new numbers; who saw all until now misses nothing and is not emptied
            self.epoch, self.number, self._floor = caption.epoch, 0, 0
        if caption.number <= self.number:
            return
        self.number = caption.number
        if not self._belongs(caption, now):
            return
        frame = stable = encode_caption(replace(caption, rest=""))
        self._keep(caption, frame)
        if self._partial is not None and self._partial.line == caption.line:
            self._partial = None
        if self._partial is None:
            self._stable = caption.rest
            stable = encode_caption(caption) if caption.rest else frame
        for screen in self.screens:
            screen.keep(stable if screen.mode is Mode.STABLE else frame)
        if self._partial is not None:  # another line stands: it follows this final now
            self._partial = replace(self._partial, epoch=caption.epoch, number=caption.number)
            self._show_partial(self.screens)

    def _belongs(self, caption: Caption, now: float) -> bool:
        """Tell whether a caption is of the running talk and of now: else it goes to the archive only (SESSIONS 24)."""
        return caption.at >= now - STALE_SECONDS and self._sessions.get(caption.session) == self.talk

    def _publish_partial(self, caption: Caption, now: float) -> None:
        if not caption.text:
            if self._partial is None or self._partial.line == caption.line:
                self._withdraw()
            return
        if not self._belongs(caption, now):
            return
        unchanged = caption.stable == self._stable
        self._partial, self._stable = caption, caption.stable
        self._show_partial(screen for screen in self.screens if not (unchanged and screen.mode is Mode.STABLE))

    def _show_partial(self, screens: Iterable[Outbox]) -> None:
        """Give the partial that stands to these screens, each as it asks for it."""
        assert self._partial is not None
        raw, stable = encode_caption(self._partial), encode_caption(replace(self._partial, text=self._stable))
        for screen in screens:
            if screen.mode is not Mode.FINALS:
                screen.partial(raw if screen.mode is Mode.PARTIALS else stable)

    def _withdraw(self) -> None:
        """Take back what stands unsettled."""
        standing = self._partial or (self.last if self._stable else None)
        if standing is None:
            return
        self._partial = replace(standing, final=False, text="", rest="", epoch=self.epoch, number=self.number)
        self._stable = ""
        self._show_partial(self.screens)
        self._partial = None

    def join(self, screen: Outbox, since: Since | None, now: float) -> None:
        """Add a screen: it gets what it missed since `since`, else the talk's last finals, then all that comes."""
        frames = self._missed(since)
        if frames is None:
            reset = [] if since is None else [encode_reset(self.epoch)]
            over = self.talk_ended is not None and now - self.talk_ended > JOIN_SECONDS
            frames = reset if over else reset + self._last_of_talk()
        screen.catch_up(frames)
        if self._partial is not None:
            self._show_partial([screen])
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
        raw = self._partial.text if self._partial is not None else ""
        standing = {Mode.FINALS: "", Mode.PARTIALS: raw, Mode.STABLE: self._stable}
        return encode_state(self.state, standing[mode])

    def _missed(self, since: Since | None) -> list[str] | None:
        """Return the finals after `since`, or None where this room cannot tell them."""
        if since is None or since.epoch != self.epoch or not self._floor <= since.number <= self.number:
            return None
        epoch = (kept for kept in self._history if kept.caption.epoch == self.epoch)
        frames = [kept.frame for kept in epoch if kept.caption.number > since.number]
        return frames if len(frames) <= SINCE_MAX else None

    def _last_of_talk(self) -> list[str]:
        """Return the running talk's last finals, whatever their epoch."""
        talk = [kept.frame for kept in self._history if self._sessions.get(kept.caption.session) == self.talk]
        return talk[-JOIN_MAX:]
