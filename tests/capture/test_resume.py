import asyncio
from pathlib import Path

import pytest

from rtt.capture.folder import Folder, folders
from rtt.capture.remains import begin
from rtt.capture.resume import Late
from rtt.capture.target import Target
from rtt.core.errors import UsageError
from rtt.core.wire.codes import Close
from tests.capture.calling import until
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run

NOW = 1_700_000_000.0


async def never() -> None:
    await asyncio.Event().wait()


async def leave(root: Path, server: str, room: str = "aula1", samples: int = 40_000, *, settled: int = 0) -> str:
    """Leave what a capture leaves that was killed; return its session."""
    its = await begin(root, Target(server, room, "it-IT"), live=False, say=print, now=NOW)
    assert its.spool is not None
    its.session.ring.push(ramp(16_000))
    its.session.ring.lose(4000, "busy")
    its.session.ring.push(ramp(samples - 20_000, 20_000))
    await its.spool.sign(its.session.ident, 2)
    its.spool.note(0, settled, samples, NOW)
    await its.spool.close(remove=False)
    return its.session.ident


def test_what_was_left_is_sent_as_its_own_session_and_deleted(tmp_path: Path) -> None:
    """Sound and gaps in their places, a higher attempt, marked as late, ended properly; exit 0."""

    async def talk() -> None:
        async with Peer() as peer:
            session = await leave(tmp_path, peer.url)
            said: list[str] = []
            assert await Late(tmp_path, peer.url, "aula1", said.append).run(never) == 0
            assert bytes(peer.sound) == ramp(16_000) + bytes(8000) + ramp(20_000, 20_000)
            hello = peer.hellos[0]
            assert (hello.session, hello.attempt, hello.late, hello.language) == (session, 3, True, "it-IT")
            assert (hello.first, hello.next, hello.at) == (0, 40_000, NOW)
            assert [(gap.from_, gap.to, gap.why) for gap in peer.gaps] == [(16_000, 20_000, "busy")]
            assert peer.endings == [40_000]
            assert "2.2 s of an earlier talk were sent and are settled" in said[-1]
            assert list(folders(tmp_path)) == []

    run(talk())


def test_several_are_listed_and_sent_one_after_the_other(tmp_path: Path) -> None:
    """Every room of this server; those of another server are left alone."""

    async def talk() -> None:
        async with Peer() as peer:
            ours = [await leave(tmp_path, peer.url, room) for room in ("one", "two")]
            other = await leave(tmp_path, "ws://127.0.0.1:9")
            said: list[str] = []
            assert await Late(tmp_path, peer.url, "", said.append).run(never) == 0
            assert [hello.session for hello in peer.hellos] == ours
            assert [line for line in said if "are not settled" in line] == [
                f"Room {room}: 2.2 s of an earlier talk are not settled." for room in ("one", "two")
            ]
            left = [folder for path in folders(tmp_path) if (folder := Folder.take(path)) is not None]
            assert [folder.card.session for folder in left] == [other]
            left[0].release()

    run(talk())


def test_what_could_not_be_settled_stays_and_is_a_failure(tmp_path: Path) -> None:
    """Exit 1, the seconds, the command; a refusal is told and the rest is tried all the same."""

    async def talk() -> None:
        async with Peer(settled_at_end=24_000) as peer:
            await leave(tmp_path, peer.url)
            said: list[str] = []
            assert await Late(tmp_path, peer.url, "aula1", said.append).run(never) == 1
            assert "1.0 s from 0:00:01 on are not settled. Try again with: rtt capture --resume" in said[-1]
            assert len(list(folders(tmp_path))) == 1
        async with Peer(refusals=[(Close.LANGUAGE, "only en-US is spoken here")]) as peer:
            await leave(tmp_path / "b", peer.url)
            await leave(tmp_path / "b", peer.url)
            assert await Late(tmp_path / "b", peer.url, "aula1", said.append).run(never) == 1
            assert len([line for line in said if "only en-US is spoken here" in line]) == 1
            assert len(list(folders(tmp_path / "b"))) == 1

    run(talk())


def test_nothing_left_is_done(tmp_path: Path) -> None:
    """Exit 0 and a sentence; what is left for another server is named with its command."""

    async def talk() -> None:
        await leave(tmp_path, "ws://127.0.0.1:9")
        await leave(tmp_path, "ws://127.0.0.1:8", settled=40_000)
        said: list[str] = []
        assert await Late(tmp_path, "ws://127.0.0.1:8", "aula1", said.append).run(never) == 0
        assert said == [
            "Nothing of room aula1 is left to be sent to ws://127.0.0.1:8.",
            "2.2 s of room aula1 are left: rtt capture --resume --room aula1 --server ws://127.0.0.1:9",
        ]
        assert len(list(folders(tmp_path))) == 1, "what was settled is deleted"

    run(talk())


def test_leaving_keeps_what_was_not_sent(tmp_path: Path) -> None:
    """Ctrl-C with the server away: exit 1, and the next try has all of it."""

    async def talk() -> None:
        await leave(tmp_path, "ws://127.0.0.1:9")
        said: list[str] = []
        stop = asyncio.Event()
        task = asyncio.create_task(Late(tmp_path, "ws://127.0.0.1:9", "aula1", said.append).run(stop.wait))
        await until(lambda: any("Trying again" in line for line in said))
        stop.set()
        assert await task == 1
        assert "Send the rest with: rtt capture --resume" in said[-1]
        folder = Folder.take(next(folders(tmp_path)))
        assert folder is not None
        assert folder.contents().unsettled == 36_000
        folder.release()

    run(talk())


def test_a_server_that_got_more_than_was_on_disk_is_believed(tmp_path: Path) -> None:
    """What was torn from the spool by a power cut may have arrived: the session ends where the server is."""

    async def talk() -> None:
        async with Peer(resume=lambda hello, _: hello.next + 1000) as peer:
            await leave(tmp_path, peer.url)
            assert await Late(tmp_path, peer.url, "aula1", print).run(never) == 0
            assert peer.endings == [41_000]
            assert len({hello.session for hello in peer.hellos}) == 1

    run(talk())


def test_an_address_that_cannot_be_is_refused_first(tmp_path: Path) -> None:
    """Before anything is looked for."""
    with pytest.raises(UsageError, match="address of a server"):
        Late(tmp_path, "127.0.0.1:8000", "aula1", print)
