"""What waits for one screen: bounded, so that the slowest reader costs nobody else anything (SESSIONS 27)."""

from collections import deque
from collections.abc import Callable, Iterable

from rtt.core.wire.bounds import OUTBOX_BYTES, OUTBOX_FINALS
from rtt.core.wire.screen import Mode


class Outbox:
    """Frames for one screen: every final in order, and of the partials only the newest.

    `wake` is called, and must not block, when there is something to take. Once a screen has fallen behind, nothing
    more is kept for it: it is closed with 4403 and comes back with `since`.
    """

    def __init__(self, mode: Mode, wake: Callable[[], None]) -> None:
        self.mode = mode
        self.behind = False
        """True when the screen was too slow and must be closed."""
        self.closed = False
        """True when nothing more will come."""
        self._wake = wake
        self._kept: deque[str] = deque()
        self._newest: dict[str, str] = {}
        """The partial and the state that wait, in the order in which they came."""
        self._waiting = self._bytes = 0

    def catch_up(self, frames: Iterable[str]) -> None:
        """Put what a screen missed; it does not count as waiting, else a screen that missed much could never return."""
        if not self.behind:
            self._settle()
            self._kept.extend(frames)
            self._wake()

    def keep(self, frame: str) -> None:
        """Put a frame that must arrive; a final takes the place of the partial that waits."""
        if self.behind:
            return
        self._settle()
        self._kept.append(frame)
        self._waiting += 1
        self._bytes += len(frame) if frame.isascii() else len(frame.encode())
        if self._waiting > OUTBOX_FINALS or self._bytes > OUTBOX_BYTES:
            self.behind = True
            self._kept.clear()
        self._wake()

    def _settle(self) -> None:
        """Make room for a final: a state repeats the text that stood when it was made, so it goes before."""
        self._newest.pop("partial", None)
        self._kept.extend(self._newest.values())
        self._newest.clear()

    def partial(self, frame: str) -> None:
        """Put the newest partial in place of the one that waits."""
        self._put("partial", frame)

    def state(self, frame: str) -> None:
        """Put the newest state in place of the one that waits."""
        self._put("state", frame)

    def _put(self, kind: str, frame: str) -> None:
        if not self.behind:
            self._newest.pop(kind, None)
            self._newest[kind] = frame
            self._wake()

    def close(self) -> None:
        """Say that nothing more will come."""
        self.closed = True
        self._wake()

    def take(self) -> list[str]:
        """Return all that waits, in the order in which it is to be sent."""
        frames = [*self._kept, *self._newest.values()]
        self._kept.clear()
        self._newest.clear()
        self._waiting = self._bytes = 0
        return frames
