"""Voice-activity detectors: what probability of human voice each window of sound has."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rtt.core.voice import WINDOW

TONE_PEAK = 200 / 32768
"""A window with a higher peak (full scale 1.0; -44 dBFS) counts as sound."""


class Detector(Protocol):
    """Listens to one stream, window after window; holds its past, so every session has its own."""

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of voice (0 to 1) in each window of `samples` (-1 to 1, whole windows)."""
        ...


class Loudness:
    """Counts any sound as voice: for the scripted engine, whose tones are no human voice."""

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 1.0 for a window with sound in it, else 0.0."""
        peaks: NDArray[np.float32] = np.abs(samples).reshape(-1, WINDOW).max(axis=1)
        return (peaks > TONE_PEAK).astype(np.float32)


class Ear:
    """One session's detector, which `make` makes; half a second of sound takes it half a millisecond."""

    def __init__(self, make: Callable[[], Detector]) -> None:
        self._make = make
        self._detector = make()

    def reset(self) -> None:
        """Forget the past: what comes next does not follow on it."""
        self._detector = self._make()

    def listen(self, pcm: bytes) -> tuple[float, ...]:
        """Return the probability of voice for each window of `pcm` (s16le); a last short one is filled with zeros."""
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        if missing := -len(samples) % WINDOW:
            samples = np.concatenate([samples, np.zeros(missing, np.float32)])
        return tuple(self._detector(samples).tolist()) if len(samples) else ()
