from rtt.capture.portaudio import PortAudio
from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input, SoundSystem


def test_the_real_and_the_scripted_sound_system_fit_the_seam() -> None:
    """What is proven with the one holds for the other's callers."""
    systems: list[SoundSystem] = [PortAudio(), ScriptedSound()]
    assert len(systems) == 2


def test_an_input_is_not_the_default_unless_said() -> None:
    """Nothing is guessed."""
    assert not Input("mic", "ALSA", 1, 48_000).default
