import asyncio
import random
import socket

import pytest

from rtt.capture.ring import Ring
from rtt.core.errors import LinkError, UsageError
from rtt.core.wire.audio import Hello
from tests.capture.calling import LOST, call, give, until, whole
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("seed", range(16))
def test_all_samples_arrive_once_and_in_order_over_cuts_at_any_place(seed: int) -> None:
    """Connections die after any number of messages; a lost server asks again for what it had; the sound is whole."""
    luck = random.Random(seed)
    cuts = [luck.randint(1, 12) for _ in range(luck.randint(1, 5))]
    samples, size, forgets = luck.randint(1, 60_000), luck.randint(100, 4000), luck.random() < 0.5

    def somewhat_earlier(hello: Hello, received: int) -> int:
        return max(hello.first, received - luck.randrange(0, 5000)) if forgets else received

    async def talk() -> None:
        async with Peer(cuts=cuts, settle=not forgets, resume=somewhat_earlier) as peer:
            its = call(peer.url)
            result = await whole(its.uplink, samples, size=size)
            assert bytes(peer.sound) == ramp(samples)
            assert peer.holes == 0
            assert result.settled == samples
            attempts = [hello.attempt for hello in peer.hellos]
            assert attempts == list(range(1, len(attempts) + 1))
            assert len({hello.session for hello in peer.hellos}) == 1
            assert peer.endings[-1] == samples

    run(talk())


def test_a_gap_is_announced_again_in_its_place_after_a_cut() -> None:
    """Until it is settled a gap is part of the sound (SESSIONS 17)."""

    async def talk() -> None:
        async with Peer(settle=False, cuts=[3], resume=lambda hello, received: 0) as peer:
            its = call(peer.url, live=True)
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                await its.uplink.feed(ramp(1600))
                await its.uplink.feed(LOST)
                await its.uplink.feed(ramp(1600, 2377))
                await until(lambda: len(peer.hellos) == 2)
                its.uplink.finish()
                await link
            assert [(gap.from_, gap.to) for gap in peer.gaps] == [(1600, 2377)] * 2
            assert bytes(peer.sound) == ramp(1600) + bytes(2 * 777) + ramp(1600, 2377)

    run(talk())


def test_end_is_said_again_after_a_cut_and_counts_once() -> None:
    """The server may die between `end` and `ended`, twice; the talk still ends, with the same number."""

    async def talk() -> None:
        async with Peer(cuts=[11, 1]) as peer:
            result = await whole(call(peer.url).uplink, 16_000)
            assert peer.endings == [16_000] * 3
            assert bytes(peer.sound) == ramp(16_000)
            assert result.settled == 16_000

    run(talk())


def test_an_absent_server_is_waited_for_with_one_line() -> None:
    """Many attempts, one sentence; once it is there, everything arrives."""

    async def talk() -> None:
        port = free_port()
        its = call(f"ws://127.0.0.1:{port}")
        async with asyncio.TaskGroup() as group:
            link = group.create_task(its.uplink.run())
            group.create_task(give(its.uplink, 16_000))
            await until(lambda: its.said)
            await asyncio.sleep(0.3)
            assert "\n".join(its.said) == (
                f"The server ws://127.0.0.1:{port} cannot be used yet: nothing listens there."
                " Trying again until it can. Start it with: rtt serve"
            )
            assert not its.uplink.met
            async with Peer(port=port) as peer:
                await link
                assert bytes(peer.sound) == ramp(16_000)

    run(talk())


def test_a_connection_that_comes_and_goes_is_not_told_of_each_time() -> None:
    """Connected, lost, and again: then it stands as lost until a connection holds."""

    async def talk() -> None:
        async with Peer(cuts=[1] * 6) as peer:
            its = call(peer.url, live=True)
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                for start in range(0, 64_000, 1600):
                    await its.uplink.feed(ramp(1600, start))
                await until(lambda: len(peer.hellos) == 7 and peer.received == 64_000)
                assert [line.split()[0] for line in its.said] == ["Connected", "Connection"] * 2
                await until(lambda: len(its.said) == 5)
                assert its.said[-1].startswith("Connected again")
                its.uplink.finish()
                await link
            assert bytes(peer.sound) == ramp(64_000)

    run(talk())


def test_no_wait_leaves_when_the_server_is_absent() -> None:
    """One sentence with the address, the reason and the mend."""

    async def talk() -> None:
        with pytest.raises(LinkError, match=r"nothing listens there.*rtt serve"):
            await call(f"ws://127.0.0.1:{free_port()}", wait=False).uplink.run()

    run(talk())


def test_no_wait_still_comes_back_to_a_server_that_was_there() -> None:
    """A cut in the middle of a talk is not an absent server."""

    async def talk() -> None:
        async with Peer(cuts=[2]) as peer:
            await whole(call(peer.url, wait=False).uplink, 16_000)
            assert bytes(peer.sound) == ramp(16_000)

    run(talk())


@pytest.mark.parametrize("beyond", [True, False], ids=["beyond the end", "below the ring"])
def test_a_server_that_has_lost_count_gets_a_new_session(beyond: bool) -> None:
    """One line, another UUID, and everything that was not settled is sent again from its first sample."""

    async def talk() -> None:
        async with Peer() as peer:
            its = call(peer.url, live=True, ring=Ring(patient=False))
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                for start in range(0, 200_000, 1600):
                    await its.uplink.feed(ramp(1600, start))
                await until(lambda: its.uplink.session.settled == 200_000)
                old = peer.hellos[0].session

                def lost(hello: Hello, received: int) -> int:
                    if hello.session != old:
                        return received
                    return hello.next + 5 if beyond else hello.first - 5

                peer.resume, peer.settle = lost, False
                await its.uplink.feed(ramp(1600, 200_000))
                await until(lambda: peer.received == 201_600)
                await peer.cut_all()
                await until(lambda: len(peer.hellos) >= 3)
                its.uplink.finish()
                result = await link
            new = peer.hellos[2]
            assert new.session != old
            assert (new.first, new.next) == (200_000, 201_600)
            assert its.count("a new session of the talk begins") == 1
            assert bytes(peer.sound[-3200:]) == ramp(1600, 200_000)
            assert result.settled == 201_600

    run(talk())


def test_a_live_source_never_waits_and_what_cannot_be_held_is_an_announced_gap() -> None:
    """With nobody there the oldest sound goes; the operator reads how much; the server gets the gap, then the rest."""

    async def talk() -> None:
        ring = Ring(patient=False, capacity=32_000, drop=8000)
        port = free_port()
        its = call(f"ws://127.0.0.1:{port}", live=True, ring=ring)
        dropped = [await its.uplink.feed(ramp(1600, start)) for start in range(0, 64_000, 1600)]
        lost = ring.lost
        assert lost >= 32_000
        assert sum(one.samples for one in dropped if one) == lost
        async with Peer() as peer:
            heard = call(peer.url, live=True, ring=ring)
            heard.uplink.finish()
            await heard.uplink.run()
            assert [(gap.from_, gap.to) for gap in peer.gaps] == [(0, lost)]
            assert bytes(peer.sound) == bytes(2 * lost) + ramp(64_000)[2 * lost :]

    run(talk())


def test_a_patient_source_is_held_while_nobody_takes_it() -> None:
    """A recording waits for the server instead of playing to nobody."""

    async def talk() -> None:
        its = call(f"ws://127.0.0.1:{free_port()}")
        giving = asyncio.create_task(give(its.uplink, 500_000))
        await asyncio.sleep(0.2)
        assert not giving.done()
        assert its.uplink.captured <= 33_600
        giving.cancel()
        await asyncio.wait([giving])

    run(talk())


def test_the_lag_a_status_line_shows_is_what_no_server_has() -> None:
    """Captured minus received, not what the operating system took."""

    async def talk() -> None:
        async with Peer(reads=False) as peer:
            its = call(peer.url, live=True)
            link = asyncio.create_task(its.uplink.run())
            await until(lambda: its.uplink.met)
            for start in range(0, 48_000, 1600):
                await its.uplink.feed(ramp(1600, start))
            assert its.uplink.session.ack_lag == 48_000
            peer.reads = True
            await until(lambda: its.uplink.session.ack_lag == 0)
            assert its.uplink.session.heard == 48_000
            its.uplink.finish()
            await link

    run(talk())


def test_a_bad_target_is_refused_before_anything_starts() -> None:
    """Exit 2, not a connection that can never be."""
    with pytest.raises(UsageError):
        call("127.0.0.1:8000")
