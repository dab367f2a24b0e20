"""One capture's life for one talk, whatever connections come and go (SESSIONS A).

Pure: knows the ring, what was sent and what the server said of it. All positions are samples of the session.
"""

from rtt.capture.ring import Ring
from rtt.core.wire.audio import Ack, Hello, Ready
from rtt.core.wire.bounds import WINDOW_SECONDS


class Unreadable(Exception):  # noqa: N818 - the other side's mistake: the connection is begun again
    """The server said something that cannot be."""


class Session:
    """The state that outlives connections; `ident` is the session's UUID."""

    def __init__(self, ident: str, ring: Ring) -> None:
        self.ident = ident
        self.ring = ring
        self.attempt = 0
        """Connections tried so far, this one included."""
        self.cursor = 0
        """Sample that is sent next."""
        self.sent = 0
        """No server was ever sent this sample or one after it."""
        self.received = 0
        self.heard = 0
        self.settled = 0
        self.window = WINDOW_SECONDS
        """Seconds beyond `heard` that may be sent."""

    @property
    def ack_lag(self) -> int:
        """Samples captured that no server has yet: the only honest backlog, for TCP hides minutes of it."""
        return self.ring.next - self.received

    def hello(self, language: str, at: float) -> Hello:
        """Return the message that opens the next connection; `at` is the wall-clock time of the ring's end."""
        self.attempt += 1
        return Hello(self.ident, self.attempt, self.ring.first, self.ring.next, language, at=at)

    def resume(self, ready: Ready) -> bool:
        """Go on where the server asks; False if it asks for sound that this session does not hold."""
        if not self.ring.first <= ready.resume <= self.ring.next:
            return False
        self.cursor = self.received = self.heard = ready.resume
        self.sent = max(self.sent, ready.resume)
        self.window = min(max(ready.window, 1), WINDOW_SECONDS)
        self.ring.settle(ready.resume, self.settled)
        return True

    def acked(self, ack: Ack) -> bool:
        """Take an ack; True if it says more than the one before. Raises `Unreadable` for what cannot be."""
        if not (0 <= ack.settled <= ack.received <= self.sent and 0 <= ack.heard <= ack.received):
            raise Unreadable(f"it has received up to {ack.received}, heard {ack.heard}, settled {ack.settled}")
        more = ack.heard > self.heard or ack.settled > self.settled
        self.received, self.heard = ack.received, ack.heard
        self.settled = max(self.settled, ack.settled)
        self.ring.settle(ack.received, self.settled)
        return more

    def renew(self, ident: str) -> None:
        """Begin a new session with what the old one had not settled."""
        self.ident = ident
        self.ring.forget_before(self.settled)
        self.cursor = self.received = self.heard = self.ring.first
