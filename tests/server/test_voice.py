"""Voice detectors behind the ear: whole windows, no shared past."""

from rtt.server.silero import Silero
from rtt.server.voice import Ear, Loudness
from tests.server.stand import tone


def test_a_window_is_32_ms_and_the_last_is_filled_up() -> None:
    """512 samples give one probability; a rest of a window gives one too; nothing gives none."""
    ear = Ear(Loudness)
    assert len(ear.listen(bytes(2 * 1600))) == 4
    assert ear.listen(b"") == ()


def test_loudness_counts_tones_and_not_silence() -> None:
    """For the scripted engine any sound is voice, and zeros are none."""
    ear = Ear(Loudness)
    assert set(ear.listen(tone(5120))) == {1.0}
    assert set(ear.listen(bytes(2 * 5120))) == {0.0}
    assert ear.listen(bytes(2 * 512) + tone(512)) == (0.0, 1.0)


def test_sessions_do_not_share_a_past() -> None:
    """Two ears hear the same sound the same way, whatever the other heard before; a reset one too."""
    one, two = Ear(Silero), Ear(Silero)
    first = one.listen(tone(16000))
    two.listen(tone(16000))
    assert two.listen(tone(16000)) != first
    two.reset()
    assert two.listen(tone(16000)) == first
