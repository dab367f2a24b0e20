"""Sound without a speaker, made from a fixed seed: what no word may ever be made of.

Every maker returns float samples (1.0 is full scale) at 16 kHz; levels are RMS in dBFS unless a name says otherwise.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
SEED = 20261121

Sound = NDArray[np.float64]
Maker = Callable[[np.random.Generator, int], Sound]


def at_level(sound: Sound, decibels: float) -> Sound:
    """Return `sound` scaled to an RMS of so many dBFS: 20 log10(rms)."""
    rms = float(np.sqrt(np.mean(sound**2)))
    return sound * (10 ** (decibels / 20) / rms) if rms > 0 else sound


def coloured(generator: np.random.Generator, samples: int, slope: float) -> Sound:
    """Return noise whose power falls with frequency as f^-slope: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(generator.standard_normal(samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 20.0)
    return np.fft.irfft(spectrum / frequencies ** (slope / 2), samples)


def seconds(samples: int) -> Sound:
    """Return the time of each sample."""
    return np.arange(samples) / RATE


def hum(_: np.random.Generator, samples: int) -> Sound:
    """Return mains hum: 50 Hz and eight harmonics."""
    time = seconds(samples)
    return at_level(sum((np.sin(2 * np.pi * 50 * n * time) / n for n in range(1, 10)), np.zeros(samples)), -30)


def bursts(generator: np.random.Generator, samples: int, per_second: float, length: float, slope: float) -> Sound:
    """Return short decaying bursts of noise (decay time `length` seconds) at random moments."""
    sound = np.zeros(samples)
    tail = round(length * 6 * RATE)
    fall = np.exp(-np.arange(tail) / (length * RATE))
    for start in generator.integers(0, samples - tail, round(per_second * samples / RATE)):
        shape = at_level(coloured(generator, tail, slope), -12)
        sound[start : start + tail] += shape * fall * generator.uniform(0.3, 1.0)
    return sound


def sweep(_: np.random.Generator, samples: int) -> Sound:
    """Return a tone that rises from 100 to 6000 Hz exponentially."""
    time, whole = seconds(samples), samples / RATE
    growth = np.log(60.0) / whole
    return at_level(np.sin(2 * np.pi * 100 * (np.exp(growth * time) - 1) / growth), -25)


def breathing(generator: np.random.Generator, samples: int) -> Sound:
    """Return pink noise whose level moves four times a second, as syllables do."""
    swing = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * seconds(samples))
    return at_level(coloured(generator, samples, 1) * swing, -28)


MAKERS: dict[str, Maker] = {
    "zeros": lambda _, n: np.zeros(n),
    "dither": lambda g, n: g.integers(-1, 2, n) / 32768,
    "white -60": lambda g, n: at_level(coloured(g, n, 0), -60),
    "white -30": lambda g, n: at_level(coloured(g, n, 0), -30),
    "pink -25": lambda g, n: at_level(coloured(g, n, 1), -25),
    "brown -25": lambda g, n: at_level(coloured(g, n, 2), -25),
    "hum": hum,
    "clicks": lambda g, n: bursts(g, n, 3.0, 0.002, 0),
    "knocks": lambda g, n: bursts(g, n, 2.0, 0.03, 2),
    "sweep": sweep,
    "tone": lambda _, n: at_level(np.sin(2 * np.pi * 1000 * seconds(n)), -25),
    "AM noise": breathing,
    "claps": lambda g, n: bursts(g, n, 40.0, 0.012, 0.5),
}
"""Name and maker of each kind."""


def noise(name: str, length: float = 20.0) -> bytes:
    """Return `length` seconds of a kind as s16le PCM, the same in every run."""
    generator = np.random.default_rng([SEED, list(MAKERS).index(name)])
    sound = MAKERS[name](generator, round(length * RATE))
    return (np.clip(sound, -1.0, 32767 / 32768) * 32768).astype("<i2").tobytes()
