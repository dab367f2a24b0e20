"""From the time of a stream to the samples of the session (SESSIONS 18)."""

from collections import deque

from rtt.core.caption import RATE

PIECES = 1000
"""Changes between sound and silence of our own that are remembered: results speak of the newest only."""


class StreamTime:
    """Counts what was sent: the session's sound, and silence that is no part of it."""

    def __init__(self, start: int) -> None:
        """Begin a stream whose first sample is sample `start` of the session."""
        self.sent = 0
        """Samples of the stream so far."""
        self.position = start
        """Sample of the session that comes next."""
        self._pieces: deque[tuple[int, int, bool]] = deque([(0, start, True)], maxlen=PIECES)

    def sound(self, samples: int) -> None:
        """Note that so many samples of the session were sent."""
        self._piece(True)
        self.sent += samples
        self.position += samples

    def leave_out(self, to: int) -> None:
        """Note that the stream goes on with sample `to` of the session: what lies between is never sent."""
        self._pieces.append((self.sent, to, True))
        self.position = to

    def silence(self, samples: int) -> None:
        """Note that so many samples were sent that the session does not have."""
        self._piece(False)
        self.sent += samples

    def _piece(self, real: bool) -> None:
        if self._pieces[-1][2] != real:
            self._pieces.append((self.sent, self.position, real))

    def session(self, seconds: float) -> int:
        """Return the session's sample at a time of the stream; silence of our own lies all at one sample."""
        sample = min(round(seconds * RATE), self.sent)
        for begins, position, real in reversed(self._pieces):
            if sample >= begins:
                return position + (sample - begins if real else 0)
        return self._pieces[0][1]
