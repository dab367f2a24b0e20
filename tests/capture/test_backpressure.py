import asyncio

from rtt.capture.backpressure import CHUNKS, DROP, WHY, Backpressure, newest_only
from rtt.capture.ring import Ring
from rtt.capture.source import BLOCK
from rtt.capture.uplink import Target, Uplink
from rtt.core.caption import RATE
from rtt.core.wire.audio import Ready
from tests.capture.calling import QUICK, until
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run


class Sending:
    """A ring under a cap, and what the operator read."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ring = Ring(patient=False)
        self.cursor = 0
        self.pressure = Backpressure(self.said.append)

    def capture(self, blocks: int = 1, *, sent: bool = False) -> None:
        """Take so many blocks; where `sent`, each is sent and settled at once."""
        for _ in range(blocks):
            self.ring.push(ramp(BLOCK, self.ring.next))
            if sent:
                self.cursor = self.ring.next
                self.ring.settle(self.cursor, self.cursor)
            self.pressure.relieve(self.ring, self.cursor)

    @property
    def unsent(self) -> int:
        return sum(piece.audio for piece in self.ring.frames(self.cursor, self.ring.next)) // BLOCK

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Gaps that are still to be sent, in blocks."""
        frames = self.ring.frames(self.cursor, self.ring.next)
        return [(piece.start // BLOCK, piece.end // BLOCK) for piece in frames if not piece.audio]


def test_up_to_fifty_chunks_wait_and_nothing_is_dropped() -> None:
    """A server that hiccups for five seconds costs nothing, and nothing is said."""
    its = Sending()
    its.capture(CHUNKS)
    assert (its.unsent, its.gaps, its.said) == (CHUNKS, [], [])


def test_never_more_than_fifty_chunks_wait_and_the_oldest_go() -> None:
    """However long it takes; what went is one announced gap, and what is kept is the newest, sample for sample."""
    its = Sending()
    for captured in range(1, 1000):
        its.capture()
        assert its.unsent <= CHUNKS
        assert len(its.gaps) <= 1
        assert its.unsent >= min(captured, CHUNKS - DROP)
    pieces = list(its.ring.frames(0, its.ring.next))
    (gap,) = [piece for piece in pieces if not piece.audio]
    assert (gap.start, gap.why) == (0, WHY)
    assert b"".join(piece.pcm or b"" for piece in pieces) == ramp(its.ring.next - gap.end, gap.end)
    assert its.ring.lost == gap.end


def test_what_was_sent_is_not_dropped() -> None:
    """Sound under way is no backlog: a healthy talk runs for an hour with the cap, and loses nothing."""
    its = Sending()
    its.capture(3000, sent=True)
    its.capture(CHUNKS)
    assert (its.ring.lost, its.said) == (0, [])
    its.capture()
    assert its.gaps == [(3000, 3000 + DROP)]


def test_a_link_that_is_only_slow_leaves_stretches_in_which_words_are_whole() -> None:
    """Half of what comes is sent: drops are few and long, never one chunk in two."""
    its = Sending()
    for _ in range(2000):
        its.capture(2)
        piece = next(its.ring.frames(its.cursor, its.ring.next))
        its.cursor = piece.end
    pieces = list(its.ring.frames(0, its.ring.next))
    gaps = [piece.end - piece.start for piece in pieces if not piece.audio]
    assert all(gap >= DROP * BLOCK for gap in gaps)
    assert len(gaps) <= 4000 / 2 / DROP + 1


def test_a_spell_is_told_once_when_it_begins_and_once_with_its_seconds() -> None:
    """Not once per drop; a second spell is told anew."""
    its = Sending()
    its.capture(CHUNKS + 1)
    assert len(its.said) == 1
    assert its.said[0].startswith("Backpressure: the server does not take the sound in time.")
    its.capture(3 * DROP)
    assert len(its.said) == 1
    its.capture(CHUNKS, sent=True)
    assert its.said[1:] == ["Backpressure is over: 10.0 s of sound were dropped."]
    its.capture(CHUNKS + 1)
    its.pressure.end()
    its.pressure.end()
    assert its.said[3:] == ["Backpressure is over: 2.5 s of sound were dropped."]


def test_little_is_under_way_where_only_the_newest_is_wanted() -> None:
    """Else the network's buffers would keep minutes that still come, in full and late."""
    session = newest_only()
    assert session.resume(Ready(session.ident, 0, "scripted", "en-US", 20))
    assert session.window == 2
    assert session.resume(Ready(session.ident, 0, "scripted", "en-US", 1))
    assert session.window == 1


def test_a_server_that_stood_still_gets_the_gap_and_then_what_is_said_now() -> None:
    """Through a real connection: what came and what is announced make up the talk, without a hole."""

    async def talk() -> None:
        said: list[str] = []
        session = newest_only()
        async with Peer() as peer:
            target = Target(peer.url, "aula1")
            uplink = Uplink(target, live=True, session=session, say=said.append, chance=lambda: 0.0, patience=QUICK)
            pressure = Backpressure(said.append)

            async def capture(blocks: int) -> None:
                for _ in range(blocks):
                    await uplink.feed(ramp(BLOCK, session.ring.next))
                    pressure.relieve(session.ring, session.cursor)
                    await asyncio.sleep(0.001)

            running = asyncio.create_task(uplink.run())
            await until(lambda: uplink.connected)
            await capture(5)
            await until(lambda: peer.received == 5 * BLOCK)
            peer.hear = 5 * BLOCK
            await capture(195)
            assert peer.received <= 5 * BLOCK + 2 * RATE
            peer.hear = None
            await until(lambda: session.cursor == 200 * BLOCK)
            uplink.finish()
            result = await running
        (gap,) = peer.gaps
        assert (gap.to - gap.from_, gap.why) == (session.ring.lost, WHY)
        assert gap.to >= 150 * BLOCK
        silence = bytes(2 * (gap.to - gap.from_))
        assert bytes(peer.sound) == ramp(gap.from_) + silence + ramp(200 * BLOCK - gap.to, gap.to)
        assert (peer.holes, result.samples) == (0, 200 * BLOCK)
        assert sum("Backpressure:" in line for line in said) == 1

    run(talk())


def test_a_lost_connection_promises_nothing_that_is_not_kept() -> None:
    """Who wants the newest only is not told that all comes later."""

    async def talk() -> None:
        said: list[str] = []
        async with Peer() as peer:
            target = Target(peer.url, "aula1")
            uplink = Uplink(
                target, live=True, session=newest_only(), say=said.append, chance=lambda: 0.0, patience=QUICK
            )
            running = asyncio.create_task(uplink.run())
            await until(lambda: uplink.connected)
            await peer.cut_all()
            await until(lambda: uplink.reconnects == 1)
            running.cancel()
            await asyncio.wait([running])
        assert any("lost" in line for line in said)
        assert not any("kept" in line for line in said)

    run(talk())
