"""From samples to wall-clock time, by the capture's anchors (SESSIONS 19)."""

from bisect import bisect_right

from rtt.core.caption import RATE

ANCHORS_MAX = 4096
"""Anchors kept: eleven hours at one every ten seconds."""


class Anchors:
    """What the capture said about when its samples were taken; times are seconds since 1970."""

    def __init__(self, sample: int, at: float) -> None:
        self._samples = [sample]
        self._times = [at]

    def add(self, sample: int, at: float) -> None:
        """Take an anchor; one that is older than the last, or goes back in time, is not believed."""
        if sample <= self._samples[-1] or at <= self._times[-1]:
            return
        self._samples.append(sample)
        self._times.append(at)
        if len(self._samples) > ANCHORS_MAX:
            del self._samples[0], self._times[0]

    def at(self, sample: int) -> float:
        """Return the time of a sample: linear between two anchors, real time beyond them."""
        after = bisect_right(self._samples, sample)
        before = max(0, after - 1)
        base, time = self._samples[before], self._times[before]
        if 0 < after < len(self._samples):
            share = (sample - base) / (self._samples[after] - base)
            return time + share * (self._times[after] - time)
        return time + (sample - base) / RATE
