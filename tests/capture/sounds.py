"""Sound in which every sample tells where it belongs."""

import numpy as np


def ramp(samples: int, start: int = 0) -> bytes:
    """Return `samples` of s16le PCM, no two stretches of which are alike within 65 000 samples."""
    return ((np.arange(start, start + samples, dtype=np.int64) * 7919) % 65_521 - 32_760).astype("<i2").tobytes()


def tone(samples: int, rate: int, hertz: float, amplitude: float = 0.5) -> np.ndarray:
    """Return a sine as floats, `amplitude` of full scale."""
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)
