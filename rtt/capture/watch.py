"""What an operator is told about the sound itself: silence, clipping, falling behind. Pure.

Alarms only for what is wrong for certain. A quiet room is none: an alarm at every quiet spell teaches people not to
look (facts). Digital silence is: a microphone has noise, a cable that is not plugged in has not.
"""

from collections.abc import Iterator

from rtt.capture.level import Meter
from rtt.core.caption import RATE

SILENCE_SECONDS = 5.0
"""Exact silence that is told."""
BEHIND_SECONDS = 2.0
"""Lag that is told."""
CAUGHT_UP_SECONDS = 1.0
"""Lag at which it is over."""
CLIP_SECONDS = 60.0
"""Between two sentences on clipping."""
LOSS_SECONDS = 5.0
"""Between two sentences on lost sound; what is lost meanwhile is added up."""


class Watch:
    """Turns readings into sentences, one per change."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._silent = False
        self._behind = False
        self._clipped = 0
        self._clip_said: int | None = None
        self._lost: dict[str, int] = {}
        self._loss_said: float | None = None

    def lose(self, samples: int, why: str) -> None:
        """Note lost sound; it is told at the next look."""
        self._lost[why] = self._lost.get(why, 0) + samples

    def losses(self, now: float) -> Iterator[str]:
        """Yield what was lost; `now` is seconds of any clock that does not go back."""
        if not self._lost or (self._loss_said is not None and now - self._loss_said < LOSS_SECONDS):
            return
        self._loss_said = now
        for why, samples in self._lost.items():
            yield f"{samples / RATE:.2f} s of sound were lost: {why}."
        self._lost.clear()

    def look(self, captured: int, lag: int, connected: bool) -> Iterator[str]:
        """Yield what changed; `captured` and `lag` (captured, not in the server) in samples."""
        yield from self._silence()
        yield from self._clipping(captured)
        yield from self._falling_behind(lag / RATE, connected)

    def _silence(self) -> Iterator[str]:
        silent = self._meter.silent_samples >= SILENCE_SECONDS * RATE
        if silent and not self._silent:
            yield (
                f"The source gives exact silence for {SILENCE_SECONDS:.0f} s now:"
                " is the mixer connected, on, and not muted?"
            )
        elif self._silent and not self._meter.silent_samples:
            yield "The source gives sound again."
        elif self._silent:
            return
        self._silent = silent

    def _clipping(self, captured: int) -> Iterator[str]:
        if self._meter.clipped == self._clipped:
            return
        self._clipped = self._meter.clipped
        if self._clip_said is None or captured - self._clip_said >= CLIP_SECONDS * RATE:
            self._clip_said = captured
            yield "The sound clips: turn the mixer's output down a little."

    def _falling_behind(self, lag: float, connected: bool) -> Iterator[str]:
        if not connected:
            # A lost connection has its own sentence, and so has the next one.
            self._behind = False
        elif lag >= BEHIND_SECONDS and not self._behind:
            self._behind = True
            yield f"The server is {lag:.1f} s behind: captions come late. The sound is kept."
        elif lag < CAUGHT_UP_SECONDS and self._behind:
            self._behind = False
            yield "The server has caught up."
