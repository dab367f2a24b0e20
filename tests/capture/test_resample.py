import numpy as np
import pytest

from rtt.capture.resample import ToSpeech, floats
from rtt.core.caption import RATE
from tests.capture.sounds import ramp, tone


def through(frames: np.ndarray, rate: int, chunk: int) -> np.ndarray:
    speech = ToSpeech(rate)
    out = b"".join(speech.push(frames[i : i + chunk].astype(np.float32)) for i in range(0, len(frames), chunk))
    return np.frombuffer(out + speech.end(), "<i2").astype(float)


def test_speech_rate_mono_passes_bit_by_bit() -> None:
    """What is right already is not touched."""
    pcm = ramp(5000)
    assert through(floats(pcm, 1), RATE, 1600).astype("<i2").tobytes() == pcm


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_gives_the_same_length_and_a_clean_tone(rate: int) -> None:
    """One second stays one second, and a 1 kHz tone cut into odd chunks has no junk at the seams (under -60 dB)."""
    out = through(tone(rate, rate, 1000)[:, None], rate, 441)
    assert len(out) == pytest.approx(RATE, abs=2)
    middle = out[2000:10_000] / 32_768
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    peak = int(spectrum.argmax())
    assert peak == pytest.approx(500, abs=1)
    rest = np.delete(spectrum, range(peak - 6, peak + 7))
    assert rest.max() / spectrum.max() < 1e-3


def test_what_speech_cannot_hold_does_not_fold_back() -> None:
    """A 10 kHz tone at 48 kHz is above what 16 kHz holds: it disappears instead of becoming 6 kHz."""
    out = through(tone(48_000, 48_000, 10_000)[:, None], 48_000, 4800)
    assert np.abs(out[1000:-1000]).max() <= 2


def test_channels_are_averaged_not_added() -> None:
    """Two full channels make one full channel, not one that clips; six are one sixth each."""
    loud = np.full((100, 2), 0.9)
    assert through(loud, RATE, 100).max() == pytest.approx(0.9 * 32_768, abs=1)
    six = np.zeros((100, 6))
    six[:, 0] = 0.6
    assert through(six, RATE, 100).max() == pytest.approx(0.1 * 32_768, abs=1)


def test_sound_beyond_full_scale_is_clipped_and_never_wraps_round() -> None:
    """Floats beyond 1 stay at the ceiling; what is no number is silence and does not spread."""
    wild = np.array([[2.0], [-2.0], [np.nan], [np.inf], [0.25]])
    assert list(through(wild, RATE, 5)) == [32_767, -32_768, 0, 32_767, 8192]
    later = np.zeros((48_000, 1))
    later[:, 0] = tone(48_000, 48_000, 440)
    later[10, 0] = np.nan
    assert np.abs(through(later, 48_000, 4800)[8000:]).max() > 16_000


def test_half_a_frame_at_the_end_is_left_out() -> None:
    """Three samples of a stereo stream are one frame."""
    assert floats(ramp(3), 2).shape == (1, 2)
