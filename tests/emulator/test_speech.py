"""What is heard in sound, in each mode."""

import numpy as np
import pytest

from rtt.core.codedspeech import encode
from tests.emulator.settings import Settings
from tests.emulator.speech import NAMES, Spoken, hearing

RATE = 16_000


def loud(seconds: float, rate: int = RATE) -> bytes:
    """Return a tone of -20 dBFS."""
    at = np.arange(int(seconds * rate)) / rate
    return bytes((np.sin(2 * np.pi * 300 * at) * 4634).astype("<i2").tobytes())


def quiet(seconds: float, rate: int = RATE) -> bytes:
    """Return silence."""
    return bytes(2 * int(seconds * rate))


def heard(settings: Settings, pcm: bytes, rate: int = RATE, piece: int = 3200) -> list[Spoken]:
    """Return all words of a sound."""
    ears = hearing(settings, rate)
    found = [word for at in range(0, len(pcm), piece) for word in ears.push(pcm[at : at + piece])]
    return found + ears.finish()


def test_tone_words_are_heard_exactly() -> None:
    """Number 17 is w17; what is cut is no word."""
    ears = hearing(Settings(), RATE)
    pcm = encode([17, 65_000, 3])
    assert [word.text for word in ears.push(pcm[:-8000]) + ears.finish()] == ["w17", "w65000"]
    assert ears.fragments == 1
    assert [word.text for word in heard(Settings(fragment="~"), pcm[:-8000])] == ["w17", "w65000", "~"]


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
@pytest.mark.parametrize("piece", [322, 3200, 32_000])
def test_any_loud_sound_is_words(rate: int, piece: int) -> None:
    """One word for each 0.4 s, wherever the borders of pieces lie; silence is none."""
    pcm = quiet(1, rate) + loud(1.2, rate) + quiet(1, rate) + loud(0.4, rate) + quiet(1, rate)
    words = heard(Settings(mode="any"), pcm, rate, piece)
    assert [word.text for word in words] == list(NAMES[:4])
    assert [word.start for word in words] == pytest.approx([1.0, 1.4, 1.8, 3.2], abs=0.03)
    assert [word.end for word in words] == pytest.approx([1.4, 1.8, 2.2, 3.6], abs=0.03)


def test_a_stream_may_begin_elsewhere_in_the_list() -> None:
    """What a rehearsal shows after a cut does not look like what it showed before."""
    words = heard(Settings(mode="any", first_name=24), loud(0.8))
    assert [word.text for word in words] == [NAMES[24], NAMES[0]]


def test_a_click_is_no_word() -> None:
    """Sound of less than half a word is dropped."""
    assert heard(Settings(mode="any"), quiet(1) + loud(0.1) + quiet(1)) == []


def test_mode_invent_speaks_in_silence() -> None:
    """One word for each second of it, marked as invented and lying in the silence."""
    words = heard(Settings(mode="invent"), quiet(3) + loud(0.4) + quiet(2))
    assert [word.invented for word in words] == [True, True, True, False, True, True]
    assert all(word.end - word.start == pytest.approx(0.4) for word in words)


def test_mode_foreign_doubts_its_words() -> None:
    """The same words with a low confidence."""
    assert {word.confidence for word in heard(Settings(mode="foreign"), loud(2))} == {0.2}
