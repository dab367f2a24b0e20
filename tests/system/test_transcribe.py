"""Whole talks with Amazon Transcribe, on the real wire against the emulator of its protocol."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.server.pages import recording
from tests.emulator.running import Emulator, emulator
from tests.harness.process import rtt
from tests.harness.serving import serving
from tests.system.test_talk import coded, numbers, transcript

TRANSPORTS = ["websocket", "http2"]


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


def words(texts: Iterable[str]) -> list[str]:
    """Return the words of these lines without the service's punctuation."""
    return [word.strip(".,").lower() for text in texts for word in text.split()]


@pytest.fixture(autouse=True)
def fresh(service: Emulator) -> None:
    service.reset()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_talk_word_for_word(tmp_path: Path, service: Emulator, transport: str) -> None:
    """Words out equal words in, in order, once; the cost is counted, and price and way of the sound are said."""
    sound = coded(tmp_path / "talk.wav", 15)
    options = ("--no-guard", "--transcribe-transport", transport)
    with serving(tmp_path / "data", *options, engine="transcribe", env=service.env) as server:
        server.process.wait_line("leaves this building, 0.024 USD a minute", 5)
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "it-IT", "--file", str(sound)
        ) as capture:
            assert capture.ended(90) == 0
        assert words(transcript(server)) == numbers(15)
        with urllib.request.urlopen(f"{server.url}/api/rooms", timeout=10) as answer:
            room = json.load(answer)["rooms"][0]
        assert room["language"] == "it-IT"
        assert room["minutes_paid"] * 60 >= 6
        assert room["usd"] == pytest.approx(room["minutes_paid"] * 0.024)


@pytest.mark.parametrize("kind", ["rst", "mute"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_lost_stream_costs_no_word(tmp_path: Path, service: Emulator, transport: str, kind: str) -> None:
    """A connection that is cut, or a service that falls silent, in the middle of a talk: all is heard again."""
    sound = coded(tmp_path / "talk.wav", 25)
    options = ("--no-guard", "--transcribe-transport", transport)
    with serving(tmp_path / "data", *options, engine="transcribe", env=service.env) as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
        ) as capture:
            service.until(lambda state: any(s["audio_seconds"] > 4 for s in state["streams"]))
            assert service.fault(kind, when="now") == 1
            assert capture.ended(120) == 0
        assert words(transcript(server)) == numbers(25)


def test_words_invented_in_silence_reach_no_screen(tmp_path: Path, service: Emulator) -> None:
    """A service that answers silence and noise with words: none passes the guard, and those for a voice do."""
    service.set(mode="invent")
    quiet, spoken = tmp_path / "quiet.wav", tmp_path / "spoken.wav"
    coded(quiet, 0)
    hush = ["sox", "-n", "-r", "16000", "-c", "1", "-b", "16", str(quiet), "synth", "6", "brownnoise", "gain", "-40"]
    if shutil.which("sox"):
        subprocess.run(hush, check=True, timeout=60)
    shutil.copy(recording(), spoken.with_suffix(".flac"))
    with serving(tmp_path / "data", engine="transcribe", env=service.env) as server:
        for room, sound in (("quiet", quiet), ("spoken", spoken.with_suffix(".flac"))):
            with rtt(
                "capture", "--room", room, "--server", server.ws, "--lang", "en-US", "--file", str(sound)
            ) as capture:
                assert capture.ended(90) == 0
        with urllib.request.urlopen(f"{server.url}/api/rooms", timeout=10) as answer:
            rooms = {room["room"]: room for room in json.load(answer)["rooms"]}
    assert rooms["quiet"]["captions"] == 0
    assert rooms["quiet"]["withheld"] > 0
    assert rooms["spoken"]["captions"] > 0


def test_a_server_that_is_behind_does_not_send_the_silence(tmp_path: Path, service: Emulator) -> None:
    """A talk that waits is heard at the service's pace without its pauses, and its words keep their times."""
    service.set(mode="any")
    voice, _ = soundfile.read(recording(), dtype="int16")
    silence, sound = 15, tmp_path / "talk.wav"
    part = voice[: 5 * 16_000]
    soundfile.write(sound, np.concatenate([part, np.zeros(silence * 16_000, np.int16), part]), 16_000)
    with serving(tmp_path / "data", engine="transcribe", env=service.env) as server:
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound), "--fast"
        ) as capture:
            assert capture.ended(90) == 0
        with urllib.request.urlopen(f"{server.url}/api/rooms", timeout=10) as answer:
            paid = json.load(answer)["rooms"][0]["minutes_paid"] * 60
        with urllib.request.urlopen(f"{server.url}/api/rooms/aula1/transcript.json", timeout=10) as answer:
            starts = [word["start"] for entry in json.load(answer)["entries"] for word in entry["words"]]
    assert paid < 5 + silence + 5 - 5, "silence was sent"
    assert starts == sorted(starts)
    assert any(start < 5 for start in starts)
    assert any(start > 5 + silence for start in starts)
    assert not [start for start in starts if 5.5 < start < 4.5 + silence]


def test_a_language_the_service_does_not_speak_is_refused_before_audio(tmp_path: Path, service: Emulator) -> None:
    """The capture's operator reads it; no stream is opened for it."""
    sound = coded(tmp_path / "talk.wav", 5)
    with serving(tmp_path / "data", engine="transcribe", env=service.env) as server:
        opened = len(service.state()["streams"])
        with rtt(
            "capture", "--room", "aula1", "--server", server.ws, "--lang", "xx-YY", "--file", str(sound)
        ) as capture:
            assert capture.ended(60) == 1
            assert "it-IT" in " ".join(capture.stderr)
        assert len(service.state()["streams"]) == opened


def test_auto_takes_what_proves_itself(tmp_path: Path, service: Emulator) -> None:
    """With credentials that a signed call proves it is Transcribe; with others the embedded engine, and why is said."""
    with serving(tmp_path / "a", engine="auto", env=service.env) as server:
        assert any("Engine transcribe" in line for line in server.process.stderr) or server.process.wait_line(
            "Engine transcribe", 5
        )
    wrong = {**service.env, "AWS_SECRET_ACCESS_KEY": "wrong"}
    with serving(tmp_path / "b", engine="auto", env=wrong) as server:
        server.process.wait_line("Engine pocketsphinx.*Amazon Transcribe is not used", 5)
    with rtt("serve", "--engine", "transcribe", "--plain", "--port", "0", env=wrong) as server_process:
        assert server_process.ended(60) == 1
        assert "Traceback" not in server_process.transcript()
