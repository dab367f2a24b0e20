"""`rtt capture --live-only` with real processes: now rather than all."""

import itertools
import json
import signal
import time
import urllib.request
from pathlib import Path

from tests.harness.process import rtt
from tests.harness.serving import Serving, serving
from tests.system.test_talk import coded, no_traceback, numbers, words

STOPPED = 15
"""Seconds the server stands still."""


def entries(server: Serving) -> list[dict[str, object]]:
    """Return all lines of the room's transcript.json."""
    with urllib.request.urlopen(f"{server.url}/api/rooms/aula1/transcript.json", timeout=10) as answer:
        found: list[dict[str, object]] = json.load(answer)["entries"]
    return found


def test_a_server_that_stands_still_costs_a_gap_and_then_all_is_live_again(tmp_path: Path) -> None:
    """The oldest is dropped and told of, with its seconds; the captions go on with what is said now."""
    sound = coded(tmp_path / "talk.wav", 80)
    with serving(tmp_path / "data") as server:
        with (
            rtt("display", "--room", "aula1", "--server", server.url, "--plain") as display,
            rtt(
                "capture", "--room", "aula1", "--server", server.ws, "--lang", "en-US", "--file", str(sound),
                "--live-only", "--state-dir", str(tmp_path / "state"), "--plain",
            ) as capture,
        ):  # fmt: skip
            display.wait_line("w9", stream="stdout")
            server.process.signal(signal.SIGSTOP)
            time.sleep(STOPPED)
            server.process.signal(signal.SIGCONT)
            capture.wait_line("Backpressure: the server does not take the sound in time.", 1)
            lost = float(capture.wait_line(r"Backpressure is over: ([\d.]+) s of sound were dropped", 40)[1])
            assert capture.ended(90) == 0
            no_traceback(capture, display, server.process)
            display.wait_line("w79", stream="stdout")
            found = [int(word[1:]) for word in words(display.stdout)]
        lines = entries(server)
    assert len([line for line in capture.stderr if "Backpressure" in line]) == 2
    assert not [line for line in capture.stderr if "sent later" in line]
    # Nothing twice, nothing out of order, all of the beginning and of the end, and a hole between them.
    assert found == sorted(set(found))
    assert [f"w{number}" for number in found[:10]] == numbers(10)
    assert found[-20:] == list(range(60, 80))
    holes = [(a, b) for a, b in itertools.pairwise(found) if b - a > 1]
    assert len(holes) == 1
    assert 4 <= lost <= STOPPED + 5
    gaps = [line for line in lines if line["type"] == "gap"]
    assert gaps
    assert any("only the newest sound is wanted" in str(line.get("why", "")) for line in gaps)
