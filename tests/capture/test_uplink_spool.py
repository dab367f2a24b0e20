import asyncio
from pathlib import Path

import pytest

from rtt.capture.conversation import Patience
from rtt.capture.folder import Folder, folders
from rtt.capture.haste import Haste
from rtt.capture.remains import Beginning, begin
from rtt.capture.source import Lost
from rtt.capture.target import Target
from rtt.capture.uplink import Uplink
from rtt.core.errors import LinkError
from rtt.core.wire.codes import Close
from tests.capture.calling import QUICK, until, whole
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run

NOW = 1_700_000_000.0


async def beginning(root: Path, url: str, now: float = NOW, capacity: int = 320_000) -> Beginning:
    return await begin(root, Target(url, "aula1"), live=True, say=print, now=now, capacity=capacity)


def uplink(
    url: str, its: Beginning, wall: float = NOW, haste: Haste | None = None, patience: Patience = QUICK
) -> Uplink:
    return Uplink(
        Target(url, "aula1"),
        live=True,
        say=lambda _: None,
        session=its.session,
        since=its.since,
        spool=its.spool,
        haste=haste,
        chance=lambda: 0.0,
        wall=lambda: wall,
        patience=patience,
    )


def test_sound_that_left_memory_is_sent_from_the_spool(tmp_path: Path) -> None:
    """Ten times as much as memory holds, captured before the server was there: all of it arrives, once."""

    async def talk() -> None:
        async with Peer() as peer:
            its = await beginning(tmp_path, peer.url, capacity=8000)
            assert its.spool is not None
            link = uplink(peer.url, its)
            for start in range(0, 80_000, 1600):
                await link.feed(ramp(1600, start))
                await until(lambda start=start: its.spool.has(0, start + 1600))
            assert its.session.ring.held <= 8000
            link.finish()
            result = await link.run()
            await link.put_away()
            assert (result.settled, its.session.ring.lost, link.kept) == (80_000, 0, 0)
            assert bytes(peer.sound) == ramp(80_000)
            assert (peer.holes, peer.repeated, peer.gaps) == (0, 0, [])
            assert list(folders(tmp_path)) == []

    run(talk())


def test_a_spool_that_was_deleted_under_us_costs_an_announced_gap(tmp_path: Path) -> None:
    """What cannot be read back is a gap of exactly its length; the talk goes on and ends."""

    async def talk() -> None:
        async with Peer() as peer:
            its = await beginning(tmp_path, peer.url, capacity=8000)
            assert its.spool is not None
            link = uplink(peer.url, its)
            for start in range(0, 32_000, 1600):
                await link.feed(ramp(1600, start))
                await until(lambda start=start: its.spool.has(0, start + 1600))
            for path in tmp_path.glob("spool/*/*.sound"):
                path.unlink()
            away = its.session.ring.away
            assert away > 0
            link.finish()
            await link.run()
            await link.put_away()
            assert sum(gap.to - gap.from_ for gap in peer.gaps) == away
            assert "could not be read" in peer.gaps[0].why
            assert bytes(peer.sound)[2 * away :] == ramp(32_000)[2 * away :]

    run(talk())


def test_the_dead_time_is_one_gap_of_the_right_length(tmp_path: Path) -> None:
    """From the wall-clock time of the last sound to that of the first block, and no hello goes out before it."""

    async def talk() -> None:
        async with Peer() as peer:
            first = await beginning(tmp_path, peer.url)
            assert first.spool is not None
            link = uplink(peer.url, first)
            for start in range(0, 16_000, 1600):
                await link.feed(ramp(1600, start))
            await first.spool.sign(first.session.ident, 5)
            await first.spool.close(remove=False)

            second = await beginning(tmp_path, peer.url, NOW + 1)
            link = uplink(peer.url, second, NOW + 4)
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(link.run())
                await asyncio.sleep(0.1)
                assert peer.hellos == []
                await link.feed(Lost(160, "the input began late"))
                await link.feed(ramp(1600, 50_000))
                link.finish()
                await sending
            await link.put_away()
            assert (peer.hellos[0].session, peer.hellos[0].attempt) == (first.session.ident, 6)
            assert [(gap.from_, gap.to) for gap in peer.gaps] == [(16_000, 80_000)]
            assert "the capture was not running" in peer.gaps[0].why
            assert bytes(peer.sound[-3200:]) == ramp(1600, 50_000)

    run(talk())


def test_an_input_that_takes_long_does_not_keep_the_server_waiting(tmp_path: Path) -> None:
    """The session is claimed after a while without sound; the rest of the dead time follows."""

    async def talk() -> None:
        async with Peer() as peer:
            first = await beginning(tmp_path, peer.url)
            assert first.spool is not None
            link = uplink(peer.url, first)
            await link.feed(ramp(1600))
            await first.spool.close(remove=False)
            second = await beginning(tmp_path, peer.url, NOW + 1)
            link = uplink(peer.url, second, NOW + 1)
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(link.run())
                await until(lambda: bool(peer.hellos))
                await link.feed(ramp(1600))
                link.finish()
                await sending
            await link.put_away()
            assert sum(gap.to - gap.from_ for gap in peer.gaps) <= 16_000
            assert peer.holes == 0

    run(talk())


def test_who_never_got_into_a_taken_room_keeps_nothing(tmp_path: Path) -> None:
    """Another capture heard the same; but who was let in before keeps what is not settled."""

    async def talk() -> None:
        async with Peer(refusals=[(Close.ROOM_TAKEN, "")] * 10_000) as peer:
            its = await beginning(tmp_path, peer.url)
            link = uplink(peer.url, its, patience=Patience(taken=0.2))
            await link.feed(ramp(1600))
            with pytest.raises(LinkError, match="Another capture is live"):
                await link.run()
            await link.put_away()
            assert link.kept == 0
            assert list(folders(tmp_path)) == []

    run(talk())


def test_what_is_not_settled_is_counted_and_kept(tmp_path: Path) -> None:
    """The next process finds exactly that, marked as a talk that is over."""

    async def talk() -> None:
        async with Peer(settled_at_end=10_000) as peer:
            its = await beginning(tmp_path, peer.url)
            link = uplink(peer.url, its)
            await whole(link, 32_000)
            await link.put_away()
            assert link.kept == 22_000
        folder = Folder.take(next(folders(tmp_path)))
        assert folder is not None
        assert folder.card.samples == 32_000
        assert folder.contents().unsettled == 22_000
        folder.release()

    run(talk())


def test_a_late_capture_that_skips_sends_one_gap(tmp_path: Path) -> None:
    """Ten seconds behind at the connection: a gap, then live sound; keeping all is what it does otherwise."""

    async def talk() -> None:
        for haste in (Haste(lambda _: None), None):
            async with Peer() as peer:
                its = await beginning(tmp_path, peer.url)
                link = uplink(peer.url, its, haste=haste)
                for start in range(0, 160_000, 1600):
                    await link.feed(ramp(1600, start))
                async with asyncio.TaskGroup() as group:
                    sending = group.create_task(link.run())
                    await until(lambda peer=peer: peer.received == 160_000)
                    await link.feed(ramp(1600, 160_000))
                    link.finish()
                    await sending
                await link.put_away()
                assert [(gap.from_, gap.to) for gap in peer.gaps] == ([(0, 160_000)] if haste else [])
                assert bytes(peer.sound[-3200:]) == ramp(1600, 160_000)

    run(talk())
