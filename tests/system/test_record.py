"""A local recording of what is captured, with real processes."""

import signal
import time
from pathlib import Path

import soundfile

from rtt.core.caption import RATE
from rtt.core.codedspeech import CodedDecoder, encode
from tests.harness.process import Process, rtt
from tests.harness.serving import serving
from tests.system.test_talk import coded, no_traceback, numbers, transcript, words


def recorded(path: Path) -> list[str]:
    """Return the coded words that a player hears in a recording."""
    pcm = soundfile.read(path, dtype="int16")[0].tobytes()
    decoder = CodedDecoder()
    found = [word for start in range(0, len(pcm), RATE) for word in decoder.push(pcm[start : start + RATE])]
    return [f"w{word.number}" for word in found + decoder.finish()]


def seconds(path: Path) -> float:
    return float(soundfile.info(path).duration)


def speak(capture: Process, count: int, first: int = 0) -> None:
    """Say so many coded words into a capture's standard input, in real time or a little faster."""
    for start in range(first, first + count, 5):
        capture.write(encode(range(start, start + 5)) + bytes(RATE // 2))
        time.sleep(1)


def test_the_recording_is_what_was_captured(tmp_path: Path) -> None:
    """Words said, words on the screens, words in the file: the same; and nobody else may read it."""
    sound, path = coded(tmp_path / "talk.wav", 20), tmp_path / "kept.flac"
    with serving(tmp_path / "data") as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound),
            "--record", str(path), "--state-dir", str(tmp_path / "state"), "--plain",
        ) as capture:  # fmt: skip
            assert capture.ended(60) == 0
            no_traceback(capture)
            capture.wait_line(r"Recording to .*kept\.flac\.$", 1)
            capture.wait_line(r"Recorded 0:00:\d\d to .*kept\.flac\.$", 1)
        assert words(transcript(server)) == numbers(20) == recorded(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert soundfile.read(path, dtype="int16")[0].tobytes() == soundfile.read(sound, dtype="int16")[0].tobytes()


def test_kill_9_and_a_restart_leave_two_files_that_play(tmp_path: Path) -> None:
    """What the first one heard, up to about a second before the kill; the second overwrites nothing."""
    path = tmp_path / "kept.flac"
    with serving(tmp_path / "data") as server:
        arguments = (
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--stdin",
            "--record", str(path), "--state-dir", str(tmp_path / "state"), "--plain",
        )  # fmt: skip
        with rtt(*arguments) as capture:
            capture.wait_line("Connected")
            speak(capture, 15)
            capture.write(bytes(2 * RATE))
            time.sleep(1)
            capture.signal(signal.SIGKILL)
            capture.ended()
        assert recorded(path) == numbers(15)
        said = (len(encode(range(5))) + RATE // 2) * 3 / 2 / RATE + 1
        assert said - 1.5 <= seconds(path) <= said
        with rtt(*arguments) as capture:
            capture.wait_line(r"Recording to .*kept-2\.flac \(.*kept\.flac is there already\)")
            capture.wait_line("Connected")
            speak(capture, 5, 100)
            capture.close_stdin()
            assert capture.ended(60) == 0
        assert recorded(path) == numbers(15)
        assert recorded(tmp_path / "kept-2.flac") == numbers(5, 100)


def test_without_a_server_all_is_recorded(tmp_path: Path) -> None:
    """The recording asks nothing of the network: a server that comes and goes leaves no trace in it."""
    sound, path = coded(tmp_path / "talk.wav", 20), tmp_path / "kept.flac"
    with rtt(
        "capture", "--room", "aula1", "--server", "ws://127.0.0.1:9", "--file", str(sound), "--live-only",
        "--record", str(path), "--state-dir", str(tmp_path / "state"), "--plain",
    ) as capture:  # fmt: skip
        capture.wait_line("Trying again")
        deadline = time.monotonic() + 60
        while not path.exists() or path.stat().st_size < 10_000 or seconds(path) < seconds(sound) - 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        capture.signal(signal.SIGTERM)
        capture.ended(30)
        no_traceback(capture)
        capture.wait_line("Recorded 0:00:0", 1)
    # The word that was being spoken is cut in two by the end.
    assert recorded(path)[:15] == numbers(15)


def test_a_file_that_cannot_be_meant_is_one_sentence(tmp_path: Path) -> None:
    """Usage, exit 2, before anything is heard; nothing is made."""
    with rtt("capture", "--room", "aula1", "--stdin", "--plain", "--record", str(tmp_path / "talk.wav")) as capture:
        assert capture.ended() == 2
        assert len(capture.stderr) == 1
        assert f"--record {tmp_path}/talk.flac" in capture.stderr[0]
    assert list(tmp_path.iterdir()) == []
