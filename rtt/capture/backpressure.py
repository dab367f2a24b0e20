"""For people who want now rather than all (`rtt capture --live-only`): what is not sent in time is dropped.

The cap is that of the articles: 50 chunks of 100 ms that are not sent, then the oldest go. They become announced gaps,
as all lost sound does. Half of the cap goes at a time: chunks dropped one by one would leave a link that is only slow
with shreds of a tenth of a second, in which nobody hears a word. How much may be under way is bounded by the session
(`live_only`), so that what is unsent is known.
"""

from collections.abc import Callable
from uuid import uuid4

from rtt.capture.ring import Ring
from rtt.capture.session import Session
from rtt.capture.source import BLOCK
from rtt.core.caption import RATE

CHUNKS = 50
"""Blocks of 100 ms that wait unsent at most."""
DROP = CHUNKS // 2
"""Blocks dropped at a time."""
CALM = CHUNKS
"""Blocks without another drop after which a spell is over."""
WHY = "the server did not take it in time, and only the newest sound is wanted"


def newest_only() -> Session:
    """Return a session of which only the newest sound is wanted."""
    return Session(str(uuid4()), Ring(patient=False), live_only=True)


class Backpressure:
    """Keeps what waits in a ring within the cap; `say` gets a line when dropping begins, and one at its end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._dropped = 0
        self._calm = 0

    def relieve(self, ring: Ring, cursor: int) -> None:
        """Drop what is too much from `cursor`, the sample that is sent next, on; call it after each block."""
        dropped = ring.shed(cursor, CHUNKS * BLOCK, DROP * BLOCK, WHY)
        if dropped:
            if not self._dropped:
                self._say(
                    f"Backpressure: the server does not take the sound in time. The oldest is dropped, the newest"
                    f" {CHUNKS * BLOCK / RATE:.0f} s are kept (--live-only)."
                )
            self._dropped += dropped
            self._calm = 0
        elif self._dropped:
            self._calm += 1
            if self._calm >= CALM:
                self.end()

    def end(self) -> None:
        """Say what a spell cost, if there is one: it is over."""
        if self._dropped:
            self._say(f"Backpressure is over: {self._dropped / RATE:.1f} s of sound were dropped.")
        self._dropped = self._calm = 0
