"""A microphone that gives nothing for a while, with real processes: the gap is announced, and is as long as it was."""

import itertools
import signal
import sys
import time
from pathlib import Path

import pytest
import soundfile

from rtt.capture.arrivals import LATE
from rtt.core.caption import RATE
from rtt.core.codedspeech import CodedDecoder
from tests.capture.card import speech
from tests.harness.data import ROOT
from tests.harness.process import running
from tests.harness.serving import serving
from tests.system.test_live_only import entries
from tests.system.test_talk import no_traceback


def words(pcm: bytes) -> dict[int, int]:
    """Return each coded word and the sample at which it begins."""
    decoder = CodedDecoder()
    found = [word for start in range(0, len(pcm), RATE) for word in decoder.push(pcm[start : start + RATE])]
    return {word.number: word.start for word in found + decoder.finish() if word.number is not None}


@pytest.mark.parametrize("outage", [0.8, 4.0])
def test_session_time_stays_true_through_an_outage(tmp_path: Path, outage: float) -> None:
    """A process that stood still: the gap is right to 0.2 s, and no word after it is moved by more.

    In the transcript and in the recording alike.
    """
    record, given = tmp_path / "kept.flac", tmp_path / "given"
    with serving(tmp_path / "data") as server:
        command = (sys.executable, "-m", "tests.capture.card", "aula1", server.ws, str(record), str(given))
        with running(*command, cwd=ROOT) as capture:
            capture.wait_line("Connected")
            time.sleep(6)
            capture.signal(signal.SIGSTOP)
            time.sleep(outage)
            capture.signal(signal.SIGCONT)
            time.sleep(6)
            capture.signal(signal.SIGTERM)
            assert capture.ended(60) == 0
            no_traceback(capture)
        lines = entries(server)
    positions = [int(line) for line in given.read_text().split()]
    jumps = [(a + 1600, b - a - 1600) for a, b in itertools.pairwise(positions) if b - a > 1600]
    truly = sum(samples for _, samples in jumps) / RATE
    assert truly >= outage - 0.5
    gaps = [line for line in lines if line["type"] == "gap"]
    announced = sum(float(str(line["end"])) - float(str(line["start"])) for line in gaps)
    assert announced == pytest.approx(truly, abs=LATE)
    said, heard = words(speech(400)), words(soundfile.read(record, dtype="int16")[0].tobytes())
    offset = min(positions)
    assert len(heard) >= 20
    assert max(abs(heard[word] - (said[word] - offset)) for word in heard) <= LATE * RATE
    captions = " ".join(str(line["text"]) for line in lines if line["type"] == "caption").split()
    assert {f"w{word}" for word in heard if said[word] - offset > jumps[0][0] + (truly + 1) * RATE} <= set(captions)
