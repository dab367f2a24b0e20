import math

import numpy as np
import pytest

from rtt.capture.level import NOTHING, Meter, measure
from rtt.core.caption import RATE


def pcm(values: np.ndarray) -> bytes:
    return values.astype("<i2").tobytes()


def test_a_full_scale_square_wave_has_zero_dbfs_and_is_clipped() -> None:
    """The unit is anchored: 0 dBFS is the largest value, as RMS and as peak."""
    square = np.where(np.arange(1600) % 2, 32_767, -32_768)
    level = measure(pcm(square))
    assert level.rms == pytest.approx(0, abs=0.001)
    assert level.peak == pytest.approx(0, abs=0.001)
    assert level.clipped == 1600


def test_a_sine_has_three_decibels_less_rms_than_peak() -> None:
    """RMS of a sine is its peak minus 3.01 dB; a quarter of full scale is -12.04 dBFS."""
    sine = 8192 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)
    level = measure(pcm(sine))
    assert level.peak == pytest.approx(-12.04, abs=0.05)
    assert level.rms == pytest.approx(-15.05, abs=0.05)
    assert level.clipped == 0


def test_exact_zeros_are_silence_and_one_step_is_not() -> None:
    """Digital silence is told apart from the quietest sound there can be."""
    assert measure(bytes(3200)).silent
    assert measure(bytes(3200)).rms == -math.inf
    assert not measure(b"\x01\x00" + bytes(3198)).silent


def test_no_sound_has_no_level() -> None:
    """An empty block is nothing, not an error."""
    assert measure(b"") == NOTHING


def test_the_meter_counts_clipping_and_silence_and_holds_the_peak() -> None:
    """The peak that stood out stays for the time it is held; silence is counted from its begin and ends with sound."""
    meter = Meter(hold=0.25)
    meter.push(pcm(np.full(1600, 32_767)))
    assert (meter.clipped, meter.silent_samples) == (1600, 0)
    meter.push(bytes(3200))
    meter.push(bytes(3200))
    assert meter.peak == pytest.approx(0, abs=0.001)
    assert meter.silent_samples == 3200
    meter.push(pcm(np.full(1600, 100)))
    assert meter.peak < -50
    assert (meter.clipped, meter.silent_samples) == (1600, 0)
