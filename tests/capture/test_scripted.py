import threading

import pytest

from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input
from rtt.core.errors import SourceError

MIC = Input("mic", "ALSA", 2, 48_000, default=True)


def test_it_gives_what_it_is_given_and_ends_when_told() -> None:
    """The caller's hand is on the input."""
    sound, got, ended = ScriptedSound([MIC]), [], []
    stream = sound.open(MIC, 16_000, 2, 1600, lambda pcm, lost: got.append((pcm, lost)), lambda: ended.append(1))
    sound.give(b"ab")
    sound.give(b"cd", lost=True)
    sound.vanish()
    stream.close()
    assert sound.inputs() == [MIC]
    assert (got, ended, sound.closed) == ([(b"ab", False), (b"cd", True)], [1], 1)


def test_it_refuses_rates_it_does_not_know() -> None:
    """As an input without a sound server before it does."""
    sound = ScriptedSound([MIC], rates=[48_000])
    with pytest.raises(SourceError, match="Invalid sample rate"):
        sound.open(MIC, 16_000, 2, 1600, lambda pcm, lost: None, lambda: None)


def test_it_hangs_until_released() -> None:
    """As a frozen sound server does."""
    sound = ScriptedSound([MIC], hang=True)
    thread = threading.Thread(
        target=lambda: sound.open(MIC, 16_000, 2, 1600, lambda pcm, lost: None, lambda: None), daemon=True
    )
    thread.start()
    assert not sound.opened.wait(0.05)
    sound.release()
    assert sound.opened.wait(10)
    thread.join(10)
