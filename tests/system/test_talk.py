"""Whole talks through real processes, as an operator runs them."""

import json
import re
import resource
import signal
import urllib.request
import wave
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import jiwer
import pytest

from rtt.core.caption import RATE
from rtt.core.codedspeech import encode
from rtt.server.pages import recording
from tests.harness.process import Process, rtt
from tests.harness.serving import Serving, serving


def words(texts: Iterable[str]) -> list[str]:
    """Return the coded words of these lines, in order."""
    return [word for text in texts for word in text.split()]


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"w{number}" for number in range(first, first + count)]


def coded(path: Path, count: int, first: int = 0) -> Path:
    """Write a recording of so many coded words, two and a half a second."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(RATE))
        for start in range(first, first + count, 5):
            file.writeframes(encode(range(start, min(start + 5, first + count))) + bytes(RATE // 4 * 2))
    return path


def speaking(server: Serving, sound: Path) -> AbstractContextManager[Process]:
    """Run a capture that plays `sound` into the room aula1."""
    return rtt("capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound))


def transcript(server: Serving, room: str = "aula1") -> list[str]:
    """Return the finals of the room's transcript.json."""
    with urllib.request.urlopen(f"{server.url}/api/rooms/{room}/transcript.json", timeout=10) as answer:
        entries = json.load(answer)["entries"]
    return [entry["text"] for entry in entries if entry["type"] == "caption"]


def no_traceback(*processes: Process) -> None:
    for process in processes:
        assert "Traceback" not in process.transcript(), process.transcript()


def test_the_demo_says_what_its_recording_says() -> None:
    """`rtt demo --no-display --plain`: finals as lines on stdout, at most a word in five wrong, exit 0."""
    from tests.harness.need import need

    need("pocketsphinx")
    said = re.sub(r"[^a-z ]+", " ", recording().with_suffix(".txt").read_text().lower())
    with rtt("demo", "--no-display", "--plain", "--port", "0") as demo:
        assert demo.ended(120) == 0
        no_traceback(demo)
        heard = " ".join(demo.stdout)
    assert jiwer.wer(" ".join(said.split()), heard) <= 0.2


def test_three_parts_apart(tmp_path: Path) -> None:
    """Server, capture and display as processes of their own: every word once, and everybody leaves in order."""
    sound = coded(tmp_path / "talk.wav", 20)
    with serving(tmp_path / "data") as server:
        with rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display:
            display.wait_line("connected")
            with rtt(
                "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
            ) as capture:
                assert capture.ended(60) == 0
                no_traceback(capture)
            display.wait_line("w19", stream="stdout")
            assert words(display.stdout) == numbers(20) == words(transcript(server))
            display.signal(signal.SIGTERM)
            assert display.ended() == 143
        server.process.signal(signal.SIGTERM)
        assert server.process.ended() == 143
        no_traceback(server.process)
        assert server.process.left_behind() == []


def test_two_rooms_do_not_mix(tmp_path: Path) -> None:
    """Two captures at once, each room with its own words only."""
    one, two = coded(tmp_path / "one.wav", 15), coded(tmp_path / "two.wav", 15, 1000)
    with serving(tmp_path / "data") as server:
        options = ("--server", server.ws, "--lang", "en-US", "--fast")
        with (
            rtt("capture", "--room", "one", "--file", str(one), *options) as first,
            rtt("capture", "--room", "two", "--file", str(two), *options) as second,
        ):
            assert (first.ended(60), second.ended(60)) == (0, 0)
        assert words(transcript(server, "one")) == numbers(15)
        assert words(transcript(server, "two")) == numbers(15, 1000)


def test_a_killed_server_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """With kill -9 in the middle of a talk: after the restart every word stands once, in the same epoch."""
    sound = coded(tmp_path / "talk.wav", 50)
    data = tmp_path / "data"
    with serving(data) as server:
        port = server.port
        with (
            rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display,
            rtt(
                "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
            ) as capture,
        ):
            display.wait_line("w14", stream="stdout")
            server.process.signal(signal.SIGKILL)
            server.process.ended()
            with serving(data, port=port) as again:
                assert capture.ended(90) == 0
                display.wait_line("w49", stream="stdout")
                assert words(display.stdout) == numbers(50)
                assert words(transcript(again)) == numbers(50)
                no_traceback(capture, display, again.process)
    heads = [json.loads(line) for path in data.glob("rooms/aula1/*/*.jsonl") for line in path.read_text().splitlines()]
    assert len({line["epoch"] for line in heads if "epoch" in line}) == 1


def test_an_engine_that_dies_costs_no_word(tmp_path: Path) -> None:
    """An engine that is lost twice in a talk: the sound is heard again, the operator is told."""
    sound = coded(tmp_path / "talk.wav", 30)
    with serving(tmp_path / "data", env={"RTT_SCRIPTED": "error_after=5,times=2"}) as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
        ) as capture:
            assert capture.ended(90) == 0
        assert words(transcript(server)) == numbers(30)
        server.process.wait_line("heard again", 1)


def test_an_engine_that_hangs_costs_no_word(tmp_path: Path) -> None:
    """An engine that takes nothing and says nothing any more is given up, and the sound is heard again."""
    sound = coded(tmp_path / "talk.wav", 30)
    with serving(tmp_path / "data", env={"RTT_SCRIPTED": "die_after=5,times=1"}) as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
        ) as capture:
            assert capture.ended(90) == 0
        assert words(transcript(server)) == numbers(30)
        server.process.wait_line("hangs", 1)


def test_a_full_disk_costs_no_caption(tmp_path: Path) -> None:
    """While nothing can be written captions go on and the operator reads it; when it can, they are written."""
    sound = coded(tmp_path / "talk.wav", 30)
    with serving(tmp_path / "data") as server:
        pid = server.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        with (
            rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display,
            rtt(
                "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
            ) as capture,
        ):
            display.wait_line("w4", stream="stdout")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
            display.wait_line("w14", stream="stdout")
            server.process.wait_line("cannot be written")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
            assert capture.ended(90) == 0
            display.wait_line("w29", stream="stdout")
            assert words(transcript(server)) == numbers(30)
            assert words(display.stdout) == numbers(30)
            no_traceback(capture, display, server.process)


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """The second server leaves with exit code 1 and says which option helps."""
    with serving(tmp_path / "data") as server:
        options = ("--engine", "scripted", "--port", str(server.port), "--data-dir", str(tmp_path / "other"), "--plain")
        with rtt("serve", *options) as second:
            assert second.ended() == 1
            assert len(second.stderr) == 1
            assert "--port" in second.stderr[0]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--host", "0.0.0.0"), 2, "--open"),
        (("--engine", "whisper"), 2, "pocketsphinx"),
        (("--port", "99999"), 2, "port"),
    ],
)
def test_wrong_servers_are_one_sentence(options: tuple[str, ...], code: int, said: str) -> None:
    """What cannot be meant is refused before anything starts."""
    with rtt("serve", "--plain", *options) as server:
        assert server.ended() == code
        no_traceback(server)
        assert said in " ".join(server.stderr)


def test_an_absent_server_is_waited_for_or_not(tmp_path: Path) -> None:
    """--no-wait leaves with 1 and one sentence; without it the capture says so once and goes on when it is there."""
    sound = coded(tmp_path / "talk.wav", 10)
    arguments = ("capture", "--room", "aula1", "--lang", "en-US", "--file", str(sound))
    with rtt(*arguments, "--server", "ws://127.0.0.1:9", "--no-wait") as capture:
        assert capture.ended() == 1
        no_traceback(capture)
    with serving(tmp_path / "data") as server:
        port = server.port
    with rtt(*arguments, "--server", f"ws://127.0.0.1:{port}") as capture:
        capture.wait_line("127.0.0.1")
        with serving(tmp_path / "data", port=port) as server:
            assert capture.ended(60) == 0
            assert words(transcript(server)) == numbers(10)


def test_ctrl_c_settles_before_it_leaves(tmp_path: Path) -> None:
    """What was said until Ctrl-C is captioned; the exit code is the signal's."""
    sound = coded(tmp_path / "talk.wav", 100)
    with serving(tmp_path / "data") as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
        ) as capture:
            capture.wait_line("Connected")
            server.process.wait_line("speaks")
            with rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display:
                display.wait_line("w9", stream="stdout")
            capture.signal(signal.SIGINT)
            assert capture.ended(40) == 130
        found = words(transcript(server))
        assert len(found) >= 10
        assert found == numbers(len(found))
