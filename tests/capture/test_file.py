import asyncio
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.capture.file import FileSource
from rtt.capture.source import Lost
from rtt.core.caption import RATE
from rtt.core.errors import SourceError
from tests.capture.sounds import ramp, tone
from tests.harness.aio import run
from tests.harness.process import running


async def played(path: Path, loop: bool = False, blocks: int | None = None) -> list[bytes]:
    found: list[bytes] = []
    async with FileSource(path, loop=loop, pace=0) as source:
        async for piece in source:
            assert not isinstance(piece, Lost)
            found.append(piece)
            if len(found) == blocks:
                break
    return found


def write(path: Path, frames: np.ndarray, rate: int, subtype: str | None = None) -> Path:
    soundfile.write(path, frames, rate, subtype=subtype)
    return path


def test_a_file_at_speech_rate_is_played_bit_by_bit(tmp_path: Path) -> None:
    """Nothing is added, lost or changed; blocks are 100 ms and the last one shorter."""
    path = write(tmp_path / "a.wav", np.frombuffer(ramp(5000), "<i2"), RATE)
    blocks = run(played(path))
    assert b"".join(blocks) == ramp(5000)
    assert [len(block) // 2 for block in blocks] == [1600, 1600, 1600, 200]


@pytest.mark.parametrize(
    ("name", "subtype", "rate", "channels"),
    [
        ("a.wav", "PCM_U8", 8000, 1),
        ("a.wav", "PCM_16", 44_100, 2),
        ("a.wav", "PCM_24", 48_000, 6),
        ("a.wav", "FLOAT", 22_050, 1),
        ("a.flac", None, 48_000, 2),
        ("a.ogg", None, 44_100, 1),
        ("a.mp3", None, 44_100, 2),
    ],
)
def test_any_usual_recording_is_heard_at_its_right_length_and_loudness(
    tmp_path: Path, name: str, subtype: str | None, rate: int, channels: int
) -> None:
    """8-bit, 44.1 kHz, stereo, six channels, float, FLAC, OGG, MP3: two seconds of tone stay two seconds of tone."""
    frames = np.repeat(tone(2 * rate, rate, 500)[:, None], channels, axis=1)
    pcm = np.frombuffer(b"".join(run(played(write(tmp_path / name, frames, rate, subtype)))), "<i2") / 32_768
    assert len(pcm) == pytest.approx(2 * RATE, abs=2000 if name.endswith("mp3") else 4)
    assert np.sqrt(np.mean(pcm[4000:-4000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_loop_begins_again_without_a_hole(tmp_path: Path) -> None:
    """After the last sample comes the first one, in the same block."""
    path = write(tmp_path / "a.wav", np.frombuffer(ramp(2000), "<i2"), RATE)
    assert b"".join(run(played(path, loop=True, blocks=5))) == (ramp(2000) * 5)[: 2 * 8000]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: None, "There is no file"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: p.write_bytes(b""), "is empty"),
        (lambda p: p.write_text("Not a recording, however long it goes on. " * 99), "no recording that rtt can read"),
        (lambda p: write(p, np.zeros(0), RATE), "is empty"),
        (lambda p: os.mkfifo(p), "is not a file"),
        (lambda p: p.write_bytes(b"RIFF\xff\xff\xff\xffWAVEfmt "), "no recording that rtt can read"),
        (lambda p: p.symlink_to(p), "There is no file"),
    ],
    ids=["missing", "folder", "empty", "text", "no samples", "pipe", "torn header", "circle"],
)
def test_what_is_no_recording_is_one_sentence(tmp_path: Path, make, says: str) -> None:
    """The error names the file and what is wrong with it, and opening leaves nothing behind."""
    path = tmp_path / "a.wav"
    make(path)
    with pytest.raises(SourceError, match=says) as caught:
        run(played(path))
    assert "a.wav" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recording_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    """As a user without the right to read it; root may read everything, so a test run by root lets its rights go."""
    path = write(tmp_path / "a.wav", np.zeros(1600), RATE)
    path.chmod(0)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    program = (
        "import asyncio, concurrent.futures.thread, os, sys\n"  # before the right to read them is gone
        "from pathlib import Path; from rtt.capture.file import FileSource\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "async def main():\n"
        "    async with FileSource(Path(sys.argv[1])): pass\n"
        "try: asyncio.run(main())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    with running(sys.executable, "-c", program, str(path), cwd=Path(__file__).parents[2]) as process:
        assert process.ended() == 0
    assert process.stdout == [f"SourceError {path} cannot be read: Permission denied. Check its rights."]


def test_a_torn_recording_ends_with_what_was_in_it(tmp_path: Path) -> None:
    """A file cut off in the middle plays what there is."""
    path = write(tmp_path / "a.wav", np.frombuffer(ramp(8000), "<i2"), RATE)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 3000])
    assert b"".join(run(played(path))) == ramp(3000)


class Clock:
    """Time that only goes on when the source sleeps; a slow taker is time that goes on by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_real_time_never_runs_ahead(tmp_path: Path) -> None:
    """No block comes before its last sample would have been spoken."""
    path = write(tmp_path / "a.wav", np.zeros(4 * 1600), RATE)

    async def timed() -> list[float]:
        loop = asyncio.get_running_loop()
        async with FileSource(path) as source:
            begin = loop.time()
            return [loop.time() - begin async for _ in source]

    times = run(timed())
    assert len(times) == 4
    assert all(at >= 0.1 * (n + 1) - 0.01 for n, at in enumerate(times))


def test_lateness_does_not_add_up_but_a_long_hold_is_not_made_up_for(tmp_path: Path) -> None:
    """After a block that was 0.5 s late the others come at once; after 30 s of being held the pace goes on."""
    path = write(tmp_path / "a.wav", np.zeros(20 * 1600), RATE)
    clock = Clock()

    async def waits() -> tuple[bool, bool]:
        async with FileSource(path, clock=clock) as source:
            blocks = aiter(source)

            async def comes() -> bool:
                """Tell whether the next block comes without waiting."""
                task = asyncio.ensure_future(anext(blocks))
                for _ in range(20):
                    await asyncio.sleep(0)
                ready = task.done()
                if not ready:
                    await task
                return ready

            assert not await comes()
            clock.now += 0.6
            made_up = [await comes() for _ in range(5)]
            clock.now += 30
            burst = [await comes() for _ in range(3)]
            await blocks.aclose()  # type: ignore[attr-defined]
            return all(made_up), burst == [True, False, False]

    assert run(waits()) == (True, True)


def test_a_missing_library_is_one_sentence(tmp_path: Path) -> None:
    """Without libsndfile the package fails at import; the operator reads which package to install."""
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')\n")
    (tmp_path / "a.wav").write_bytes(b"x")
    program = (
        "import asyncio; from pathlib import Path; from rtt.capture.file import FileSource\n"
        "async def main():\n"
        "    async with FileSource(Path('a.wav')): pass\n"
        "try: asyncio.run(main())\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    root = str(Path(__file__).parents[2])
    with running(
        sys.executable, "-c", program, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}
    ) as process:
        assert process.ended() == 0
    assert process.stdout[0].startswith("SetupError Recordings cannot be read: the library libsndfile is missing.")
