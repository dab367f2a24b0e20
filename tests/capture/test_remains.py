import asyncio
import os
from pathlib import Path

import pytest

from rtt.capture.folder import Card, Folder
from rtt.capture.remains import FRESH_SECONDS, REMAINS_MAX, Beginning, begin, find
from rtt.capture.target import Target
from rtt.core.caption import RATE
from tests.capture.calling import until
from tests.capture.sounds import ramp
from tests.harness.aio import run

HERE = Target("ws://127.0.0.1:8000", "aula1", "it-IT")
NOW = 1_700_000_000.0


async def cut_off(root: Path, target: Target = HERE, *, live: bool = True, seconds: int = 2, at: float = NOW) -> str:
    """Leave what a capture leaves that was killed at `at`; return its session."""
    its = await begin(root, target, live=live, say=print, now=at - seconds)
    assert its.spool is not None
    its.session.ring.push(ramp(seconds * RATE))
    its.session.attempt = 3
    await its.spool.sign(its.session.ident, 3)
    its.spool.note(0, RATE // 2, seconds * RATE, at)
    await its.spool.close(remove=False)
    return its.session.ident


async def started(root: Path, now: float, target: Target = HERE, *, live: bool = True) -> tuple[Beginning, list[str]]:
    """Start a capture; its spool is left at once."""
    said: list[str] = []
    its = await begin(root, target, live=live, say=said.append, now=now)
    if its.spool is not None:
        await its.spool.close(remove=False)
    return its, said


def test_a_capture_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """Same session, attempts counted on, its sound to be read; the operator is told for how long nobody heard."""

    async def talk() -> None:
        session = await cut_off(tmp_path)
        its, said = await started(tmp_path, NOW + 4)
        ring = its.session.ring
        assert (its.session.ident, its.session.attempt, its.session.settled) == (session, 3, RATE // 2)
        assert (ring.first, ring.next, ring.away, ring.held) == (0, 2 * RATE, 2 * RATE, 0)
        assert its.since == NOW
        assert len(said) == 1
        assert "goes on: nothing was captured for 4.0 s, 1.5 s of sound are on disk and not settled." in said[0]

    run(talk())


@pytest.mark.parametrize("later", [-5.0, FRESH_SECONDS + 1])
def test_what_was_cut_off_long_ago_is_another_talk(tmp_path: Path, later: float) -> None:
    """Or in the future, by a clock that went back: the talk is new, the old one stays for --resume."""

    async def talk() -> None:
        session = await cut_off(tmp_path)
        its, said = await started(tmp_path, NOW + later)
        assert its.session.ident != session
        assert (its.session.ring.next, its.since) == (0, 0.0)
        command = "rtt capture --resume --room aula1 --server ws://127.0.0.1:8000"
        assert said == [f"1.5 s of an earlier talk in this room are not settled. Send them with: {command}"]

    run(talk())


def test_only_the_same_room_server_and_live_sound_go_on(tmp_path: Path) -> None:
    """A recording begins at its beginning again, another room is another talk."""

    async def talk() -> None:
        session = await cut_off(tmp_path)
        for target, live in (
            (Target("ws://127.0.0.1:8001", "aula1"), True),
            (Target("ws://127.0.0.1:8000", "aula2"), True),
            (HERE, False),
        ):
            its, _ = await started(tmp_path, NOW + 1, target, live=live)
            assert its.session.ident != session
        recording = await cut_off(tmp_path, Target("ws://127.0.0.1:8000", "b"), live=False)
        its, _ = await started(tmp_path, NOW + 1, Target("ws://127.0.0.1:8000", "b"))
        assert its.session.ident != recording

    run(talk())


def test_a_talk_whose_source_ended_does_not_go_on(tmp_path: Path) -> None:
    """The operator left it: what comes now is another talk."""

    async def talk() -> None:
        its = await begin(tmp_path, HERE, live=True, say=print, now=NOW)
        assert its.spool is not None
        its.session.ring.push(ramp(RATE))
        its.spool.note(0, 0, RATE, NOW)
        its.spool.finish(RATE)
        await its.spool.close(remove=False)
        again, said = await started(tmp_path, NOW + 1)
        assert again.session.ident != its.session.ident
        assert "1.0 s of an earlier talk" in said[0]

    run(talk())


def test_two_captures_of_one_room_do_not_share(tmp_path: Path) -> None:
    """The second begins a session of its own, and takes nothing of the first's."""

    async def talk() -> None:
        one = await begin(tmp_path, HERE, live=True, say=print, now=NOW)
        two = await begin(tmp_path, HERE, live=True, say=print, now=NOW)
        assert one.spool is not None
        assert two.spool is not None
        assert one.session.ident != two.session.ident
        one.session.ring.push(ramp(RATE))
        await until(lambda: one.spool is not None and one.spool.has(0, RATE))
        assert find(tmp_path, lambda _: True) == []
        await one.spool.close(remove=True)
        await two.spool.close(remove=True)

    run(talk())


def test_what_is_settled_is_not_kept(tmp_path: Path) -> None:
    """A talk that was settled to its end when its capture was killed, long ago: there is nothing to send."""

    async def talk() -> None:
        its = await begin(tmp_path, HERE, live=True, say=print, now=NOW)
        assert its.spool is not None
        its.session.ring.push(ramp(RATE))
        its.spool.note(0, RATE, RATE, NOW)
        await its.spool.close(remove=False)
        _, said = await started(tmp_path, NOW + 1000)
        assert said == []
        assert len(list((tmp_path / "spool").iterdir())) == 1  # that of the capture that started

    run(talk())


def test_a_disk_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """The capture goes on from memory."""

    async def talk() -> None:
        (tmp_path / "file").write_text("")
        its, said = await started(tmp_path / "file", NOW)
        assert its.spool is None
        assert len(said) == 1
        assert "memory only" in said[0]
        assert "--state-dir" in said[0]
        assert its.session.ring.push(ramp(RATE)) == 0

    run(talk())


def test_the_number_of_remains_is_bounded(tmp_path: Path) -> None:
    """A supervisor that starts a capture every minute, and no server: the oldest go, and the operator is told."""

    async def talk() -> None:
        for number in range(REMAINS_MAX + 2):
            folder = Folder.make(tmp_path, Card(f"s{number}", 0, "aula1", HERE.server, "", False))
            folder.release()
            its = Folder.take(folder.path)
            assert its is not None
            its.release()
            os.utime(folder.path, (NOW + number, NOW + number))
        _, said = await started(tmp_path, NOW)
        assert said == []
        for number in range(REMAINS_MAX + 2):
            await cut_off(tmp_path, live=False, at=NOW + number)
            await asyncio.sleep(0)
        _, said = await started(tmp_path, NOW + 100)
        assert len([line for line in said if "are deleted" in line]) >= 1
        assert f"of {REMAINS_MAX} earlier talks" in said[-1]

    run(talk(), 60)
