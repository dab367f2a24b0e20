"""The account of one session's samples: received, heard, settled (SESSIONS A, D).

*Settled* is the point below which every sample has had its verdict: it is in a final that is safe on disk, was
withheld by the guard, lies in an announced gap, holds no voice, or is *unheard*: voice the engine passed over. A
capture may forget sound only below settled, so a verdict given too early loses words, and one given too late fills
the capture's memory.
"""

from collections import deque
from dataclasses import dataclass

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.voice import VoiceTimeline
from rtt.core.wire.bounds import GAPS_MAX, OPEN_RESULTS_MAX, UNHEARD_SECONDS, UNSETTLED_SECONDS
from rtt.core.wire.codes import Close

STILL_SECONDS = 2
"""An engine that takes nothing for so long, though sound waits, is not known to be alive."""


@dataclass(frozen=True, slots=True)
class Span:
    """Samples `start` to `end` - 1; `why` is a word for the operator."""

    start: int
    end: int
    why: str = ""


class Ledger:
    """Keeps one session's account; all positions are samples of the session."""

    def __init__(self, first: int, watermark: int = 0) -> None:
        self.received = self.heard = self.settled = first
        self.reached = first
        """The most that was ever heard: a lost engine hears again from further back, and takes nothing allowed back."""
        self.watermark = max(first, watermark)
        """No open result begins below it: where hearing starts again after a loss."""
        self.gaps: list[Span] = []
        self.unheard: list[Span] = []
        self._verdict = first
        self._passed = Span(first, first)
        self._open: dict[str, int] = {}
        self._unsynced: dict[int, int] = {}
        self._fed: deque[tuple[float, int]] = deque()
        """When the engine had been fed how far, the newest of `UNHEARD_SECONDS` and one before."""

    def receive(self, offset: int, count: int) -> int:
        """Take `count` samples from `offset`; return how many at their start are known already.

        Raises `LinkError` (4400, the capture connects again) where sound is missing before `offset`.
        """
        if offset > self.received:
            missing = (offset - self.received) / RATE
            raise LinkError(
                "Sound is missing", f"{missing:.1f} s were skipped and no gap was announced", code=Close.HOLE
            )
        known = min(count, self.received - offset)
        self.received = max(self.received, offset + count)
        return known

    def gap(self, start: int, end: int, why: str) -> Span | None:
        """Take an announced gap; return the part of it that is news, or None.

        Raises `LinkError`: 4400 where sound is missing before it, 4500 for more gaps than a talk can have.
        """
        if start > self.received:
            self.receive(start, 0)
        if end <= self.received:
            return None
        if len(self.gaps) >= GAPS_MAX:
            raise LinkError("A session has too many gaps", f"more than {GAPS_MAX}", code=Close.MALFORMED)
        news = Span(self.received, end, why)
        self.gaps.append(news)
        self.received = end
        return news

    def feed(self, to: int) -> None:
        """Note that the engine was given everything below `to`."""
        self.heard = max(self.heard, to)
        self.reached = max(self.reached, self.heard)

    def hear_again(self, start: int) -> None:
        """Note that the engine was lost, and takes the sound from `start` on again."""
        self.abandon()
        self.heard = max(self.settled, min(self.heard, start))

    def abandon(self) -> None:
        """Note that a stream is over: what was open has no verdict, and is open no more."""
        self._fed.clear()
        if self._open:
            self._open.clear()
            self._verdict = min(self._verdict, self.watermark)

    def rewind(self, sample: int) -> None:
        """Note that sound from `sample` on must come again, gaps included: the server does not hold it any more."""
        self.abandon()
        self.gaps = [Span(gap.start, min(gap.end, sample), gap.why) for gap in self.gaps if gap.start < sample]
        self.received = self.heard = sample

    def open(self, line: str, start: int) -> bool:
        """Note that the engine works on a result that begins at `start`; False beyond the bound of open results."""
        if line not in self._open and len(self._open) >= OPEN_RESULTS_MAX:
            return False
        self._open[line] = min(start, self._open.get(line, start))
        return True

    def open_before(self, start: int) -> set[str]:
        """Return the lines the engine works on that begin before `start`."""
        return {line for line, begun in self._open.items() if begun < start}

    def close(self, line: str, end: int) -> None:
        """Note the verdict on a result that ends at `end`: shown or withheld, or nothing was said there."""
        self._open.pop(line, None)
        self._verdict = max(self._verdict, end)
        self.watermark = max(self.watermark, min([end, *self._open.values()]))

    def write(self, order: int, start: int) -> None:
        """Note that the journal's `order`-th final, which begins at `start`, is written but not yet safe on disk."""
        self._unsynced[order] = start

    def synced(self, order: int) -> None:
        """Note that all finals up to the journal's `order`-th are safe on disk."""
        self._unsynced = {key: start for key, start in self._unsynced.items() if key > order}

    @property
    def safe(self) -> bool:
        """True when every final of the session is safe on disk."""
        return not self._unsynced

    def settle(self, voice: VoiceTimeline | None, done: bool = False, now: float | None = None) -> int:
        """Return how far the session is settled now; `done` when the engine has given its last result.

        Without a voice timeline all sound counts as voice. `now` is a monotonic clock in seconds: with it, voice is
        unheard only where the engine had the time for it too, which counts where sound comes in faster than real time.
        """
        limit = self.received if done else self.heard - round(UNSETTLED_SECONDS * RATE)
        limit = min([limit, *self._open.values(), *self._unsynced.values()])
        stale = limit if done else min(limit, self.heard - UNHEARD_SECONDS * RATE, self._had_time(now))
        at = max(self.settled, min(self._verdict, limit))
        while at < limit:
            beyond = self._beyond(at, limit, stale, voice)
            if beyond <= at:
                break
            at = beyond
        self.settled = at
        if not self._open:
            self.watermark = max(self.watermark, self.settled - 2 * round(UNSETTLED_SECONDS * RATE))
        return self.settled

    def _had_time(self, now: float | None) -> int:
        """Return how far the engine was fed `UNHEARD_SECONDS` ago; what came since, it may still be working on."""
        if now is None:
            return self.heard
        self._fed.append((now, self.heard))
        while len(self._fed) > 1 and self._fed[1][0] <= now - UNHEARD_SECONDS:
            self._fed.popleft()
        still = now - next(at for at, heard in self._fed if heard == self.heard)
        if still > STILL_SECONDS and self.received - self.heard > RATE:
            return self.settled  # it takes nothing of what waits: it may be lost, and then all is heard again
        at, heard = self._fed[0]
        return heard if at <= now - UNHEARD_SECONDS else self.settled

    def _beyond(self, at: int, limit: int, stale: int, voice: VoiceTimeline | None) -> int:
        """Return the end of the stretch at `at` that has its verdict, or `at` if it has none."""
        for gap in self.gaps:
            if gap.start <= at < gap.end:
                return min(gap.end, limit)
        stop = min([limit, *(gap.start for gap in self.gaps if gap.start > at)])
        if voice is None:
            voiced, end = at, stop
        else:
            found = voice.next_voice(at)
            if found is None or found > at:
                return min(stop, voice.known if found is None else found)
            voiced, end = found, min(stop, voice.voice_end(found))
        end = min(end, stale)
        if end > voiced:
            self._pass_over(voiced, end)
        return end

    def _pass_over(self, start: int, end: int) -> None:
        """Note voice that gave no result; it comes in small steps, for the account is settled twice a second."""
        if start == self._passed.end:
            start = self._passed.start
        self._passed = Span(start, end, "unheard")
        if end - start < RATE:  # a breath, or the tail of a result that did get its verdict
            return
        if self.unheard and self.unheard[-1].start == start:
            self.unheard.pop()
        self.unheard.append(self._passed)
        del self.unheard[:-GAPS_MAX]
