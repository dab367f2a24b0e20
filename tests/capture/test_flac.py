import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.capture.flac import Flac, check
from rtt.core.errors import UsageError
from tests.capture.sounds import ramp
from tests.harness.data import ROOT
from tests.harness.need import need
from tests.harness.process import running

FRAME = 4096
"""Samples of a frame, as libFLAC chooses it."""


def sound(path: Path) -> bytes:
    """Return what a player of libsndfile plays of it."""
    pcm, rate = soundfile.read(path, dtype="int16")
    assert rate == 16_000
    return pcm.tobytes()


def test_it_holds_what_was_written_and_says_when_and_what(tmp_path: Path) -> None:
    """To the sample; its owner alone may read it."""
    flac = Flac(tmp_path / "talk.flac", title="aula1", date="2026-11-21T09:00:00+00:00")
    for n in range(25):
        flac.write(ramp(1600, 1600 * n))
    flac.close()
    assert flac.path == tmp_path / "talk.flac"
    assert sound(flac.path) == ramp(40_000)
    assert flac.path.stat().st_mode & 0o777 == 0o600
    with soundfile.SoundFile(flac.path) as read:
        assert (read.format, read.subtype, read.channels, read.title, read.date) == (
            "FLAC", "PCM_16", 1, "aula1", "2026-11-21T09:00:00+00:00",
        )  # fmt: skip


@pytest.mark.parametrize("size", [1600, FRAME, 16_000, 100])
def test_at_any_time_it_can_be_played_up_to_half_a_second_ago(tmp_path: Path, size: int) -> None:
    """Nothing but whole, right samples is ever counted."""
    flac = Flac(tmp_path / "talk.flac")
    for n in range(60_000 // size):
        flac.write(ramp(size, size * n))
        if flac.samples <= FRAME:
            continue
        there = sound(flac.path)
        assert len(there) // 2 >= flac.samples - 2 * FRAME
        assert there == ramp(len(there) // 2)
    flac.close()
    assert sound(flac.path) == ramp(flac.samples)


WRITER = """
import sys
from pathlib import Path
from rtt.capture.flac import Flac
from tests.capture.sounds import ramp
flac = Flac(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    flac.write(ramp(1600, 1600 * n))
print("written", flush=True)
sys.stdin.read()
"""


def test_kill_9_leaves_a_file_that_plays(tmp_path: Path) -> None:
    """In libsndfile and in sox, up to half a second before the end."""
    path = tmp_path / "talk.flac"
    with running(sys.executable, "-c", WRITER, str(path), "103", cwd=ROOT) as writer:
        writer.wait_line("written")
        writer.signal(signal.SIGKILL)
        writer.ended()
    there = sound(path)
    assert len(there) // 2 >= 103 * 1600 - 2 * FRAME
    assert there == ramp(len(there) // 2)
    need("sox")
    sox = shutil.which("sox")
    assert sox is not None
    raw = subprocess.run(
        [sox, str(path), "-t", "raw", "-e", "signed", "-b", "16", "-L", "-"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert raw.stdout == there
    assert raw.stderr == b""


def test_no_file_is_ever_overwritten(tmp_path: Path) -> None:
    """A capture that is started again by its supervisor keeps what the one before it recorded."""
    for number, name in enumerate(("talk.flac", "talk-2.flac", "talk-3.flac"), 1):
        flac = Flac(tmp_path / "talk.flac")
        flac.write(ramp(1600 * number))
        flac.close()
        assert flac.path == tmp_path / name
    assert [len(sound(tmp_path / name)) for name in ("talk.flac", "talk-2.flac", "talk-3.flac")] == [3200, 6400, 9600]


def write(flac: Flac, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        flac.write(pcm[start : start + 3200])


def limited(size: int) -> tuple[int, int]:
    """Let no file of this process grow beyond `size`; return what to give to `setrlimit` afterwards."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    return before


def test_a_disk_that_is_full_leaves_what_it_took(tmp_path: Path) -> None:
    """The error names the reason; the file keeps its whole frames, and no torn one."""
    flac = Flac(tmp_path / "talk.flac")
    noise = np.random.default_rng(7).integers(-3000, 3000, 160_000).astype("<i2").tobytes()
    before = limited(50_000)
    try:
        with pytest.raises(OSError, match="File too large"):
            write(flac, noise)
        flac.abandon()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    there = sound(flac.path)
    assert len(there) // 2 >= 4 * FRAME
    assert len(there) // 2 % FRAME == 0
    assert there == noise[: len(there)]
    assert flac.samples - len(there) // 2 <= 3 * FRAME


def test_a_disk_that_is_full_from_the_start_leaves_no_file(tmp_path: Path) -> None:
    """Nor does a recording that had not one whole frame."""
    before = limited(10_000)
    try:
        with pytest.raises(OSError, match="File too large"):
            Flac(tmp_path / "talk.flac")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    flac = Flac(tmp_path / "talk.flac")
    flac.write(ramp(100))
    flac.abandon()
    assert list(tmp_path.iterdir()) == []


def test_it_leaves_no_file_open(tmp_path: Path) -> None:
    """Closed or abandoned: an evening of restarts must not use up the descriptors."""
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    for way in ("close", "abandon") * 5:
        flac = Flac(tmp_path / "talk.flac")
        flac.write(ramp(10_000))
        getattr(flac, way)()
    after = os.open(os.devnull, os.O_RDONLY)
    os.close(after)
    assert after == free


def test_names_that_cannot_be_meant_are_refused_with_one_that_can(tmp_path: Path) -> None:
    """Before anything is heard."""
    check(tmp_path / "Talk.FLAC")
    with pytest.raises(UsageError, match=r"is no FLAC file\. Name one: --record .*talk\.flac\."):
        check(tmp_path / "talk.wav")
    with pytest.raises(UsageError, match=r"there is no folder .*/none\. Make it: mkdir -p"):
        check(tmp_path / "none" / "talk.flac")
