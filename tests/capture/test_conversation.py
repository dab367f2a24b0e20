import asyncio
import json

import pytest

from rtt.capture.conversation import Patience
from rtt.core.errors import LinkError
from rtt.core.wire.audio import Ack, Drain, Ended, Notice, Ready, encode
from rtt.core.wire.codes import Close
from tests.capture.calling import call, give, until, whole
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run


def test_a_talk_arrives_whole_and_ends_when_the_server_says_so() -> None:
    """Every sample once and in order; `end` names their number; the result is what the server settled."""

    async def talk() -> None:
        async with Peer(unheard=((10, 20),)) as peer:
            its = call(peer.url, language="it-IT", token="secret")
            result = await whole(its.uplink, 50_123)
            assert bytes(peer.sound) == ramp(50_123)
            assert (peer.holes, peer.repeated, peer.endings) == (0, 0, [50_123])
            assert (result.samples, result.settled, result.unheard) == (50_123, 50_123, ((10, 20),))
            assert peer.paths == ["/ws/audio/aula1?lang=it-IT"]
            assert peer.headers[0]["Authorization"] == "Bearer secret"
            hello = peer.hellos[0]
            assert (hello.attempt, hello.language, hello.first) == (1, "it-IT", 0)
            assert its.said == [f"Connected to {peer.url}: room aula1, engine peer, language en-US."]

    run(talk())


def test_a_talk_without_a_sample_ends_too() -> None:
    """An empty pipe is no error."""

    async def talk() -> None:
        async with Peer() as peer:
            result = await whole(call(peer.url).uplink, 0)
            assert (result.samples, result.settled, peer.endings) == (0, 0, [0])

    run(talk())


def test_no_frame_goes_further_than_the_window_beyond_what_is_heard() -> None:
    """An engine that is fed nothing holds the sound back here; one that goes on gets all of it."""

    async def talk() -> None:
        async with Peer(window=2, hear=0) as peer:
            its = call(peer.url, patience=Patience(stall=5))
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                group.create_task(give(its.uplink, 100_000))
                await until(lambda: peer.received == 32_000)
                await asyncio.sleep(0.2)
                assert peer.received == 32_000
                peer.hear = None
                await link
            assert peer.furthest <= 32_000
            assert bytes(peer.sound) == ramp(100_000)

    run(talk())


def test_a_gap_is_announced_in_its_place() -> None:
    """Lost sound keeps its exact length and its reason, between what was before and after it."""

    async def talk() -> None:
        async with Peer() as peer:
            its = call(peer.url, live=True)
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                await until(lambda: its.uplink.met)
                await its.uplink.feed(ramp(1600))
                its.uplink.session.ring.lose(777, "busy")
                await its.uplink.feed(ramp(1600, 2377))
                its.uplink.finish()
                await link
            assert [(gap.from_, gap.to, gap.why) for gap in peer.gaps] == [(1600, 2377, "busy")]
            assert bytes(peer.sound) == ramp(1600) + bytes(2 * 777) + ramp(1600, 2377)
            assert peer.holes == 0

    run(talk())


def test_a_server_that_takes_sound_and_says_nothing_is_left_and_found_again() -> None:
    """Without an ack while sound is under way the connection is given up; nothing is lost by it."""

    async def talk() -> None:
        async with Peer(acks=False) as peer:
            its = call(peer.url)
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                for start in range(0, 40_000, 1600):
                    await its.uplink.feed(ramp(1600, start))
                await until(lambda: len(peer.hellos) >= 2)
                peer.acks = True
                its.uplink.finish()
                await link
            assert its.count("took sound for") == 1
            assert bytes(peer.sound) == ramp(40_000)
            assert peer.holes == 0

    run(talk())


def test_a_server_that_does_not_even_read_is_left() -> None:
    """A full pipe must not hang the capture: live sound goes on being held, and arrives later."""

    async def talk() -> None:
        async with Peer(reads=False) as peer:
            its = call(peer.url, live=True)
            async with asyncio.TaskGroup() as group:
                link = group.create_task(its.uplink.run())
                group.create_task(give(its.uplink, 1_600_000))
                await until(lambda: len(peer.hellos) >= 2)
                assert its.uplink.captured == 1_600_000
                peer.reads = True
                await link
            assert bytes(peer.sound) == ramp(1_600_000)

    run(talk(), 60)


def test_a_quiet_source_is_no_stall() -> None:
    """Nothing under way, nothing to wait for: a pipe may be silent for as long as it likes."""

    async def talk() -> None:
        async with Peer(acks=False) as peer:
            its = call(peer.url, patience=Patience(stall=0.1))
            link = asyncio.create_task(its.uplink.run())
            await asyncio.sleep(1.2)
            assert len(peer.hellos) == 1
            its.uplink.finish()
            await link

    run(talk())


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        '{"type":"ack"}',
        '{"type":"ack","received":"x","heard":0,"settled":0}',
        b"sound",
        encode(Ack(999_999, 0, 0)),
        encode(Ack(0, 5, 0)),
        encode(Ack(-5, -5, -5)),
        encode(Ended(0)),
        '{"type":"ended","settled":0,"unheard":[[1]]}',
        "x" * 300_000,
    ],
    ids=["text", "list", "lacks", "types", "binary", "future", "order", "negative", "early end", "pairs", "huge"],
)
def test_nonsense_of_the_server_costs_a_connection_and_no_sound(frame: str | bytes) -> None:
    """The operator reads one line, the next connection goes on, and every sample arrives."""

    async def talk() -> None:
        async with Peer(says=[frame]) as peer:
            its = call(peer.url)
            await whole(its.uplink, 20_000, pause=0.01)
            assert len(peer.hellos) == 2
            assert its.count("Trying again") == 1
            assert bytes(peer.sound) == ramp(20_000)

    run(talk())


def test_unknown_messages_are_nothing_to_worry_about() -> None:
    """A newer server may say more than this version knows."""

    async def talk() -> None:
        unknown = json.dumps({"type": "weather", "rain": True})
        async with Peer(says=[unknown], before_ready=[unknown, encode(Notice("n", "wait"))]) as peer:
            its = call(peer.url)
            await whole(its.uplink, 20_000)
            assert len(peer.hellos) == 1
            assert its.count("Server: wait") == 1

    run(talk())


def test_notices_and_a_drain_reach_the_operator() -> None:
    """What the server has to say is said in its words."""

    async def talk() -> None:
        async with Peer(says=[encode(Notice("engine", "The engine is being restarted.")), encode(Drain(10))]) as peer:
            its = call(peer.url)
            await whole(its.uplink, 3200, pause=0.05)
            assert its.count("Server: The engine is being restarted.") == 1
            assert its.count("leaves within 10 s") == 1

    run(talk())


def test_a_server_that_never_says_ready_is_left() -> None:
    """No sound is sent before ready, and waiting for it has an end."""

    async def talk() -> None:
        wrong = encode(Ready("00000000-0000-0000-0000-000000000000", 0, "e", "en", 20))
        async with Peer(before_ready=[wrong]) as peer:
            its = call(peer.url)
            link = asyncio.create_task(its.uplink.run())
            await until(lambda: len(peer.hellos) >= 2)
            assert peer.frames == 0
            assert its.count("another session") == 1
            peer.before_ready = []
            await give(its.uplink, 1600)
            await link

    run(talk())


def test_a_silent_server_is_left_before_ready() -> None:
    """A server that takes the hello and sleeps is tried again."""

    async def talk() -> None:
        async with Peer(mute=1) as peer:
            its = call(peer.url)
            await whole(its.uplink, 1600)
            assert its.count("did not answer within") == 1
            assert len(peer.hellos) == 2

    run(talk())


def test_an_end_that_is_never_answered_is_an_error_that_names_the_seconds() -> None:
    """While nothing moves the capture does not wait for ever; what is not settled is named."""

    async def talk() -> None:
        async with Peer(ends=False, settle=False) as peer:
            with pytest.raises(LinkError, match=r"did not finish the last 1\.0 s") as caught:
                await whole(call(peer.url).uplink, 16_000)
            assert caught.value.code == Close.NOT_ALL_HEARD
            assert peer.endings == [16_000]

    run(talk())


def test_the_wall_clock_is_told_at_hello_and_every_so_often() -> None:
    """Exports across sessions stand on these anchors."""

    async def talk() -> None:
        async with Peer() as peer:
            its = call(peer.url, patience=Patience(clock=0.1))
            await whole(its.uplink, 16_000, pause=0.05)
            assert peer.hellos[0].at == 1_700_000_000.0
            assert peer.clocks
            assert all(clock.sample % 1600 == 0 and clock.at == 1_700_000_000.0 for clock in peer.clocks)

    run(talk())
