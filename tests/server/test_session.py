"""One session: acks, the end, engines that fail or hang, a disk that is full."""

import asyncio
import resource
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

from rtt.core.caption import RATE
from rtt.core.errors import EngineError
from rtt.core.wire.audio import Ack, End, Ended, Notice, encode
from rtt.core.wire.codes import Close
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import SESSION, Metronome, capture, next_of, send, server
from tests.server.test_audio_socket import closed


def test_acks_come_twice_a_second_and_only_rise(tmp_path: Path) -> None:
    """received, heard and settled never go back while nothing is lost, and settled keeps its distance."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            acks = []
            for second in range(8):
                await send(socket, second * RATE, (second + 1) * RATE)
                acks.append(await next_of(socket, Ack, 3))
            for before, after in pairwise(acks):
                assert before.received <= after.received
                assert before.settled <= after.settled
            assert all(ack.settled <= ack.heard - round(0.6 * RATE) or ack.settled == 0 for ack in acks)
            assert acks[-1].settled > 0

    run(work())


def test_an_engine_that_fails_for_good_closes_with_its_sentence(tmp_path: Path) -> None:
    """The capture's operator and the server's read why; the code says not to come back."""

    async def work() -> None:
        told: list[str] = []
        engine = Metronome(
            failures={RATE: EngineError("The model is broken", "checksum", "Install it again", retry=False)}
        )
        async with server(tmp_path, engine, told) as running, capture(running) as (socket, _):
            await send(socket, 0, 2 * RATE)
            assert "Install it again" in (await next_of(socket, Notice)).text
            assert await closed(socket) == Close.ENGINE_FAILED
        assert any("The model is broken" in line for line in told)

    run(work())


class Forgetful(Metronome):
    """Takes 15 s, is lost, and then takes nothing at all."""

    async def transcribe(self, request, sound, report) -> None:  # type: ignore[no-untyped-def]
        async for chunk in sound:
            if self.streams:
                await asyncio.Event().wait()
            if chunk.start >= 15 * RATE:
                self.streams.append((request.room, chunk.start))
                raise EngineError("It died", retry=True)


def test_a_lost_engine_makes_no_offender_of_a_capture(tmp_path: Path) -> None:
    """What was allowed stays allowed although a lost engine has to hear again from further back."""

    async def work() -> None:
        async with server(tmp_path, Forgetful()) as running, capture(running) as (socket, _):
            await send(socket, 0, 16 * RATE)
            await next_of(socket, Notice)
            while (ack := await next_of(socket, Ack)).heard > 10 * RATE:
                pass
            await send(socket, 16 * RATE, 34 * RATE)  # 15 s were heard once: 20 more may be sent
            while ack.received < 34 * RATE:
                ack = await next_of(socket, Ack)
            assert ack.received - ack.heard > 22 * RATE

    run(work())


def test_an_engine_that_dies_is_replaced_and_nothing_is_lost(tmp_path: Path) -> None:
    """Through the whole server: every word once, and the capture told."""

    async def work() -> None:
        engine = Metronome(failures={n * RATE + 300: EngineError("It died", retry=True) for n in (2, 5)})
        async with server(tmp_path, engine) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 8 * RATE)
            assert (await next_of(socket, Notice)).code == "engine-retrying"
            await socket.send(encode(End(8 * RATE)))
            assert (await next_of(socket, Ended)).settled == 8 * RATE
            assert await reader.until(8) == [f"w{n}" for n in range(8)]

    run(work())


def test_voice_without_text_settles_as_unheard(tmp_path: Path) -> None:
    """Voice that the engine passed over does not fill the capture's memory: it settles, is counted and answered."""

    async def work() -> None:
        async with server(tmp_path, Metronome(deaf=True)) as running, capture(running) as (socket, _):
            await send(socket, 0, 18 * RATE)
            async with asyncio.timeout(25):
                while (await next_of(socket, Ack)).settled < 7 * RATE:
                    pass
            await socket.send(encode(End(18 * RATE)))
            ended = await next_of(socket, Ended)
            assert ended.settled == 18 * RATE
            assert ended.unheard[0][0] == 0
            assert ended.unheard[-1][1] >= 17 * RATE

    run(work())


def test_settled_waits_for_the_disk(tmp_path: Path) -> None:
    """While the disk is full a final is shown but not settled; when it is back, it is written and settled."""

    async def work() -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        told: list[str] = []
        async with server(tmp_path, told=told) as running, screen(running) as reader, capture(running) as (socket, _):
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
                await send(socket, 0, 5 * RATE)
                await reader.until(4)
                for _ in range(3):
                    assert (await next_of(socket, Ack)).settled <= round(0.2 * RATE)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await socket.send(encode(End(5 * RATE)))
            assert (await next_of(socket, Ended)).settled == 5 * RATE
            assert await reader.until(5) == [f"w{n}" for n in range(5)]
        assert any("cannot be written" in line for line in told)
        assert next(tmp_path.glob("rooms/*/*/*.jsonl")).read_text().count('"type":"final"') == 5

    run(work())


def test_a_stopping_server_settles_and_sends_its_captures_on(tmp_path: Path) -> None:
    """A drain tells the capture, shows what was said, and closes with 1012."""

    async def work() -> None:
        async with AsyncExitStack() as clients, server(tmp_path) as running:
            reader = await clients.enter_async_context(screen(running))
            socket, _ = await clients.enter_async_context(capture(running))
            await send(socket, 0, 4 * RATE)
            while (await next_of(socket, Ack)).received < 4 * RATE:
                pass
            ended = asyncio.gather(closed(socket), reader.closed())
        assert await ended == [Close.RESTART, Close.RESTART]
        assert reader.finals[:3] == ["w0", "w1", "w2"]

    run(work())


def test_only_a_capture_that_has_to_send_may_be_called_silent(tmp_path: Path) -> None:
    """After its end, and while the window holds it back, a capture that sends nothing is not gone."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            session = running.hub.sessions[SESSION]
            assert session.expects_sound
            session.ledger.receive(0, 19 * RATE)
            assert not session.expects_sound
            session.ledger.feed(19 * RATE)
            assert session.expects_sound
            session.finish()
            assert not session.expects_sound
            await socket.close()

    run(work())
