"""One capture's life for one talk, whatever connections come and go (SESSIONS A).

Pure: knows the ring, what was sent and what the server said of it. All positions are samples of the session.
"""

from rtt.capture.ring import Ring
from rtt.core.wire.audio import Ack, Hello, Ready
from rtt.core.wire.bounds import WINDOW_SECONDS

LIVE_SECONDS = 2
"""Seconds of sound under way where only the newest is wanted: TCP hides minutes, and they would come all the same."""


class Unreadable(Exception):  # noqa: N818 - the other side's mistake: the connection is begun again
    """The server said something that cannot be."""


class Session:
    """The state that outlives connections; `ident` is the session's UUID.

    `attempt` and `settled` are those of an earlier process that the session goes on from. `late` says that it is sound
    of an earlier talk, `takeover` that it ends whoever is live in the room.
    """

    def __init__(
        self,
        ident: str,
        ring: Ring,
        *,
        attempt: int = 0,
        settled: int = 0,
        late: bool = False,
        takeover: bool = False,
        live_only: bool = False,
    ) -> None:
        self.ident = ident
        self.ring = ring
        self.attempt = attempt
        """Connections tried so far, this one included."""
        self.late, self.takeover = late, takeover
        self.live_only = live_only
        """True where only the newest sound is wanted; what waits unsent is bounded by `backpressure`."""
        self.cursor = 0
        """Sample that is sent next."""
        self.sent = 0
        """No server was ever sent this sample or one after it."""
        self.received = 0
        self.heard = 0
        self.settled = settled
        self.window = WINDOW_SECONDS
        """Seconds beyond `heard` that may be sent."""

    @property
    def ack_lag(self) -> int:
        """Samples captured that no server has yet: the only honest backlog, for TCP hides minutes of it."""
        return self.ring.next - self.received

    def hello(self, language: str, at: float) -> Hello:
        """Return the message that opens the next connection; `at` is the wall-clock time of the ring's end."""
        self.attempt += 1
        ring = self.ring
        late, takeover = self.late, self.takeover
        return Hello(self.ident, self.attempt, ring.first, ring.next, language, at=at, late=late, takeover=takeover)

    def resume(self, ready: Ready) -> bool:
        """Go on where the server asks; False if it asks for sound that this session does not hold."""
        if self.late and ready.resume > self.ring.next:  # it got more than an earlier process had on disk when it died
            self.ring.lose(ready.resume - self.ring.next, "the server has it")
        if not self.ring.first <= ready.resume <= self.ring.next:
            return False
        self.takeover = False  # once: who is ended by another one later does not end that one in turn
        self.cursor = self.received = ready.resume
        self.heard = min(self.heard, ready.resume)  # what is received need not be heard: the next ack says how far
        self.sent = max(self.sent, ready.resume)
        self.window = min(max(ready.window, 1), LIVE_SECONDS if self.live_only else WINDOW_SECONDS)
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
