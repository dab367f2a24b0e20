import asyncio
import os
import resource
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rtt.capture.folder import Card, Folder
from rtt.capture.records import Mark
from rtt.capture.spool import Limits, Spool
from tests.capture.calling import until
from tests.capture.sounds import ramp
from tests.harness.aio import run

CARD = Card("7d444840-9dc0-11d1-b245-5ffdce74fad2", 0, "aula1", "ws://127.0.0.1:8000", "", True)
QUICK = Limits(segment=8000, retry=0.2)


@asynccontextmanager
async def spooling(root: Path, said: list[str] | None = None) -> AsyncIterator[tuple[Spool, Folder]]:
    """Run a spool with segments of half a second."""
    folder = Folder.make(root, CARD)
    spool = Spool(folder, (said if said is not None else []).append, limits=QUICK)
    try:
        yield spool, folder
    finally:
        await spool.close(remove=False)


def fill(spool: Spool, samples: int, start: int = 0) -> None:
    for at in range(start, start + samples, 1600):
        spool.put(at, at + 1600, ramp(1600, at))


def segments(folder: Folder) -> list[str]:
    return sorted(path.name for path in folder.path.glob("*.sound"))


def test_sound_is_on_disk_as_soon_as_it_was_given(tmp_path: Path) -> None:
    """Nothing is held back: another process could read it at once; it is read back from anywhere to anywhere."""

    async def talk() -> None:
        async with spooling(tmp_path) as (spool, folder):
            fill(spool, 32_000)
            await until(lambda: spool.has(0, 32_000))
            assert folder.contents().unsettled == 32_000
            assert not spool.has(0, 32_001)
            assert await spool.read(0, 32_000) == ramp(32_000)
            assert await spool.read(8001, 17_003) == ramp(9002, 8001)
            assert await spool.read(31_000, 33_000) is None
            assert len(segments(folder)) > 2

    run(talk())


def test_settled_segments_are_deleted(tmp_path: Path) -> None:
    """The disk holds what is needed and little more; what is needed stays readable."""

    async def talk() -> None:
        async with spooling(tmp_path) as (spool, folder):
            fill(spool, 64_000)
            spool.note(40_000, 45_000, 64_000, 1000.0)
            spool.release(40_000)
            await until(lambda: len(segments(folder)) <= 4)
            assert await spool.read(40_000, 64_000) == ramp(24_000, 40_000)
            contents = folder.contents()
            assert contents.row[0].start == 40_000
            assert contents.mark == Mark(40_000, 45_000, 64_000, 1000.0)

    run(talk())


def test_what_became_a_gap_is_deleted_and_stays_a_gap(tmp_path: Path) -> None:
    """A server that is away for longer than the bound does not fill the disk."""

    async def talk() -> None:
        async with spooling(tmp_path) as (spool, folder):
            fill(spool, 64_000)
            await until(lambda: spool.has(0, 64_000))
            assert len(segments(folder)) > 5
            spool.put(0, 48_000, None, "too late")
            await until(lambda: len(segments(folder)) <= 3)
            row = folder.contents().row
            assert (row[0].start, row[0].end, row[0].why) == (0, 48_000, "too late")
            assert row[-1].end == 64_000

    run(talk())


def test_the_next_process_goes_on_in_new_segments(tmp_path: Path) -> None:
    """What was there is read with what comes; names and attempts go on."""

    async def talk() -> None:
        async with spooling(tmp_path) as (spool, folder):
            fill(spool, 16_000)
            await spool.sign("7d444840-9dc0-11d1-b245-5ffdce74fad9", 4)
        again = Folder.take(folder.path)
        assert again is not None
        assert (again.card.session, again.card.attempt) == ("7d444840-9dc0-11d1-b245-5ffdce74fad9", 4)
        spool = Spool(again, print, again.contents(), limits=QUICK)
        assert not spool.fresh
        fill(spool, 16_000, 16_000)
        assert await spool.read(0, 32_000) == ramp(32_000)
        spool.finish(32_000)
        assert await spool.close(remove=False)
        last = Folder.take(folder.path)
        assert last is not None
        assert last.card.samples == 32_000
        assert last.contents().unsettled == 32_000
        last.release()

    run(talk())


def test_a_spool_that_is_settled_leaves_nothing(tmp_path: Path) -> None:
    """No file, no folder, no thread."""

    async def talk() -> None:
        folder = Folder.make(tmp_path, CARD)
        spool = Spool(folder, print)
        fill(spool, 16_000)
        assert await spool.close(remove=True)
        assert not folder.path.exists()
        await until(lambda: "rtt-spool" not in [thread.name for thread in threading.enumerate()])

    run(talk())


def test_a_disk_that_refuses_is_told_once_and_tried_again(tmp_path: Path) -> None:
    """Sound that was refused is not claimed to be there; what comes later is written again."""

    async def talk() -> None:
        said: list[str] = []
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        async with spooling(tmp_path, said) as (spool, folder):
            fill(spool, 3200)
            await until(lambda: spool.has(0, 3200))
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
            try:
                fill(spool, 8000, 3200)
                await until(lambda: bool(said))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await asyncio.sleep(0.3)
            assert not spool.has(3200, 11_200)
            fill(spool, 1600, 11_200)
            await until(lambda: spool.has(11_200, 12_800))
            assert "It is kept in memory only" in said[0]
            assert said[1:] == ["The disk takes sound again."]
            assert await spool.read(0, 3200) == ramp(3200)
            assert await spool.read(3200, 11_200) is None
            row = folder.contents().row
            assert [(s.start, s.end) for s in row if s.why is not None] == [(3200, 11_200)]

    run(talk())


def test_a_disk_that_does_not_answer_holds_nobody_up(tmp_path: Path) -> None:
    """The thread hangs in the disk: sound is taken for a while, then told once; closing gives up after its limit."""

    async def talk() -> None:
        said: list[str] = []
        folder = Folder.make(tmp_path, CARD)
        pipe = folder.path / "card.json.new"
        os.mkfifo(pipe)  # opening it for writing waits for a reader, as a dead disk does
        spool = Spool(folder, said.append, limits=Limits(waiting=16_000, read=0.2, close=0.2, sign=0.2))
        spool.finish(1)
        fill(spool, 64_000)
        assert len(said) == 1
        assert "does not answer" in said[0]
        await spool.sign("7d444840-9dc0-11d1-b245-5ffdce74fad9", 4)
        assert await spool.read(0, 1600) is None
        assert not spool.has(0, 1600)
        assert not await spool.close(remove=False)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # lets the thread go on, and end
        await until(lambda: "rtt-spool" not in [thread.name for thread in threading.enumerate()])
        os.close(reader)

    run(talk())
