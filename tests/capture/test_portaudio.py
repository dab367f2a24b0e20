import os
import sys
from pathlib import Path

import pytest

from rtt.capture.portaudio import PortAudio
from rtt.capture.sound import Input
from rtt.core.errors import SourceError
from tests.harness.need import need
from tests.harness.process import running

ROOT = Path(__file__).parents[2]
LIST = (
    "from rtt.capture.portaudio import PortAudio\n"
    "try: print(len(PortAudio().inputs()))\n"
    "except Exception as error: print(type(error).__name__, error)\n"
)


def test_a_missing_library_is_told_with_the_package_that_has_it(tmp_path: Path) -> None:
    """The Python package is there and fails at import, as it does on a fresh machine; a real process, real import."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    with running(sys.executable, "-c", LIST, cwd=tmp_path, env={"PYTHONPATH": path}) as process:
        assert process.ended() == 0
    assert process.stdout[0].startswith("SetupError Sound cannot be recorded: the library PortAudio is missing.")
    assert "libportaudio2" in process.stdout[0]


def test_listing_asks_the_real_library_and_has_at_most_one_default() -> None:
    """With or without a sound card there is an answer, and every input has a name and a channel."""
    need("portaudio")
    found = PortAudio().inputs()
    assert sum(one.default for one in found) <= 1
    assert all(one.name and one.system and one.channels > 0 for one in found)


def test_an_input_that_is_not_there_does_not_open() -> None:
    """The library's error is one sentence with the input's name, and nothing was started."""
    need("portaudio")
    gone = Input("gone", "ALSA", 1, 48_000, key=9999)
    with pytest.raises(SourceError, match="'gone' does not open"):
        PortAudio().open(gone, 16_000, 1, 1600, lambda pcm, lost: None, lambda: None)
