"""`--late skip`: when a capture that is behind goes on with what is said now (SESSIONS 9).

Pure. Behind is captured minus heard. What was sent cannot be taken back, so the capture holds its sound until the
engine has heard that, makes one gap of all that lies between, and is live again.
"""

from collections.abc import Callable

from rtt.capture.session import Session
from rtt.core.caption import RATE

BEHIND_SECONDS = 5.0
"""Behind by more is late."""
HEARD_SECONDS = 0.5
"""What was sent counts as heard when no more than this is left: acks come twice a second."""
GAP_SECONDS = 5.0
"""Between two gaps while the engine still hears: a server takes a capture that sends nothing for gone."""
WHY = "the server was behind and --late skip left it out"


class Haste:
    """Decides for one session; `say` gets sentences for the operator."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since: float | None = None
        self._skipped = 0
        self._live_from = 0

    def holds(self, session: Session, now: float) -> bool:
        """Return True while nothing is to be sent; may turn what is late into a gap. `now` by the monotonic clock."""
        if self._since is None:
            if session.ring.next - max(session.heard, self._live_from) <= BEHIND_SECONDS * RATE:
                return False
            self._since = now
        if session.heard >= session.cursor - HEARD_SECONDS * RATE:
            self._skipped += session.ring.skip(session.cursor, WHY)
            if self._skipped:
                self._say(f"The server was behind: {self._skipped / RATE:.1f} s were skipped to be live again.")
            # All before this sample was heard or skipped, though the ack that says so is still under way.
            self._since, self._skipped, self._live_from = None, 0, session.ring.next
            return False
        if now - self._since >= GAP_SECONDS:
            self._since = now
            self._skipped += session.ring.skip(session.cursor, WHY)
            return False
        return True
