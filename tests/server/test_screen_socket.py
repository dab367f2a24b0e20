"""A screen's socket: history, live captions, states, slow and hostile readers."""

import asyncio
import json
import socket as sockets
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from rtt.core.caption import RATE
from rtt.core.wire.audio import End, Ended, encode
from rtt.core.wire.codes import Close
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import Metronome, capture, next_of, send, server


def test_partials_only_for_those_who_ask(tmp_path: Path) -> None:
    """`partial=false` is finals only, `true` all, `stable` what will not be taken back."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            async with screen(running) as finals, screen(running, "partial=true") as partials:
                for second in range(3):
                    await send(socket, second * RATE, second * RATE + 15000)
                    await asyncio.sleep(0.3)
                    await send(socket, second * RATE + 15000, (second + 1) * RATE)
                await finals.until(2)
                await partials.until(2)
                assert not any(caption["is_partial"] for caption in finals.captions)
                assert next(c["text"] for c in partials.captions if c["is_partial"]) == "w0"
                line = {c["line"] for c in partials.captions if c["text"] == "w0"}
                assert len(line) == 1

    run(work())


def test_every_message_can_be_read_by_a_simple_reader(tmp_path: Path) -> None:
    """Each message has `text` and `is_partial`; one that knows only these shows exactly the finals."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 3 * RATE)
            await socket.send(encode(End(3 * RATE)))
            await next_of(socket, Ended)
            await reader.until(3)
            assert [m["text"] for m in reader.messages if not m["is_partial"]] == ["w0", "w1", "w2"]

    run(work())


def test_a_late_screen_gets_the_running_talk(tmp_path: Path) -> None:
    """Who comes late reads the last finals first, then goes on live, without hole or double."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _), screen(running) as early:
            for ten in range(3):
                await send(socket, ten * 10 * RATE, (ten + 1) * 10 * RATE)
                await early.until(ten * 10 + 9)
            known = len(early.finals)
            async with screen(running) as late:
                await send(socket, 30 * RATE, 32 * RATE)
                assert await late.until(20 + 1) == [f"w{n}" for n in range(known - 20, known - 20 + len(late.finals))]

    run(work())


def test_since_brings_what_was_missed(tmp_path: Path) -> None:
    """A screen that comes back with `since` gets every final it missed, once."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            async with screen(running) as reader:
                await send(socket, 0, 5 * RATE)
                await reader.until(4)
                last = reader.captions[1]
            await send(socket, 5 * RATE, 8 * RATE)
            async with screen(running, f"since={last['epoch']}:{last['number']}") as back:
                assert await back.until(6) == [f"w{n}" for n in range(2, 8)]
                assert not [m for m in back.messages if m["type"] == "reset"]

    run(work())


@pytest.mark.parametrize("since", ["nonsense:1", "EPOCH:99999"])
def test_a_screen_of_another_history_is_reset(tmp_path: Path, since: str) -> None:
    """An unknown epoch or a number above the server's empties the screen before the history comes."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _), screen(running) as reader:
            await send(socket, 0, 3 * RATE)
            await reader.until(2)
            query = since.replace("EPOCH", reader.captions[0]["epoch"])
            async with screen(running, f"since={query}") as back:
                await back.until(2)
                assert back.messages[0]["type"] == "reset"
                assert back.messages[0]["epoch"] == reader.captions[0]["epoch"]

    run(work())


def test_state_comes_at_least_every_two_seconds(tmp_path: Path) -> None:
    """A screen can tell silence from death: states keep coming in a room where nothing happens."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            await asyncio.sleep(4.5)
            assert len(reader.states) >= 3
            assert reader.states[-1]["live"] is False

    run(work())


def test_state_tells_when_sound_stops(tmp_path: Path) -> None:
    """`live` turns true with the first sound, and false when none comes although the capture is connected."""

    async def work() -> None:
        told: list[str] = []
        async with server(tmp_path, told=told) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, RATE)
            await asyncio.sleep(4)
            assert [state["live"] for state in reader.states if state["live"]]
            assert reader.states[-1]["live"] is False
        assert any("No sound arrives" in line for line in told)

    run(work())


def test_a_slow_screen_delays_nobody_and_is_closed(tmp_path: Path) -> None:
    """A screen that takes nothing costs the others nothing; it is told to come back with `since`."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as quick, capture(running) as (socket, _):
            port = int(running.url.rpartition(":")[2])
            slow = sockets.create_connection(("127.0.0.1", port))
            slow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
            key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
            head = f"Host: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
            slow.sendall(f"GET /ws/transcript/aula1 HTTP/1.1\r\n{head}\r\n{key}\r\n\r\n".encode())
            room = await running.hub.room("aula1")
            while len(room.captions.screens) < 2:
                await asyncio.sleep(0.05)
            for at in range(0, 600, 10):
                await send(socket, at * RATE, (at + 10) * RATE)
                await quick.until(at + 9)
            for n in range(4000):  # more than a kernel buffers for one socket
                for outbox in list(room.captions.screens):
                    if outbox.behind:
                        break
                    outbox.keep(json.dumps({"type": "x", "text": "y" * 900, "is_partial": True}))
                if n % 20 == 0:
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(30):
                while len(room.captions.screens) > 1:
                    await asyncio.sleep(0.1)
            assert quick.code is None
            slow.close()

    run(work(), 90)


SENT = ["x" * 3000, "{", '{"type":"seen"}', '{"type":"seen","epoch":"e","number":-1}', b"\0"]


@pytest.mark.parametrize("sent", SENT)
def test_a_viewer_can_do_nothing_to_a_room(tmp_path: Path, sent: str | bytes) -> None:
    """Whatever a screen sends, captions go on."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            for _ in range(50):
                await reader.socket.send(sent)
            await send(socket, 0, 3 * RATE)
            await reader.until(2)

    run(work())


def test_what_a_screen_has_painted_gives_its_age(tmp_path: Path) -> None:
    """`seen` for the newest final tells the operator how old captions are at the glass."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 2 * RATE)
            await reader.until(1)
            final = reader.captions[-1]
            seen = {"type": "seen", "epoch": final["epoch"], "number": final["number"]}
            await reader.socket.send(json.dumps(seen))
            room = running.hub.rooms["aula1"]
            async with asyncio.timeout(5):
                while room.age_at_glass is None:
                    await asyncio.sleep(0.02)
            assert room.age_at_glass >= 0

    run(work())


@pytest.mark.parametrize(
    ("query", "room", "code"), [("partial=maybe", "r", Close.MALFORMED), ("", ".r", Close.BAD_ROOM)]
)
def test_wrong_screens_are_closed_with_a_sentence(tmp_path: Path, query: str, room: str, code: int) -> None:
    """A wish that cannot be meant has its code and a reason."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running, query, room) as reader:
            assert await reader.closed() == code
            assert reader.socket.close_reason

    run(work())


def test_a_reader_makes_no_folders(tmp_path: Path) -> None:
    """Looking at a room that nobody speaks in leaves nothing on the disk, and nothing in memory."""

    async def work() -> None:
        async with server(tmp_path) as running:
            async with screen(running, room="ghost") as reader:
                await asyncio.sleep(0.2)
                assert reader.states
            async with asyncio.timeout(10):
                while "ghost" in running.hub.rooms:
                    await asyncio.sleep(0.1)
        assert not (tmp_path / "rooms").exists()

    run(work())


def test_screens_are_told_that_the_server_restarts(tmp_path: Path) -> None:
    """A stopping server closes its screens with 1012: they come back."""

    async def work() -> None:
        async with server(tmp_path) as running:
            url = running.url.replace("http", "ws", 1) + "/ws/transcript/aula1"
            socket = await connect(url)
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == Close.RESTART

    run(work())


def test_two_rooms_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Every room has its own words, numbers and language."""

    async def work() -> None:
        async with server(tmp_path, Metronome()) as running:
            other = "22222222-2222-4333-8444-555555555555"
            async with (
                capture(running) as (one, _),
                capture(running, "aula2", other) as (two, _),
                screen(running) as first,
                screen(running, room="aula2") as second,
            ):
                await send(one, 0, 4 * RATE)
                await send(two, 0, 2 * RATE)
                await first.until(3)
                await second.until(1)
                assert {c["room"] for c in first.captions} == {"aula1"}
                assert [c["number"] for c in second.captions] == [1]

    run(work())
