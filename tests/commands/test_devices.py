import json
from pathlib import Path

from tests.harness.process import rtt

FAKE = """
class PortAudioError(Exception):
    pass
class default:
    device = [1, 0]
def query_hostapis():
    return [{"name": "ALSA"}]
def query_devices():
    rows = [("Speaker", 0), ("Mixer [USB]", 2), ("Desk mic", 1)]
    return [
        {"name": n, "index": i, "hostapi": 0, "max_input_channels": c, "default_samplerate": 48000.0}
        for i, (n, c) in enumerate(rows)
    ]
"""
"""A sound library as PortAudio's package shows it, on a machine with two inputs."""


def library(folder: Path, text: str) -> dict[str, str]:
    (folder / "sounddevice.py").write_text(text)
    return {"PYTHONPATH": str(folder)}


def test_inputs_are_listed_with_the_default_marked(tmp_path: Path) -> None:
    """Plain tab-separated lines into a pipe, outputs left out, nothing on stderr."""
    with rtt("devices", env=library(tmp_path, FAKE)) as process:
        assert process.ended() == 0
    assert process.stdout == ["*\tMixer [USB]\tALSA\t2\t48000", "\tDesk mic\tALSA\t1\t48000"]
    assert process.stderr == []


def test_json_is_for_programs(tmp_path: Path) -> None:
    """The same list, each input with every column."""
    with rtt("devices", "--json", env=library(tmp_path, FAKE)) as process:
        assert process.ended() == 0
    body = json.loads("\n".join(process.stdout))
    assert [(one["name"], one["default"]) for one in body] == [("Mixer [USB]", True), ("Desk mic", False)]


def test_no_input_is_a_sentence_and_1(tmp_path: Path) -> None:
    """Data stays data: an empty JSON list on stdout, the sentence on stderr."""
    none = FAKE.replace('("Mixer [USB]", 2), ("Desk mic", 1)', "")
    with rtt("devices", "--json", env=library(tmp_path, none)) as process:
        assert process.ended() == 1
    assert json.loads("\n".join(process.stdout)) == []
    assert process.stderr[0].startswith("This computer has no sound input")


def test_no_library_and_a_library_that_fails_are_a_sentence_each(tmp_path: Path) -> None:
    """The package to install, or what the library said; no traceback."""
    for text, says in (
        ("raise OSError('PortAudio library not found')\n", "libportaudio2"),
        (FAKE.replace("    rows =", "    raise PortAudioError('Host error')\n    rows ="), "Host error"),
    ):
        with rtt("devices", env=library(tmp_path, text)) as process:
            assert process.ended() == 1
        assert (len(process.stdout), len(process.stderr)) == (0, 1)
        assert says in process.stderr[0]
