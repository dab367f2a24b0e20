"""The journal on disk: numbers, epochs, torn lines, a full disk, one writer."""

import asyncio
import itertools
import shutil
from pathlib import Path

import pytest

from rtt.core import transcript
from rtt.core.caption import Caption, Word
from rtt.core.errors import ArchiveError
from rtt.core.journal import Final
from rtt.server.archive import RoomArchive, boot_id
from tests.harness.aio import run
from tests.server.stand import SESSION


class Keeper:
    """Opens archives of one folder as servers one after the other would."""

    def __init__(self, folder: Path, boot: str = "boot-1") -> None:
        self.folder, self.boot = folder, boot
        self.safe: list[int] = []
        self.time = itertools.count(1_700_000_000.0, 1.0)
        self.epochs = (f"epoch-{n}" for n in itertools.count(1))

    def open(self) -> RoomArchive:
        archive = RoomArchive(
            self.folder,
            boot=self.boot,
            clock=lambda: next(self.time),
            new_epoch=lambda: next(self.epochs),
            on_synced=self.safe.append,
        )
        archive.recover()
        return archive


def final(text: str, second: int = 0, session: str = SESSION) -> tuple[Caption, tuple[Word, ...]]:
    start = second * 16000
    caption = Caption("r", session, "", 0, f"line{second}", text, True, "en-US", "e", start, start + 8000, 1.0)
    return caption, (Word(text, start, start + 8000, 0.5),)


def texts(archive: RoomArchive) -> list[str]:
    return [line.caption.text for line in archive.lines() if isinstance(line, Final)]


def write(archive: RoomArchive, *words: str, session: str = SESSION) -> list[Caption]:
    return [archive.append(*final(word, second, session), 0, 0) for second, word in enumerate(words)]


def test_a_final_is_on_disk_before_append_returns(tmp_path: Path) -> None:
    """A server killed right after `append` has lost nothing: another reader sees the line at once."""
    keeper = Keeper(tmp_path)
    archive = keeper.open()
    archive.begin("r", SESSION, "talk", "en-US")
    written = write(archive, "one", "two")
    assert [caption.number for caption in written] == [1, 2]
    assert texts(keeper.open()) == ["one", "two"]


def test_numbers_and_epoch_go_on_after_a_kill(tmp_path: Path) -> None:
    """A server that died without a word is followed by one with the same epoch and the next number."""
    keeper = Keeper(tmp_path)
    first = keeper.open()
    first.begin("r", SESSION, "talk", "en-US")
    epoch = write(first, "one")[0].epoch
    second = keeper.open()
    second.begin("r", "other", "talk2", "en-US")
    assert [(c.epoch, c.number) for c in write(second, "two", session="other")] == [(epoch, 2)]


def test_another_boot_without_a_clean_stop_begins_an_epoch(tmp_path: Path) -> None:
    """After a power cut numbers may have been seen that the disk has lost: they are never given again."""
    keeper = Keeper(tmp_path)
    first = keeper.open()
    first.begin("r", SESSION, "talk", "en-US")
    epoch = write(first, "one")[0].epoch
    keeper.boot = "boot-2"
    second = keeper.open()
    assert second.epoch != epoch
    assert second.number == 0
    assert [final.caption.text for final in second.recover().finals] == ["one"], "it is history all the same"


def test_a_clean_stop_keeps_the_epoch_over_a_boot(tmp_path: Path) -> None:
    """A machine that was shut down in order goes on with its numbers."""
    keeper = Keeper(tmp_path)
    first = keeper.open()
    first.begin("r", SESSION, "talk", "en-US")
    epoch = write(first, "one")[0].epoch
    run(first.close())
    keeper.boot = "boot-2"
    second = keeper.open()
    assert (second.epoch, second.number) == (epoch, 1)


def test_an_ended_session_still_takes_the_clean_stop(tmp_path: Path) -> None:
    """The stop is written even when every session was over before, and no descriptor stays open."""

    async def work() -> None:
        archive = keeper.open()
        for name in ("a", "b", "c"):
            archive.begin("r", name, name, "en-US")
            write(archive, name, session=name)
            archive.end(name)
            await archive.sync()
        before = len(list(Path("/proc/self/fd").iterdir()))
        await archive.close()
        assert len(list(Path("/proc/self/fd").iterdir())) == before - 1

    keeper = Keeper(tmp_path)
    run(work())
    keeper.boot = "boot-2"
    assert keeper.open().number == 3


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    """A line cut by a crash is no caption, and what follows it is whole."""
    keeper = Keeper(tmp_path)
    first = keeper.open()
    first.begin("r", SESSION, "talk", "en-US")
    write(first, "one", "two")
    path = next(tmp_path.glob("*/*.jsonl"))
    path.write_bytes(path.read_bytes()[:-7])
    second = keeper.open()
    assert (texts(second), second.number) == (["one"], 1)
    second.begin("r", SESSION, "talk", "en-US")
    write(second, "three")
    assert texts(keeper.open()) == ["one", "three"]


def test_a_session_that_comes_back_goes_on_in_its_file(tmp_path: Path) -> None:
    """A session never splits: one file, whatever day it is now."""
    keeper = Keeper(tmp_path)
    first = keeper.open()
    first.begin("r", SESSION, "talk", "en-US")
    write(first, "one")
    keeper.time = itertools.count(1_700_200_000.0)
    second = keeper.open()
    second.begin("r", SESSION, "talk", "en-US")
    write(second, "two")
    assert len(list(tmp_path.glob("*/*.jsonl"))) == 1
    assert len(second.find(SESSION)) == 4


def test_the_last_talk_is_found_by_the_heads(tmp_path: Path) -> None:
    """A talk of several sessions is one; what waits for a full disk belongs to it; a torn head hides no other file."""
    archive = Keeper(tmp_path).open()
    for number, (session, talk) in enumerate((("a", "one"), ("b", "two"), ("c", "two"))):
        archive.begin("r", session, talk, "en-US")
        write(archive, f"w{number}", session=session)
    (tmp_path / "2020-01-01").mkdir()
    (tmp_path / "2020-01-01" / "torn.jsonl").write_bytes(b'{"type": "he')

    def last() -> list[str]:
        return [line.caption.text for line in archive.lines(last_talk=True) if isinstance(line, Final)]

    assert last() == ["w1", "w2"]
    archive.begin("r", "d", "three", "en-US")
    assert last() == ["w1", "w2"], "nothing is said in the new talk yet"
    shutil.rmtree(tmp_path)
    tmp_path.write_bytes(b"no folder")  # nothing can be written any more
    write(archive, "w3", session="d")
    assert last() == ["w3"]


def test_files_are_private(tmp_path: Path) -> None:
    """Speech is personal data: nobody else on the machine reads it."""
    archive = Keeper(tmp_path / "r").open()
    run(archive.claim())
    archive.begin("r", SESSION, "talk", "en-US")
    write(archive, "one")
    path = next((tmp_path / "r").glob("*/*.jsonl"))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_only_synced_finals_count_as_safe(tmp_path: Path) -> None:
    """The count of safe finals rises with a sync and never before."""
    keeper = Keeper(tmp_path)
    archive = keeper.open()
    archive.begin("r", SESSION, "talk", "en-US")
    write(archive, "one", "two")
    assert keeper.safe == []
    assert not archive.safe
    run(archive.sync())
    assert keeper.safe[-1] == 2
    assert archive.safe


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    """Two servers on one folder never write at the same time; the second goes on where the first ended."""

    async def work() -> None:
        keeper = Keeper(tmp_path)
        first, second = keeper.open(), keeper.open()
        await first.claim()
        waiting = asyncio.create_task(second.claim())
        _, pending = await asyncio.wait([waiting], timeout=0.5)
        assert pending
        first.begin("r", SESSION, "talk", "en-US")
        write(first, "one")
        await first.close()
        await asyncio.wait_for(waiting, 10)
        second.recover()
        assert second.number == 1
        await second.close()

    run(work())


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """The operator reads which folder it is and how to choose another one."""
    (tmp_path / "file").write_text("")
    archive = Keeper(tmp_path / "file" / "room").open()
    with pytest.raises(ArchiveError, match="--data-dir"):
        run(archive.claim())


def test_gaps_are_lines_of_the_transcript(tmp_path: Path) -> None:
    """A gap stands where it was, in brackets."""
    from rtt.core.ledger import Span

    archive = Keeper(tmp_path).open()
    archive.begin("r", SESSION, "talk", "en-US")
    write(archive, "one")
    archive.note("gap", SESSION, Span(16000, 48000, "cable"))
    assert transcript.as_text(archive.lines()) == "one\n[2.0 s missing: cable]\n"


def test_the_boot_has_a_name() -> None:
    """On Linux this run of the machine is told from the last."""
    assert boot_id() == boot_id() != ""
