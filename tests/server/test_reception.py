"""How a session begins: which room, which talk, and where its sound goes on."""

from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.journal import Final, Line
from rtt.core.wire.audio import Ack, End, Ended, ServerMessage, encode, parse_server
from rtt.core.wire.bounds import DRAINING_MAX
from rtt.core.wire.codes import Close
from rtt.server import reception
from tests.harness.aio import run
from tests.server.stand import SESSION, Metronome, capture, next_of, send, server, tone

OTHER = "33333333-2222-4333-8444-555555555555"


def wish(session: str = SESSION, first: int = 0, until: int = 0, language: str = "") -> reception.Wish:
    return reception.Wish(session, first, until, language, "127.0.0.1")


def session_of(line: Line) -> str:
    return line.caption.session if isinstance(line, Final) else line.session


async def read_all(socket: ClientConnection, into: list[ServerMessage | None]) -> None:
    """Read until the server closes the connection."""
    while True:
        text = await socket.recv()
        assert isinstance(text, str)
        into.append(parse_server(text))


def test_a_living_session_is_the_same_one(tmp_path: Path) -> None:
    """A capture that comes back finds its session, not a new one, and its language as it was."""

    async def work() -> None:
        async with server(tmp_path) as running:
            first = await reception.receive(running.hub, "r", wish(language="it-IT"))
            again = await reception.receive(running.hub, "r", wish(language="en-US"))
            assert first is again
            assert again.identity.language == "it-IT"

    run(work())


def test_a_session_belongs_to_one_room(tmp_path: Path) -> None:
    """The same session cannot speak into a second room."""

    async def work() -> None:
        async with server(tmp_path) as running:
            await reception.receive(running.hub, "r", wish())
            with pytest.raises(LinkError) as caught:
                await reception.receive(running.hub, "s", wish())
            assert caught.value.code == Close.MALFORMED

    run(work())


@pytest.mark.parametrize(
    ("asked", "room", "default", "chosen"),
    [("it-IT", "en-US", "en-US", "it-IT"), ("", "it-IT", "en-US", "it-IT"), ("", "", "it-IT", "it-IT")],
)
def test_the_capture_then_the_room_then_the_server_names_the_language(
    tmp_path: Path, asked: str, room: str, default: str, chosen: str
) -> None:
    """DESIGN 4: what is nearest to the talk counts."""

    async def work() -> None:
        rooms = {"r": room} if room else {}
        async with server(tmp_path, language=default, room_languages=rooms) as running:
            session = await reception.receive(running.hub, "r", wish(language=asked))
            assert session.identity.language == chosen

    run(work())


def test_without_a_language_nothing_begins(tmp_path: Path) -> None:
    """An engine of two languages is never guessed at; no room, no folder."""

    async def work() -> None:
        async with server(tmp_path, language="") as running:
            with pytest.raises(LinkError, match="en-US, it-IT"):
                await reception.receive(running.hub, "r", wish())
            assert not running.hub.rooms

    run(work())


def test_the_resume_point_is_the_sessions_own(tmp_path: Path) -> None:
    """After a restart a session resumes below its own watermark, never at another talk's end (SESSIONS 3)."""

    async def work() -> None:
        async with server(tmp_path) as running:
            for session, seconds in ((SESSION, 8), (OTHER, 5)):
                async with capture(running, session=session) as (socket, _):
                    await send(socket, 0, seconds * RATE)
                    await socket.send(encode(End(seconds * RATE)))
                    await next_of(socket, Ended)
        async with server(tmp_path) as running:
            session = await reception.receive(running.hub, "aula1", wish(until=20 * RATE))
            assert 4 * RATE < session.ledger.received < 8 * RATE
            assert session.talk == SESSION

    run(work())


def test_never_before_what_the_capture_holds(tmp_path: Path) -> None:
    """The resume point is not below the first sample that is still held."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            await send(socket, 0, 8 * RATE)
            await socket.send(encode(End(8 * RATE)))
            await next_of(socket, Ended)
        async with server(tmp_path) as running:
            session = await reception.receive(running.hub, "aula1", wish(first=7 * RATE, until=20 * RATE))
            assert session.ledger.received == 7 * RATE

    run(work())


def test_a_new_session_starts_at_its_first_sample(tmp_path: Path) -> None:
    """A session that nobody knows begins where its capture begins."""

    async def work() -> None:
        async with server(tmp_path, Metronome()) as running:
            session = await reception.receive(running.hub, "r", wish(first=3 * RATE, until=5 * RATE))
            assert session.ledger.received == 3 * RATE

    run(work())


def test_a_stopping_server_takes_nobody(tmp_path: Path) -> None:
    """Who comes during the drain is sent to the next server."""

    async def work() -> None:
        async with server(tmp_path) as running:
            running.hub.draining = True
            with pytest.raises(LinkError) as caught:
                await reception.receive(running.hub, "r", wish())
            assert caught.value.code == Close.RESTART

    run(work())


def test_simple_clients_have_sessions_of_their_own() -> None:
    """Two connections without a hello are never one session."""
    assert reception.plain_wish("en-US", "a").session != reception.plain_wish("en-US", "a").session


def test_a_taken_room_says_who_and_since_when(tmp_path: Path) -> None:
    """The refusal names the live capture's address and its age; the operator knows whom to ask."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running):
            with pytest.raises(
                LinkError, match=r"a capture at 127\.0\.0\.1 is live in it for less than a minute"
            ) as caught:
                await reception.receive(running.hub, "aula1", wish(OTHER))
            assert caught.value.code == Close.ROOM_TAKEN
            running.hub.sessions[SESSION].began_at -= 200
            with pytest.raises(LinkError, match="for 3 minutes"):
                await reception.receive(running.hub, "aula1", wish(OTHER))

    run(work())


def test_a_takeover_ends_and_settles_the_other_one_first(tmp_path: Path) -> None:
    """What it said is captioned, it learns what is settled and that another took the room, and does not come back."""

    async def work() -> None:
        told: list[str] = []
        async with server(tmp_path, told=told) as running, capture(running) as (first, _):
            await send(first, 0, 3 * RATE)
            while (await next_of(first, Ack)).received < 3 * RATE:
                pass
            taking = replace(wish(OTHER), takeover=True)
            session = await reception.receive(running.hub, "aula1", taking)
            assert running.hub.rooms["aula1"].holder is session
            said: list[ServerMessage | None] = []
            with pytest.raises(ConnectionClosed) as caught:
                await read_all(first, said)
            assert not [message for message in said if isinstance(message, Ended)], "its end was not asked for"
            assert [message for message in said if isinstance(message, Ack)][-1] == Ack(*[3 * RATE] * 3)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == Close.CONTINUED_ELSEWHERE
            assert "took the room over" in caught.value.rcvd.reason
            assert len(running.hub.rooms["aula1"].captions._history) == 3
            assert [line for line in told if "takes the room over" in line]

    run(work())


def test_late_sound_does_not_take_the_room(tmp_path: Path) -> None:
    """Beside a live talk: archived with numbers of its own, shown to nobody, the talk goes on; the last talk stays."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (live, _):
            await send(live, 0, 2 * RATE)
            room = running.hub.rooms["aula1"]
            wished = replace(wish(OTHER, until=4 * RATE), late=True, at=running.hub.now() - 60)
            late = await reception.receive(running.hub, "aula1", wished)
            assert room.holder is running.hub.sessions[SESSION]
            assert room.captions.talk == SESSION
            late.receive(0, tone(2 * RATE))
            late.receive(2 * RATE, tone(2 * RATE))
            late.end(4 * RATE)
            await late.over.wait()
            assert late.ended == Ended(4 * RATE)
            await live.send(encode(End(2 * RATE)))
            await next_of(live, Ended)
            lines = room.archive.lines()
            finals = [line.caption for line in lines if isinstance(line, Final)]
            assert len([caption for caption in finals if caption.session == OTHER]) == 4
            assert sorted(caption.number for caption in finals) == list(range(1, len(finals) + 1))
            assert {kept.caption.session for kept in room.captions._history} == {SESSION}
            assert {session_of(line) for line in room.archive.lines(last_talk=True)} == {SESSION}

    run(work())


def test_what_was_not_settled_may_come_again_late(tmp_path: Path) -> None:
    """A session that is over answers as it did, but late sound that is not settled makes it begin again."""

    async def work() -> None:
        async with server(tmp_path) as running:
            first = await reception.receive(running.hub, "r", wish(until=RATE))
            first.receive(0, tone(RATE))
            first.end(RATE)
            await first.over.wait()
            assert await reception.receive(running.hub, "r", wish(until=RATE)) is first
            assert await reception.receive(running.hub, "r", replace(wish(until=RATE), late=True)) is first
            first.ended = Ended(RATE // 2)
            assert await reception.receive(running.hub, "r", replace(wish(until=RATE), late=True)) is not first

    run(work())


def test_late_sessions_are_bounded(tmp_path: Path) -> None:
    """One that is live and eight that are settled, a room (SESSIONS I); more are asked to come again."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running):
            for number in range(DRAINING_MAX):
                name = f"33333333-2222-4333-8444-5555555555{number:02}"
                await reception.receive(running.hub, "aula1", replace(wish(name), late=True))
            with pytest.raises(LinkError) as caught:
                await reception.receive(running.hub, "aula1", replace(wish(OTHER), late=True))
            assert caught.value.code == Close.CROWDED

    run(work())
