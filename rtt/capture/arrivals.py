"""Measures how much sound a sound system lost, by when its blocks came. Pure: a block carries its own time.

A block is never early, so over the last `RECENT` blocks the least (arrival - length so far) is what the path takes; by
how much blocks after a loss are later than that, is what was lost. Sound systems seldom say that they lost something
(measured: PipeWire and PulseAudio never do), and a computer that slept does not either: so a block that comes late is
held until it is known whether what is missing was late, and follows at once, or is lost, and never comes. A sound card
whose clock is not the computer's moves the least along with it and makes no gap.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

RECENT = 50
"""Blocks by whose arrival the path is measured: 5 s, in which the worst sound card's clock goes 5 ms wrong."""
LATE = 0.2
"""Seconds a block is late before sound may have been lost unsaid; jitter of blocks of 100 ms is up to 0.12."""
LATE_SAID = 0.01
"""The same where the sound system says that it lost some."""
CONFIRM = 0.5
"""Seconds after a late block within which what was only late follows."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sound as the sound system gave it."""

    pcm: bytes
    seconds: float
    at: float
    """When its last sample had come, in seconds of a clock that does not go back."""
    lost: bool
    """The sound system says that it lost sound before it."""


class Arrivals:
    """Takes blocks and gives them back in order, with what was lost between them; exact to the path's jitter."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._length = 0.0
        self._held: list[tuple[Block, float]] = []

    def skip(self, seconds: float) -> None:
        """Note `seconds` of sound that came and were not kept."""
        self._length += seconds

    def push(self, block: Block) -> list[Block | float]:
        """Take the next block; return the blocks that may go on, and between them the seconds that were lost."""
        self._length += block.seconds
        behind = block.at - self._length
        if not self._held and not self._suspicious(block, behind):
            self._recent.append(behind)
            return [block]
        self._held.append((block, behind))
        if self._late() <= self._bound():
            return list(self._let_go())
        if block.at - self._held[0][0].at >= CONFIRM:
            return self._lost()
        return []

    def flush(self) -> list[Block | float]:
        """Return what is held: nothing follows any more."""
        given: list[Block | float] = []
        while self._held:
            given += self._lost() if self._late() > self._bound() else self._let_go()
        return given

    def _suspicious(self, block: Block, behind: float) -> bool:
        return bool(self._recent) and (block.lost or behind - min(self._recent) > LATE)

    def _late(self) -> float:
        return min(behind for _, behind in self._held) - min(self._recent)

    def _bound(self) -> float:
        return LATE_SAID if self._held[0][0].lost else LATE

    def _let_go(self) -> Sequence[Block]:
        blocks, least = [block for block, _ in self._held], min(behind for _, behind in self._held)
        self._recent.append(least)
        self._held.clear()
        return blocks

    def _lost(self) -> list[Block | float]:
        missing = self._late()
        held, self._held = self._held, []
        first, behind = held[0]
        rest = [block for block, _ in held[1:]]
        self._length += missing - sum(block.seconds for block in rest)
        self._recent.append(behind - missing)
        given: list[Block | float] = [missing, first]
        # There may have been a second loss among them.
        for block in rest:
            given += self.push(block)
        return given
