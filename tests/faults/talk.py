"""A talk of coded words, with commands for the scripted engine where a schedule has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from rtt.core.caption import RATE
from rtt.core.codedspeech import encode

LEAD = 1.0
"""Seconds of silence before the first word, and after the last."""
WORD_SECONDS = 0.4
"""From one word's start to the next one's, inside a phrase."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A talk: s16le PCM at 16 kHz that says w0 to w`count` - 1 in order."""

    pcm: bytes
    count: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / RATE


def compose(seed: int, seconds: float, commands: Iterable[tuple[float, str]] = ()) -> Sound:
    """Return a talk of at least `seconds`: phrases and pauses of any length, and each command near its second."""
    chance = Random(f"talk {seed}")
    waiting = sorted(commands)
    pcm = bytearray(_silence(LEAD))
    said = 0
    while len(pcm) < seconds * RATE * 2:
        while waiting and waiting[0][0] * RATE * 2 <= len(pcm):
            # A command is no word: silence keeps it away from words that a cut at it would maim.
            pcm += _silence(0.3) + encode([waiting.pop(0)[1]]) + _silence(0.3)
        length = chance.randint(2, 9)
        pcm += encode(range(said, said + length)) + _silence(chance.uniform(0.2, 1.3))
        said += length
    for _, name in waiting:
        pcm += _silence(0.3) + encode([name]) + _silence(0.3)
    return Sound(bytes(pcm + _silence(LEAD)), said)


def _silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))
