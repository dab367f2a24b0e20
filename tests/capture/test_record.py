import asyncio
import resource
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.capture.flac import Flac
from rtt.capture.record import AGAIN, Record
from rtt.capture.source import Lost
from rtt.core.errors import SetupError, UsageError
from tests.capture.calling import until
from tests.capture.sounds import ramp
from tests.harness.aio import run


def sound(path: Path) -> bytes:
    return soundfile.read(path, dtype="int16")[0].tobytes()


def noise(samples: int, seed: int = 7) -> bytes:
    """Return sound that does not become smaller."""
    return np.random.default_rng(seed).integers(-20_000, 20_000, samples).astype("<i2").tobytes()


def test_all_that_is_taken_is_in_the_file(tmp_path: Path) -> None:
    """And the operator reads its name, at the beginning and at the end."""
    said: list[str] = []

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append, room="aula1") as record:
            for n in range(25):
                record.take(ramp(1600, 1600 * n))

    run(talk())
    assert sound(tmp_path / "talk.flac") == ramp(40_000)
    assert soundfile.SoundFile(tmp_path / "talk.flac").title == "aula1"
    assert said == [f"Recording to {tmp_path}/talk.flac.", f"Recorded 0:00:02 to {tmp_path}/talk.flac."]


def test_time_in_the_file_is_time_of_the_capture(tmp_path: Path) -> None:
    """What was lost is silence of its length, be it an hour."""
    said: list[str] = []

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append) as record:
            record.take(ramp(1600))
            record.take(Lost(800, "the computer was too busy"))
            record.take(ramp(1600, 1600))
            record.take(Lost(3600 * 16_000, "the computer slept"))
            record.take(Lost(1, "and a moment more"))
            record.take(ramp(1600, 3200))

    run(talk(), 60)
    there = sound(tmp_path / "talk.flac")
    assert there[:8000] == ramp(1600) + bytes(1600) + ramp(1600, 1600)
    assert len(there) // 2 == 5600 + 3600 * 16_000 + 1
    assert there[-3202:] == bytes(2) + ramp(1600, 3200)
    assert not any(there[8000:-3200])


def test_a_name_that_is_taken_is_told_and_another_is_used(tmp_path: Path) -> None:
    """Never a recording over another."""
    said: list[str] = []
    (tmp_path / "talk.flac").write_bytes(b"precious")

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append) as record:
            record.take(ramp(1600))

    run(talk())
    assert (tmp_path / "talk.flac").read_bytes() == b"precious"
    assert sound(tmp_path / "talk-2.flac") == ramp(1600)
    assert said[0] == f"Recording to {tmp_path}/talk-2.flac ({tmp_path}/talk.flac is there already)."


def test_what_cannot_be_recorded_to_is_one_sentence_at_the_start(tmp_path: Path) -> None:
    """A wrong name at once; a folder that takes no file when the capture begins."""
    with pytest.raises(UsageError, match="no FLAC file"):
        Record(tmp_path / "talk.mp3", say=print)
    # /proc takes new files from nobody, be it root.
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that takes no files: run on Linux")

    async def talk() -> None:
        async with Record(Path("/proc/self/talk.flac"), say=print):
            raise AssertionError("it was opened")

    with pytest.raises(
        SetupError, match=r"--record /proc/self/talk\.flac cannot be written: .*Name a file in a folder"
    ):
        run(talk())


def test_a_full_disk_is_one_sentence_and_the_recording_goes_on_when_it_has_room(tmp_path: Path) -> None:
    """In a new file, whose name and place in the talk are told; the first keeps what it has."""
    said: list[str] = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    first, last = noise(160_000), noise(32_000, 8)

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append) as record:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
            for start in range(0, len(first), 3200):
                record.take(first[start : start + 3200])
            await until(lambda: any("stops" in line for line in said))
            record.take(Lost(AGAIN, "nothing"))
            await asyncio.sleep(0.2)
            assert len(said) == 2
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            record.take(Lost(AGAIN, "nothing"))
            await until(lambda: any("goes on" in line for line in said[2:]))
            record.take(last)

    try:
        run(talk(), 30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["talk-2.flac", "talk.flac"]
    there = sound(tmp_path / "talk.flac")
    assert 4 * 4096 <= len(there) // 2 < 100_000
    assert there == first[: len(there)]
    assert sound(tmp_path / "talk-2.flac").endswith(last)
    assert len(said) == 4
    assert said[1].startswith(f"The recording {tmp_path}/talk.flac stops at 0:00:0")
    assert "File too large. The captions go on" in said[1]
    assert said[2].startswith(f"The recording goes on in {tmp_path}/talk-2.flac from 0:0")


def test_a_disk_that_is_full_at_the_start_keeps_no_capture_from_starting(tmp_path: Path) -> None:
    """A supervisor starts it again: captions first."""
    said: list[str] = []
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def talk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        async with Record(tmp_path / "talk.flac", say=said.append) as record:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            record.take(Lost(AGAIN, "nothing"))
            record.take(ramp(1600))

    try:
        run(talk())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sound(tmp_path / "talk.flac").endswith(ramp(1600))
    assert "stops at 0:00:00: File too large" in said[0]
    assert said[1] == f"The recording goes on in {tmp_path}/talk.flac from 0:00:30 on."


GATE = threading.Event()
"""Open while a `Stuck` disk takes something."""


class Stuck(Flac):
    """A file on a disk that takes nothing until the gate is opened."""

    def write(self, pcm: bytes) -> None:
        GATE.wait(20)
        super().write(pcm)


def test_a_disk_that_hangs_delays_nobody_and_grows_nothing(tmp_path: Path) -> None:
    """What does not fit becomes silence, is told once, and time in the file stays right."""
    said: list[str] = []
    GATE.clear()

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append, waiting=16_000, make=Stuck) as record:
            for n in range(30):
                record.take(ramp(1600, 1600 * n))
                await asyncio.sleep(0.001)
            GATE.set()

    run(talk(), 30)
    there = sound(tmp_path / "talk.flac")
    assert len(there) // 2 == 48_000
    kept = len(there.rstrip(b"\0")) // 2
    assert 16_000 <= kept <= 17_600
    assert there[: 2 * kept] == ramp(kept)
    assert sum("does not take the recording in time" in line for line in said) == 1
    assert said[-1].endswith(f"; {(48_000 - kept) / 16_000:.1f} s of it are silence, for the disk was too slow.")


def test_a_disk_that_never_answers_keeps_nobody_from_leaving(tmp_path: Path) -> None:
    """The writer is left to itself, and the operator is told."""
    said: list[str] = []
    GATE.clear()

    async def talk() -> None:
        async with Record(tmp_path / "talk.flac", say=said.append, make=Stuck, patience=0.2) as record:
            record.take(ramp(1600))

    run(talk())
    GATE.set()
    assert said[-1].startswith(f"The disk does not take the end of the recording {tmp_path}/talk.flac")
