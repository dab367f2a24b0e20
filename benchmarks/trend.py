"""Does a series grow? A line through it, how sure its slope is, and a verdict that noise alone cannot make.

Samples a few seconds apart are not independent (memory goes up and down in waves of minutes), and a line fitted through
them all would be far too sure of itself. So the series is cut into twelve blocks of equal length, and the line is
fitted through the means of the blocks by least squares; the bound is Student's 95 % interval with ten degrees of
freedom (two-sided quantile 2.228).
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

BLOCKS = 12
STUDENT = 2.228
"""The 97.5 % quantile of Student's t with BLOCKS - 2 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope per hour and how far the true one may lie from it, both in units of the series."""

    level: float
    """Mean of the series."""
    slope: float
    bound: float
    hours: float
    """Length of what was fitted."""

    def verdict(self, allowed: float) -> str:
        """Return `flat`, `grows`, or `unclear` where the series is too short or too restless to tell.

        `allowed` is the slope per hour that is no growth yet. It grows where the slope is above that, and above
        nothing even at the lower end of its bound; it is flat where even the upper end is no more than allowed.
        """
        if self.slope > allowed and self.slope - self.bound > 0:
            return "grows"
        return "flat" if self.slope + self.bound <= allowed else "unclear"


def allowed(per_hour: float, in_all: float, hours: float) -> float:
    """Return the slope per hour that counts as none, over so many hours.

    A short run cannot tell a leak from a bounded history that fills: growth by `in_all` is forgiven, however steep.
    """
    return max(per_hour, in_all / hours)


def trend(times: Sequence[float], values: Sequence[float], warm: float) -> Trend:
    """Fit the values at `times` (seconds, rising) from `warm` seconds on; ValueError if too few are left."""
    kept = [(time, value) for time, value in zip(times, values, strict=True) if time - times[0] >= warm]
    if len(kept) < 2 * BLOCKS:
        raise ValueError(f"a trend needs {2 * BLOCKS} samples after the warm-up, and there are {len(kept)}")
    edges = [len(kept) * block // BLOCKS for block in range(BLOCKS + 1)]
    blocks = [kept[start:end] for start, end in itertools.pairwise(edges)]
    x = [statistics.fmean(time for time, _ in block) / 3600 for block in blocks]
    y = [statistics.fmean(value for _, value in block) for block in blocks]
    line = statistics.linear_regression(x, y)
    middle = statistics.fmean(x)
    spread = sum((at - middle) ** 2 for at in x)
    rest = sum((value - line.intercept - line.slope * at) ** 2 for at, value in zip(x, y, strict=True))
    bound = STUDENT * math.sqrt(rest / (BLOCKS - 2) / spread)
    return Trend(statistics.fmean(y), line.slope, bound, (kept[-1][0] - kept[0][0]) / 3600)
