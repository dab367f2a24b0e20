"""Any sound to what rtt hears: mono, 16 kHz, s16le.

One continuous resampler per sound: anything that works block by block without memory leaves -35 to -41 dB of junk
at the seams (measured). Channels are averaged here: sound servers asked for mono add them up, 3 dB louder, and clip.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from rtt.core.caption import RATE

SCALE = 32_768


class ToSpeech:
    """Mixes down and resamples a stream of float samples (1.0 is full scale) from `rate` samples per second."""

    def __init__(self, rate: int) -> None:
        self._stream = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")

    def push(self, frames: NDArray[np.float32]) -> bytes:
        """Take frames of shape (n, channels); return the PCM that is ready (it lags by 12 ms when resampling)."""
        mono = frames.mean(axis=1, dtype=np.float32)
        return _pcm(mono if self._stream is None else self._stream.resample_chunk(_finite(mono)))

    def end(self) -> bytes:
        """Return the PCM that was still under way; the stream is over."""
        if self._stream is None:
            return b""
        return _pcm(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))


def floats(pcm: bytes, channels: int) -> NDArray[np.float32]:
    """Return interleaved s16le PCM as float frames of shape (n, channels)."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(SCALE)
    return samples[: samples.size - samples.size % channels].reshape(-1, channels)


def _finite(mono: NDArray[np.float32]) -> NDArray[np.float32]:
    # A single NaN would stay in the resampler's memory and silence all that follows.
    return np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)


def _pcm(mono: NDArray[np.float32]) -> bytes:
    loud = np.rint(_finite(mono) * SCALE)
    return np.clip(loud, -SCALE, SCALE - 1).astype("<i2").tobytes()
