"""The rules that a schedule can be played without, to show that each of them is needed."""

from dataclasses import dataclass

from rtt.core.ledger import Ledger
from rtt.core.voice import VoiceTimeline
from rtt.server.captioner import Captioner


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules of SESSIONS hold; a world without one of them has to break."""

    rehearing: bool = True
    """Words heard again are aligned with those archived (SESSIONS 10)."""
    watermark: bool = True
    """After a loss hearing begins again below the watermark (SESSIONS 3); else it goes on where it was."""
    edges: bool = True
    """Words that a cut may have maimed are not taken (SESSIONS 15)."""
    fence: bool = True
    """What a lost stream says later is dropped (SESSIONS 13)."""
    order: bool = True
    """A final waits for an earlier line that is open (SESSIONS 16)."""
    verdicts: bool = True
    """Settled means a verdict (SESSIONS 5); else all that was heard counts as settled."""
    synced: bool = True
    """Nothing is settled that is not safe on the disk (SESSIONS 20)."""
    epochs: bool = True
    """Another boot begins another epoch (SESSIONS 21)."""


class HastyLedger(Ledger):
    """An account without verdicts: what was heard is settled."""

    def settle(self, voice: VoiceTimeline | None, done: bool = False, now: float | None = None) -> int:
        self.settled = self.received if done else self.heard
        return self.settled


class CarelessLedger(Ledger):
    """An account that takes what is written for safe."""

    def write(self, order: int, start: int) -> None:
        return


class BluntCaptioner(Captioner):
    """Knows nothing of cuts in the sound."""

    def cut(self, start: int, end: int) -> None:
        return


class ImpatientCaptioner(Captioner):
    """Numbers finals as they come."""

    def number_waiting(self, *, everything: bool = False) -> None:
        super().number_waiting(everything=True)
