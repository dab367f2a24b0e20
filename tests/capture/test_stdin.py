import asyncio
import os
import pty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtt.capture.source import Lost
from rtt.capture.stdin import StdinSource
from rtt.core.errors import RttError, SourceError, UsageError
from tests.capture.sounds import ramp
from tests.harness.aio import run


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            try:
                os.close(end)
            except OSError:
                continue


async def read(fd: int) -> list[bytes]:
    async with StdinSource(fd) as source:
        return [piece async for piece in source if not isinstance(piece, Lost)]


def test_bytes_become_blocks_whatever_pieces_they_come_in() -> None:
    """Odd pieces are joined; the last block is shorter; a half sample at the very end is dropped."""
    pcm = ramp(4000) + b"\x01"

    async def both(out: int, into: int) -> list[bytes]:
        reading = asyncio.create_task(read(out))
        for start in range(0, len(pcm), 777):
            os.write(into, pcm[start : start + 777])
            await asyncio.sleep(0)
        os.close(into)
        return await reading

    with pipe() as (out, into):
        blocks = run(both(out, into))
    assert b"".join(blocks) == ramp(4000)
    assert [len(block) for block in blocks] == [3200, 3200, 1600]


def test_a_redirected_file_is_read_to_its_end(tmp_path: Path) -> None:
    """`rtt capture --stdin < talk.raw`: a file cannot be waited for, and need not be."""
    path = tmp_path / "talk.raw"
    path.write_bytes(ramp(40_000))
    fd = os.open(path, os.O_RDONLY)
    try:
        assert b"".join(run(read(fd))) == ramp(40_000)
    finally:
        os.close(fd)


def test_nothing_at_all_ends_at_once() -> None:
    """`< /dev/null` is the shortest talk."""
    fd = os.open(os.devnull, os.O_RDONLY)
    try:
        assert run(read(fd)) == []
    finally:
        os.close(fd)


def test_waiting_for_a_silent_writer_can_be_cancelled_and_started_again() -> None:
    """Ctrl-C does not have to wait for a byte, and nothing that came before is read twice."""

    async def twice(out: int, into: int) -> list[bytes]:
        task = asyncio.create_task(read(out))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        os.write(into, ramp(1600))
        os.close(into)
        return await read(out)

    with pipe() as (out, into):
        assert run(twice(out, into)) == [ramp(1600)]


def test_a_terminal_a_folder_and_a_closed_input_are_one_sentence_each(tmp_path: Path) -> None:
    """Nobody types sound, and the mend says what to pipe."""
    leader, follower = pty.openpty()
    folder = os.open(tmp_path, os.O_RDONLY)
    closed = 1_000_000
    try:
        for fd, kind, says in (
            (follower, UsageError, "not a keyboard"),
            (folder, SourceError, "is a folder"),
            (closed, SourceError, "is closed"),
        ):
            with pytest.raises(RttError, match=says) as caught:
                run(read(fd))
            assert type(caught.value) is kind
            assert "Pipe raw" in str(caught.value)
    finally:
        for fd in (leader, follower, folder):
            os.close(fd)
