"""A capture's socket: the protocol, plain mode, and every way in which a client can be wrong."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from rtt.core.caption import RATE
from rtt.core.wire.audio import Ack, Clock, End, Ended, Gap, Hello, Notice, Ready, encode, encode_audio
from rtt.core.wire.codes import Close
from rtt.server.audio_socket import reason_of
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import SESSION, Metronome, capture, next_of, send, server

WORDS = [f"w{n}" for n in range(5)]
OTHER = "99999999-2222-4333-8444-555555555555"


async def closed(socket: ClientConnection, seconds: float = 10) -> int:
    """Return the code with which the server closes."""
    async with asyncio.timeout(seconds):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006


def test_a_talk_from_hello_to_ended(tmp_path: Path) -> None:
    """hello, ready, audio, acks, end, ended, 1000: everything is heard, settled and on the screen."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            async with capture(running) as (socket, ready):
                assert (ready.resume, ready.engine, ready.language, ready.window) == (0, "metronome", "en-US", 20)
                await send(socket, 0, 5 * RATE)
                ack = await next_of(socket, Ack)
                assert 0 <= ack.settled <= ack.heard <= ack.received <= 5 * RATE
                await socket.send(encode(End(5 * RATE)))
                assert await next_of(socket, Ended) == Ended(5 * RATE)
                assert await closed(socket) == Close.DONE
            assert await reader.until(5) == WORDS

    run(work())


def test_overlap_is_trimmed(tmp_path: Path) -> None:
    """Sound that is sent twice is heard once."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 3 * RATE)
            await send(socket, RATE, 5 * RATE)
            await socket.send(encode(End(5 * RATE)))
            await next_of(socket, Ended)
            assert await reader.until(5) == WORDS

    run(work())


def test_a_cut_connection_goes_on_with_the_next_sample(tmp_path: Path) -> None:
    """A capture that comes back is told what has arrived, and nothing is lost or doubled."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            async with capture(running) as (socket, _):
                await send(socket, 0, 2 * RATE + 800)
                while (await next_of(socket, Ack)).received < 2 * RATE + 800:
                    pass
                socket.transport.abort()
            async with capture(running, attempt=2, at=5 * RATE) as (socket, ready):
                assert ready.resume == 2 * RATE + 800
                await send(socket, ready.resume, 5 * RATE)
                await socket.send(encode(End(5 * RATE)))
                assert (await next_of(socket, Ended)).settled == 5 * RATE
            assert await reader.until(5) == WORDS

    run(work())


def test_a_new_server_hears_again_and_shows_nothing_twice(tmp_path: Path) -> None:
    """After a restart hearing begins 3 s below the watermark, and words that were shown stay single."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            await send(socket, 0, 4 * RATE)
            while (await next_of(socket, Ack)).heard < 4 * RATE - 512:
                pass
        async with server(tmp_path) as running, capture(running, attempt=2, at=6 * RATE) as (socket, ready):
            assert ready.resume < 4 * RATE
            async with screen(running) as reader:
                await send(socket, ready.resume, 6 * RATE)
                await socket.send(encode(End(6 * RATE)))
                assert (await next_of(socket, Ended)).settled == 6 * RATE
                assert await reader.until(6) == [f"w{n}" for n in range(6)]

    run(work())


def test_end_is_idempotent(tmp_path: Path) -> None:
    """A capture that lost the answer asks again and gets the same one."""

    async def work() -> None:
        async with server(tmp_path) as running:
            for attempt in (1, 2):
                async with capture(running, attempt=attempt, at=0 if attempt == 1 else RATE) as (socket, ready):
                    await send(socket, ready.resume, RATE)
                    await socket.send(encode(End(RATE)))
                    assert (await next_of(socket, Ended)).settled == RATE

    run(work())


@pytest.mark.parametrize("seconds", [1.5, 5])
def test_a_gap_is_announced_and_nothing_invented_for_it(tmp_path: Path, seconds: float) -> None:
    """A gap settles by itself, is told to the operator, and stands in the transcript; words beyond it come."""

    async def work() -> None:
        told: list[str] = []
        end = round((3 + seconds) * RATE)
        async with server(tmp_path, told=told) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 3 * RATE)
            await socket.send(encode(Gap(3 * RATE, end, "cable")))
            await send(socket, end, end + 3 * RATE)
            await socket.send(encode(End(end + 3 * RATE)))
            assert (await next_of(socket, Ended)).settled == end + 3 * RATE
            assert reader.finals[:2] == ["w0", "w1"]
            room = running.hub.rooms["aula1"]
            assert room.holder is not None
            assert sum(gap.end - gap.start for gap in room.holder.ledger.gaps) == round(seconds * RATE)
        assert any(f"{seconds:.1f} s of sound are missing: cable" in line for line in told)
        for caption in reader.captions:
            inside = caption["start"] > 3 and caption["end"] < 3 + seconds
            assert not inside or seconds < 2

    run(work())


async def refused(running: object, first: str | bytes, *more: str | bytes, room: str = "aula1") -> tuple[int, str]:
    """Send what a wrong client sends; return the close code and its reason."""
    url = running.url.replace("http", "ws", 1) + f"/ws/audio/{room}"  # type: ignore[attr-defined]
    async with connect(url, compression=None, close_timeout=2) as socket:
        with suppress(ConnectionClosed):  # a bad room is refused before anything is said
            await socket.send(first)
        if more:
            await next_of(socket, Ready)
        for frame in more:
            await socket.send(frame)
        code = await closed(socket)
        return code, socket.close_reason or ""


HELLO = encode(Hello(SESSION, 1, 0, 0))


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ((HELLO, encode_audio(0, b"\0" * 3201)), Close.MALFORMED),
        ((HELLO, encode_audio(0, b"\0" * 40000)), Close.MALFORMED),
        ((HELLO, b"\0\0\0"), Close.MALFORMED),
        ((HELLO, encode_audio(16000, b"\0" * 3200)), Close.HOLE),
        ((HELLO, "not json"), Close.MALFORMED),
        ((HELLO, HELLO), Close.MALFORMED),
        ((HELLO, encode(End(5))), Close.HOLE),
        ((HELLO, json.dumps({"type": "gap", "from": 5, "to": 5})), Close.MALFORMED),
        ((HELLO, "[" * 5000), Close.MALFORMED),
        ((HELLO, encode(Clock(2**53, 1.0))), Close.MALFORMED),
        (("RIFF....",), Close.MALFORMED),
        (('{"type":"hello"}',), Close.MALFORMED),
        ((HELLO.replace("1111", "zzzz"),), Close.MALFORMED),
        ((HELLO.replace('"protocol":1', '"protocol":2'),), Close.PROTOCOL),
        ((HELLO.replace('"language":""', '"language":"fr-FR"'),), Close.LANGUAGE),
        ((b"\0" * 40000,), Close.MALFORMED),
        ((b"\0" * 300_000,), 1009),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_clients_are_closed_with_a_sentence(tmp_path: Path, frames: tuple[str | bytes, ...], code: int) -> None:
    """Every malformed message has its close code and a reason, and the server goes on."""

    async def work() -> None:
        told: list[str] = []
        async with server(tmp_path, told=told) as running:
            found, reason = await refused(running, *frames)
            assert found == code
            assert reason or code == 1009
            async with capture(running, session=OTHER, room="aula2") as (socket, _):
                await send(socket, 0, RATE)
                await socket.send(encode(End(RATE)))
                await next_of(socket, Ended)
        assert not any("error of its own" in line for line in told)

    run(work())


@pytest.mark.parametrize("room", ["x%22;alert(1);%22", "..%2F..%2Fetc", ".hidden", "a" * 65, "%C3%A9"])
def test_hostile_room_names_are_refused(tmp_path: Path, room: str) -> None:
    """A name that is none closes with its code, and no folder is made."""

    async def work() -> None:
        async with server(tmp_path) as running:
            assert (await refused(running, HELLO, room=room))[0] == Close.BAD_ROOM
        assert not (tmp_path / "rooms").exists()

    run(work())


def test_an_unspoken_language_is_refused_with_the_spoken_ones(tmp_path: Path) -> None:
    """The capture's operator reads which languages there are, before any audio is sent."""

    async def work() -> None:
        async with server(tmp_path) as running:
            url = running.url.replace("http", "ws", 1) + "/ws/audio/aula1?lang=fr-FR"
            async with connect(url) as socket:
                await socket.send(HELLO)
                notice = await next_of(socket, Notice)
                assert "en-US, it-IT" in notice.text
                assert await closed(socket) == Close.LANGUAGE

    run(work())


def test_a_taken_room_says_by_whom(tmp_path: Path) -> None:
    """Two captures never mix in one room: the second reads who speaks and since when."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            await send(socket, 0, RATE)
            code, reason = await refused(running, HELLO.replace(SESSION, OTHER))
            assert code == Close.ROOM_TAKEN
            assert "127.0.0.1" in reason

    run(work())


def test_only_a_higher_attempt_replaces_a_connection(tmp_path: Path) -> None:
    """A late connection of the same session is told that the session goes on elsewhere, never the live one."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running, attempt=5) as (old, _):
            code, _ = await refused(running, encode(Hello(SESSION, 4, 0, 0)))
            assert code == Close.CONTINUED_ELSEWHERE
            async with capture(running, attempt=6) as (new, _):
                assert await closed(old) == Close.CONTINUED_ELSEWHERE
                await send(new, 0, RATE)
                await new.send(encode(End(RATE)))
                assert (await next_of(new, Ended)).settled == RATE

    run(work())


def test_sound_beyond_the_window_breaks_the_protocol(tmp_path: Path) -> None:
    """A capture that ignores the window cannot fill the server's memory."""

    async def work() -> None:
        async with server(tmp_path, Stuck()) as running, capture(running) as (socket, _):
            with suppress(ConnectionClosed):
                await send(socket, 0, 60 * RATE)
            assert await closed(socket) == Close.MALFORMED

    run(work())


class Stuck(Metronome):
    """Takes one chunk and then nothing more, until its stream is cancelled."""

    async def transcribe(self, request, sound, report) -> None:  # type: ignore[no-untyped-def]
        async for _ in sound:
            await asyncio.Event().wait()


def test_reasons_fit_into_a_close_frame() -> None:
    """A long sentence is cut at a character, not in the middle of one."""
    assert len(reason_of(Close.DONE, "è" * 200)) <= 123
    reason_of(Close.DONE, "è" * 200).decode()
