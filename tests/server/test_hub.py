"""Rooms, sessions and their ends, through the whole server."""

import asyncio
from pathlib import Path

import pytest

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.wire.audio import End, Ended, encode
from rtt.core.wire.bounds import ROOMS_MAX
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import Metronome, capture, next_of, send, server
from tests.server.test_hearing import Stubborn


class Broken(Metronome):
    """Raises what no engine may raise."""

    async def transcribe(self, request, sound, report) -> None:  # type: ignore[no-untyped-def]
        async for _ in sound:
            raise ZeroDivisionError("a bug")


def test_a_bug_in_one_session_does_not_end_the_server(tmp_path: Path) -> None:
    """The other rooms go on; the operator reads which room it was."""

    async def work() -> None:
        told: list[str] = []
        async with server(tmp_path, Broken(), told) as running, capture(running) as (socket, _):
            await send(socket, 0, RATE)
            await asyncio.wait_for(socket.wait_closed(), 10)
            assert (await running.hub.room("aula2")).name == "aula2"
        assert any("aula1: rtt met an error of its own" in line and "a bug" in line for line in told)

    run(work())


def test_epoch_and_numbers_go_on_with_the_next_server(tmp_path: Path) -> None:
    """A screen that knows caption 3 of the last server gets 4 from this one, without a reset."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 3 * RATE)
            await socket.send(encode(End(3 * RATE)))
            await next_of(socket, Ended)
            last = (await reader.until(3), reader.captions[-1])[1]
        async with server(tmp_path) as running:
            other = "33333333-2222-4333-8444-555555555555"
            query = f"since={last['epoch']}:{last['number']}"
            async with screen(running, query) as reader, capture(running, session=other) as (socket, _):
                await send(socket, 0, 2 * RATE)
                await reader.until(1)
                assert (reader.captions[0]["epoch"], reader.captions[0]["number"]) == (last["epoch"], 4)
                assert not [m for m in reader.messages if m["type"] == "reset"]

    run(work())


def test_a_new_talk_does_not_show_the_last_one(tmp_path: Path) -> None:
    """Who comes in the second talk reads the second talk."""

    async def work() -> None:
        other = "33333333-2222-4333-8444-555555555555"
        async with server(tmp_path) as running:
            async with capture(running) as (socket, _):
                await send(socket, 0, 3 * RATE)
                await socket.send(encode(End(3 * RATE)))
                await next_of(socket, Ended)
            async with capture(running, session=other) as (socket, _):
                await send(socket, 0, 2 * RATE)
                await asyncio.sleep(0.5)
                async with screen(running) as reader:
                    await reader.until(1)
                    assert {caption["session"] for caption in reader.captions} == {other}

    run(work())


def test_a_room_whose_capture_vanished_is_free_after_three_seconds(tmp_path: Path) -> None:
    """The next speaker need not wait for the last one's network; what that one said is shown first."""

    async def work() -> None:
        other = "33333333-2222-4333-8444-555555555555"
        async with server(tmp_path) as running, screen(running) as reader:
            async with capture(running) as (socket, _):
                await send(socket, 0, 2 * RATE + 12000)
                await asyncio.sleep(0.3)
                socket.transport.abort()
            await asyncio.sleep(3.3)
            async with capture(running, session=other) as (socket, _):
                assert await reader.until(3) == ["w0", "w1", "w2"]
                await send(socket, 0, 2 * RATE)
                await reader.until(4)

    run(work())


def test_rooms_are_bounded(tmp_path: Path) -> None:
    """One more room than the bound is refused with a sentence; idle ones are forgotten."""

    async def work() -> None:
        async with server(tmp_path) as running:
            for number in range(ROOMS_MAX):
                await running.hub.room(f"r{number}")
            with pytest.raises(LinkError, match="too many rooms"):
                await running.hub.room("one-more")
            async with asyncio.timeout(10):
                while running.hub.rooms:
                    await asyncio.sleep(0.1)

    run(work())


def test_a_second_server_on_the_folder_waits_and_goes_on(tmp_path: Path) -> None:
    """While the first server drains the room the second one's capture waits; numbers go on."""

    async def work() -> None:
        other = "33333333-2222-4333-8444-555555555555"
        async with server(tmp_path) as second:
            async with server(tmp_path) as first, capture(first) as (socket, _):
                await send(socket, 0, 3 * RATE)
                await socket.send(encode(End(3 * RATE)))
                await next_of(socket, Ended)
                epoch = first.hub.rooms["aula1"].archive.epoch
                context = capture(second, session=other)
                waiting = asyncio.ensure_future(context.__aenter__())
                _, pending = await asyncio.wait([waiting], timeout=0.5)
                assert pending
            socket, _ = await asyncio.wait_for(waiting, 10)
            async with screen(second) as reader:
                await send(socket, 0, 2 * RATE)
                await reader.until(1)
                assert (reader.captions[0]["epoch"], reader.captions[0]["number"]) == (epoch, 4)
            await context.__aexit__(None, None, None)

    run(work())


def test_leaving_gives_everything_back(tmp_path: Path) -> None:
    """The engine is closed with the server."""
    engine = Metronome()

    async def work() -> None:
        async with server(tmp_path, engine):
            assert not engine.closed

    run(work())
    assert engine.closed


def test_a_drain_that_runs_out_of_time_ends_quietly(tmp_path: Path) -> None:
    """An engine that does not come to its end is left after ten seconds, and nothing is written after the journal."""
    told: list[str] = []

    async def work() -> None:
        async with server(tmp_path, Stubborn(), told) as running, capture(running) as (socket, _):
            await send(socket, 0, 2 * RATE)

    run(work(), 40)
    assert [line for line in told if "Not all was settled" in line]
    assert not [line for line in told if "error of its own" in line]
