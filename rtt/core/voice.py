"""Where human voice was: from the probabilities of a voice-activity detector to stretches of sound.

A window is `WINDOW` samples (32 ms, what Silero takes). Voice opens when `needed` of the last `of` windows reach
`threshold`, and closes after `hangover` seconds in which no window reaches `release`. Measured on noise, music and
meetings (facts: 0.24 invented words a minute with this gate, 16 without); the values are settings.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass

from rtt.core.caption import RATE

WINDOW = 512
"""Samples of one voice-activity window."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When voice counts as voice; durations in seconds."""

    threshold: float = 0.5
    needed: int = 3
    of: int = 5
    release: float = 0.35
    hangover: float = 0.6
    preroll: float = 0.32
    shortest: float = 0.3
    longest: float = 15.0


class VoiceTimeline:
    """The stretches of voice of one session, grown window by window.

    `start` is the sample of its first window. The first `blind` seconds after a start are never by themselves a
    reason to show a word: a stretch that lies wholly inside them does not count, for the detector has no past yet.
    """

    def __init__(self, settings: GateSettings | None = None, start: int = 0, blind: float = 0.5) -> None:
        self.settings = settings or GateSettings()
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._blind = round(blind * RATE)
        self._origin = self._sighted = start
        self.skip_to(start)

    def skip_to(self, sample: int) -> None:
        """Go on at `sample`: what lies between was not listened to and holds no voice."""
        if self._starts and self._blinded(len(self._starts) - 1):
            del self._starts[-1], self._ends[-1]
        self.known = sample
        """First sample that has not been looked at."""
        self.open = False
        """True while voice is on (the hangover included)."""
        self._origin, self._sighted = sample, sample + self._blind
        self._recent: deque[bool] = deque(maxlen=self.settings.of)

    def push(self, probability: float) -> None:
        """Take the probability of voice of the next window."""
        start, end = self.known, self.known + WINDOW
        self.known = end
        self._recent.append(probability >= self.settings.threshold)
        if not self.open:
            if sum(self._recent) >= self.settings.needed:
                first = len(self._recent) - self._recent.index(True) - 1
                self._starts.append(start - first * WINDOW)
                self._ends.append(end)
                self.open = True
        elif probability >= self.settings.release:
            self._ends[-1] = end
        elif end - self._ends[-1] >= self.settings.hangover * RATE:
            self.open = False
            self._recent.clear()
            if self._blinded(len(self._ends) - 1):
                del self._starts[-1], self._ends[-1]

    def _blinded(self, index: int) -> bool:
        """Tell whether a stretch lies wholly in the first seconds after the newest start."""
        return self._starts[index] >= self._origin and self._ends[index] <= self._sighted

    def covered(self, start: int, end: int, widen: int = 0) -> int:
        """Return how many samples of start..end lie in voice, each stretch widened by `widen` on both sides."""
        total, reached = 0, start
        for index in range(bisect_left(self._ends, start - widen), len(self._starts)):
            low, high = self._starts[index] - widen, self._ends[index] + widen
            if low >= end:
                break
            if self._blinded(index):
                continue
            low = max(low, reached)
            high = min(high, end)
            if high > low:
                total += high - low
                reached = high
        return total

    def next_voice(self, sample: int) -> int | None:
        """Return the first sample of voice at or after `sample`, or None where none is known yet."""
        index = bisect_right(self._ends, sample)
        return max(sample, self._starts[index]) if index < len(self._starts) else None

    def voice_end(self, sample: int) -> int:
        """Return the end of the stretch of voice around `sample`, or `sample` where there is none."""
        index = bisect_right(self._ends, sample)
        inside = index < len(self._starts) and self._starts[index] <= sample
        return self._ends[index] if inside else sample

    def forget_before(self, sample: int) -> None:
        """Drop the stretches that end before `sample`: a long talk must not grow."""
        count = bisect_left(self._ends, sample)
        if count and self.open and count == len(self._ends):
            count -= 1
        del self._starts[:count], self._ends[:count]


@dataclass(frozen=True, slots=True)
class Opened:
    """A segment to be decoded begins at `start` (pre-roll included)."""

    start: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The open segment ends before `end`; `keep` is false if it was too short to be speech."""

    end: int
    keep: bool = True


class Segmenter:
    """Cuts a stream into the segments an offline engine decodes.

    A segment is one stretch of voice with `preroll` before it; one longer than `longest` is cut at its least voiced
    window of the last third, so that a word is cut only where no pause was.
    """

    def __init__(self, settings: GateSettings | None = None, start: int = 0) -> None:
        self.settings = settings or GateSettings()
        self._timeline = VoiceTimeline(self.settings, start, blind=0.0)
        self._start: int | None = None
        self._floor = start
        self._voiced = 0
        self._probabilities: list[float] = []

    @property
    def open_since(self) -> int | None:
        """First sample of the open segment, or None between segments."""
        return self._start

    def push(self, probability: float) -> list[Opened | Closed]:
        """Take the probability of the next window; return what begins and ends with it, in order."""
        self._timeline.push(probability)
        known = self._timeline.known
        if self._start is None:
            if not self._timeline.open:
                return []
            voiced = self._timeline.next_voice(self._floor)
            assert voiced is not None
            self._voiced = voiced
            self._start = max(self._floor, voiced - round(self.settings.preroll * RATE))
            self._probabilities = [1.0] * ((known - self._start) // WINDOW)
            return [Opened(self._start)]
        self._probabilities.append(probability)
        if not self._timeline.open:
            return [self._close(known)]
        if known - self._start < self.settings.longest * RATE:
            return []
        late = len(self._probabilities) // 3
        tail = self._probabilities[-late:]
        back = len(tail) - 1 - min(range(len(tail)), key=tail.__getitem__)
        cut = known - back * WINDOW
        self._voiced = self._start
        closed = self._close(cut)
        self._start, self._voiced = cut, cut
        self._probabilities = self._probabilities[len(self._probabilities) - back :] if back else []
        return [closed, Opened(cut)]

    def finish(self) -> list[Opened | Closed]:
        """End the stream: close what is open."""
        return [self._close(self._timeline.known)] if self._start is not None else []

    def _close(self, end: int) -> Closed:
        last = min(self._timeline.voice_end(self._voiced), end)
        long = end - self._voiced >= self.settings.longest * RATE / 2
        keep = long or last - self._voiced >= self.settings.shortest * RATE
        self._start, self._floor = None, end
        self._timeline.forget_before(self._floor)
        return Closed(end, keep)
