"""How a session begins: which room, which talk, and where its sound goes on."""

from pathlib import Path

import pytest

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.wire.audio import End, Ended, encode
from rtt.core.wire.codes import Close
from rtt.server import reception
from tests.harness.aio import run
from tests.server.stand import SESSION, Metronome, capture, next_of, send, server

OTHER = "33333333-2222-4333-8444-555555555555"


def wish(session: str = SESSION, first: int = 0, until: int = 0, language: str = "") -> reception.Wish:
    return reception.Wish(session, first, until, language, "127.0.0.1")


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
