"""`rtt demo` on the command line."""

import signal
from pathlib import Path

from tests.harness.need import need
from tests.harness.process import rtt


def test_a_file_that_is_no_sound_is_one_sentence(tmp_path: Path) -> None:
    """Nothing is started for a recording that cannot be read."""
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    need("pocketsphinx")
    for wrong in (path, tmp_path / "absent.wav", tmp_path):
        with rtt("demo", "--no-display", "--plain", "--file", str(wrong), "--port", "0") as demo:
            assert demo.ended() == 1
            assert demo.stdout == []
            assert "Traceback" not in demo.transcript()


def test_a_stopped_demo_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle: the code of the signal, no process, no folder."""
    need("pocketsphinx")
    with rtt("demo", "--no-display", "--plain", "--port", "0", env={"TMPDIR": str(tmp_path)}) as demo:
        demo.wait_line("welcome", 60, stream="stdout")
        demo.signal(signal.SIGINT)
        assert demo.ended(60) == 130
        assert demo.left_behind() == []
    assert list(tmp_path.iterdir()) == []
