"""Sound that outlives its capture: real processes that are killed, stopped, starved of server and of disk."""

import json
import resource
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.harness.data import ROOT
from tests.harness.process import Process, rtt
from tests.harness.serving import Serving, serving
from tests.system.test_talk import coded, no_traceback, numbers, transcript, words

MICROPHONE = str(ROOT / "tests" / "system" / "room")


def hearing(
    server: str, state: Path, sound: Path, *options: str, env: Mapping[str, str] | None = None
) -> AbstractContextManager[Process]:
    """Run a capture whose microphone stands in a room where `sound` plays since the first one was opened there."""
    clock = sound.with_suffix(".clock")
    room = {"PYTHONPATH": MICROPHONE, "ROOM_SOUND": str(sound), "ROOM_CLOCK": str(clock), **(env or {})}
    arguments = ("--room", "aula1", "--server", server, "--lang", "en-US", "--state-dir", str(state), "--plain")
    return rtt("capture", *arguments, *options, env=room)


def entries(server: Serving, query: str = "") -> list[dict]:
    with urllib.request.urlopen(f"{server.url}/api/rooms/aula1/transcript.json{query}", timeout=10) as answer:
        return json.load(answer)["entries"]


def said(server: Serving) -> list[str]:
    """Return the words that stand in the transcript so far: none before the room's first sound."""
    try:
        return words(transcript(server))
    except urllib.error.HTTPError:
        return []


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def left(state: Path) -> list[Path]:
    """Return the folders of talks that are not settled."""
    return list(state.glob("spool/*"))


def test_a_killed_capture_goes_on_with_its_talk(tmp_path: Path) -> None:
    """A kill -9 in mid-talk: started again it is the same session; every word once, but for an announced gap."""
    sound, state = coded(tmp_path / "talk.wav", 60), tmp_path / "state"
    with serving(tmp_path / "data") as server:
        with hearing(server.ws, state, sound) as first:
            until(lambda: "w14" in said(server))
            first.signal(signal.SIGKILL)
            first.ended()
        with hearing(server.ws, state, sound) as second:
            second.wait_line("goes on: nothing was captured for")
            until(lambda: "w59" in said(server))
            second.signal(signal.SIGINT)
            assert second.ended(40) == 130
            no_traceback(second)
        found = said(server)
        missing = [word for word in numbers(60) if word not in found]
        assert found == [word for word in numbers(60) if word in found]
        first_missing = int(missing[0][1:]) if missing else 0
        assert missing == numbers(len(missing), first_missing)
        gaps = [entry for entry in entries(server) if entry["type"] == "gap"]
        assert len(gaps) == 1
        assert len({entry["session"] for entry in entries(server) if "session" in entry}) == 1
    assert left(state) == []


def test_a_server_that_is_away_for_longer_than_memory_costs_nothing(tmp_path: Path) -> None:
    """With three seconds of memory and a server that is gone for ten: the spool has it, every word once."""
    sound, state, data = coded(tmp_path / "talk.wav", 50), tmp_path / "state", tmp_path / "data"
    with serving(data) as server:
        port = server.port
        with hearing(server.ws, state, sound, env={"RTT_MEMORY_SECONDS": "3"}) as capture:
            until(lambda: "w4" in said(server))
            server.process.signal(signal.SIGKILL)
            server.process.ended()
            capture.wait_line("lost", 5)
            time.sleep(10)
            with serving(data, port=port) as again:
                until(lambda: "w49" in said(again))
                assert said(again) == numbers(50)
                assert [entry for entry in entries(again) if entry["type"] == "gap"] == []
                capture.signal(signal.SIGINT)
                assert capture.ended(40) == 130
                no_traceback(capture, again.process)
                assert not [line for line in capture.stderr if "of sound were lost" in line]
    assert left(state) == []


def test_what_a_dead_server_left_is_sent_later(tmp_path: Path) -> None:
    """Ctrl-C twice with the server gone leaves at once and names the command; that sends what was left: exit 0."""
    sound, state, data = coded(tmp_path / "talk.wav", 25), tmp_path / "state", tmp_path / "data"
    with serving(data) as server:
        port = server.port
        with hearing(server.ws, state, sound) as capture:
            until(lambda: "w4" in said(server))
            server.process.signal(signal.SIGKILL)
            server.process.ended()
            time.sleep(max(0.0, float(sound.with_suffix(".clock").read_text()) + 14 - time.time()))
            capture.signal(signal.SIGINT)
            capture.wait_line("Press Ctrl-C again .* is sent by: rtt capture --resume --room aula1 --server")
            time.sleep(0.5)
            capture.signal(signal.SIGINT)
            assert capture.ended() == 130
    assert len(left(state)) == 1
    with serving(data, port=port) as again:
        resume = ("capture", "--resume", "--room", "aula1", "--server", again.ws, "--state-dir", str(state))
        with rtt(*resume) as late:
            assert late.ended(60) == 0
            no_traceback(late, again.process)
            late.wait_line("were sent and are settled")
        assert said(again) == numbers(25)
        assert left(state) == []
        with rtt(*resume) as nothing:
            assert nothing.ended() == 0
            nothing.wait_line("Nothing of room aula1 is left")


def test_late_sound_comes_in_beside_a_live_talk(tmp_path: Path) -> None:
    """The room is held by another talk: what was left goes to the archive, and onto no screen."""
    sound, other = coded(tmp_path / "talk.wav", 10), coded(tmp_path / "other.wav", 60, 1000)
    state, data = tmp_path / "state", tmp_path / "data"
    with serving(data) as server:
        port = server.port
    with hearing(f"ws://127.0.0.1:{port}", state, sound) as capture:
        capture.wait_line("Trying again")
        time.sleep(6)
        capture.signal(signal.SIGINT)
        assert capture.ended() == 1
        capture.wait_line(r"s are kept on disk. Send them later with: rtt capture --resume --room aula1 --server ws:")
    with serving(data, port=port) as server:
        arguments = ("--room", "aula1", "--server", server.ws, "--lang", "en-US")
        with (
            rtt("capture", *arguments, "--file", str(other), "--state-dir", str(tmp_path / "mine")) as live,
            rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display,
        ):
            display.wait_line("w1004", stream="stdout")
            with rtt("capture", "--resume", "--server", server.ws, "--state-dir", str(state)) as late:
                assert late.ended(60) == 0
            assert live.ended(90) == 0
            display.wait_line("w1059", stream="stdout")
            assert words(display.stdout) == numbers(60, 1000)
            no_traceback(live, late, server.process)
        assert said(server) == numbers(60, 1000)
        found = words(entry["text"] for entry in entries(server, "?talk=all") if entry["type"] == "caption")
        assert [word for word in found if word in numbers(10)] == numbers(10)
        assert [word for word in found if word not in numbers(10)] == numbers(60, 1000)


def test_a_capture_takes_a_room_over_when_it_says_so(tmp_path: Path) -> None:
    """Two captures of one machine and room: the second is refused with the command; with it the first ends with 1."""
    sound, state = coded(tmp_path / "talk.wav", 60), tmp_path / "state"
    with serving(tmp_path / "data") as server:
        with hearing(server.ws, state, sound) as first:
            until(lambda: "w4" in said(server))
            with hearing(server.ws, state, sound) as refused:
                assert refused.ended(40) == 1
                line = refused.wait_line("is live in it for .* Take it over with: rtt (capture .* --takeover)")
                assert "127.0.0.1" in line[0]
                no_traceback(refused)
            assert len(left(state)) == 1
            with hearing(server.ws, state, sound, "--takeover") as second:
                assert first.ended(30) == 1
                first.wait_line("another capture, at 127.0.0.1, took the room over")
                second.wait_line("Connected")
                until(lambda: "w59" in said(server))
                second.signal(signal.SIGINT)
                assert second.ended(40) == 130
                no_traceback(first, second, server.process)


def test_a_full_disk_costs_no_caption(tmp_path: Path) -> None:
    """The operator reads it once, the talk goes on from memory; when there is room again the spool goes on."""
    sound, state = coded(tmp_path / "talk.wav", 60), tmp_path / "state"
    with serving(tmp_path / "data") as server:
        with hearing(server.ws, state, sound) as capture:
            until(lambda: "w4" in said(server))
            soft, hard = resource.prlimit(capture.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(capture.pid, resource.RLIMIT_FSIZE, (0, hard))
            capture.wait_line("cannot be written to .* It is kept in memory only")
            until(lambda: "w24" in said(server))
            resource.prlimit(capture.pid, resource.RLIMIT_FSIZE, (soft, hard))
            capture.wait_line("The disk takes sound again")
            until(lambda: "w59" in said(server))
            capture.signal(signal.SIGINT)
            assert capture.ended(40) == 130
            no_traceback(capture)
            assert len([line for line in capture.stderr if "cannot be written" in line]) == 1
        assert said(server) == numbers(60)
    assert left(state) == []


def test_a_capture_that_skips_goes_on_live(tmp_path: Path) -> None:
    """--late skip: after a server that stood still for 12 s one gap, then what is said now; nothing twice."""
    sound, state = coded(tmp_path / "talk.wav", 80), tmp_path / "state"
    with serving(tmp_path / "data") as server:
        with hearing(server.ws, state, sound, "--late", "skip") as capture:
            until(lambda: "w9" in said(server))
            server.process.signal(signal.SIGSTOP)
            capture.wait_line("lost: it took sound for 5 s without a word", 15)
            time.sleep(8)
            server.process.signal(signal.SIGCONT)
            capture.wait_line("were skipped to be live again")
            until(lambda: "w79" in said(server))
            capture.signal(signal.SIGINT)
            assert capture.ended(40) == 130
            no_traceback(capture)
        found = said(server)
        assert found == [word for word in numbers(80) if word in found]
        assert len(found) < 75
        assert 1 <= len([entry for entry in entries(server) if entry["type"] == "gap"]) <= 2


def test_a_torn_spool_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """A power cut in the middle of a record: what stands before it counts, and the talk goes on."""
    sound, state = coded(tmp_path / "talk.wav", 40), tmp_path / "state"
    with serving(tmp_path / "data") as server:
        with hearing(server.ws, state, sound) as first:
            until(lambda: "w9" in said(server))
            first.signal(signal.SIGKILL)
            first.ended()
        newest = max(state.glob("spool/*/*.sound"))
        with newest.open("r+b") as file:
            file.truncate(newest.stat().st_size - 20_000)
            file.seek(0, 2)
            file.write(b"torn by the cut")
        with hearing(server.ws, state, sound) as second:
            second.wait_line("goes on: nothing was captured for")
            until(lambda: "w39" in said(server))
            second.signal(signal.SIGINT)
            assert second.ended(40) == 130
            no_traceback(second)
        found = said(server)
        assert found == [word for word in numbers(40) if word in found]
        assert len({entry["session"] for entry in entries(server)}) == 1
    assert left(state) == []
