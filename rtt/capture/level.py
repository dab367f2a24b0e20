"""How loud a sound is, in the units of a mixer.

dBFS here is decibels below the largest 16-bit value: 20 log10(x / 32768), with x the root mean square or the peak of
the samples. A full-scale square wave has 0 dBFS RMS, a full-scale sine -3.01 (AES17 adds 3.01 dB to that; rtt does
not, and so agrees with most meters in software).
"""

import math
from dataclasses import dataclass

import numpy as np

from rtt.core.caption import RATE

FULL_SCALE = 32_768
CEILING = 32_767
"""A sample at or beyond it was most likely higher before it was cut off."""


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of a stretch of sound."""

    rms: float
    """Root mean square, dBFS; minus infinity for digital silence."""
    peak: float
    """Largest sample, dBFS; minus infinity for digital silence."""
    clipped: int
    """Samples at full scale."""

    @property
    def silent(self) -> bool:
        """True for exact zeros: nothing is connected, or it is muted in software. A quiet room is never exact."""
        return self.peak == -math.inf


NOTHING = Level(-math.inf, -math.inf, 0)
"""The level of no sound at all."""


def measure(pcm: bytes) -> Level:
    """Return the level of `pcm` (s16le, mono)."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    if not samples.size:
        return NOTHING
    loud = np.abs(samples)
    rms = math.sqrt(float(np.dot(samples, samples)) / samples.size)
    return Level(_dbfs(rms), _dbfs(float(loud.max())), int(np.count_nonzero(loud >= CEILING)))


def _dbfs(value: float) -> float:
    return 20 * math.log10(value / FULL_SCALE) if value > 0 else -math.inf


class Meter:
    """What an operator watches: the newest level, the peak that stood out, clipping, exact silence."""

    def __init__(self, hold: float = 1.5) -> None:
        self.level = NOTHING
        """Level of the newest block."""
        self.peak = -math.inf
        """Highest peak of the last `hold` seconds, dBFS."""
        self.clipped = 0
        """Samples at full scale since the start."""
        self.silent_samples = 0
        """Length of the exact silence up to now, in samples."""
        self._hold = round(hold * RATE)
        self._peak_age = 0

    def push(self, pcm: bytes) -> None:
        """Take the next block (s16le, mono, 16 kHz)."""
        self.level = measure(pcm)
        samples = len(pcm) // 2
        self.clipped += self.level.clipped
        self.silent_samples = self.silent_samples + samples if self.level.silent else 0
        self._peak_age += samples
        if self.level.peak >= self.peak or self._peak_age > self._hold:
            self.peak, self._peak_age = self.level.peak, 0
