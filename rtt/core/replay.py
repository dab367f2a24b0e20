"""The sound a server keeps of a session, so that a new engine stream can hear it again (SESSIONS 12)."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from rtt.core.caption import RATE
from rtt.core.wire.bounds import REPLAY_SECONDS


@dataclass(frozen=True, slots=True)
class Stretch:
    """Contiguous sound with its voice probabilities (None where nobody listened), or a gap (no `pcm`)."""

    start: int
    end: int
    pcm: bytes = b""
    voice: tuple[float, ...] | None = None


class Replay:
    """A bounded run of stretches, oldest first, each beginning where the one before ended."""

    def __init__(self, start: int, most: int = REPLAY_SECONDS * RATE) -> None:
        self.start = self.end = start
        """First sample held, and first sample after all of them."""
        self._most = most
        self._held = 0
        self._stretches: deque[Stretch] = deque()

    def append(self, stretch: Stretch) -> None:
        """Add the next stretch; what is older than the bound falls out."""
        assert stretch.start == self.end
        self._stretches.append(stretch)
        self.end = stretch.end
        self._held += len(stretch.pcm) // 2
        while self._held - len(self._stretches[0].pcm) // 2 >= self._most:  # a gap holds nothing, however long it is
            self._drop()

    def forget_before(self, sample: int) -> None:
        """Drop the stretches that end at or before `sample`."""
        while self._stretches and self._stretches[0].end <= sample:
            self._drop()

    def _drop(self) -> None:
        oldest = self._stretches.popleft()
        self.start = oldest.end
        self._held -= len(oldest.pcm) // 2

    def at(self, sample: int) -> Stretch | None:
        """Return the stretch that holds `sample`, or None where nothing is held (yet, or any more)."""
        if not self.start <= sample < self.end:
            return None
        if sample >= self._stretches[-1].start:  # the newest is what a live stream asks for
            return self._stretches[-1]
        index = bisect_right(self._stretches, sample, key=lambda stretch: stretch.start)
        return self._stretches[index - 1]
