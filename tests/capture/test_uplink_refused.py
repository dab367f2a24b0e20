import asyncio

import pytest

from rtt.capture.conversation import Patience
from rtt.capture.uplink import Target, Uplink
from rtt.core.errors import LinkError
from rtt.core.wire.audio import Notice, encode
from rtt.core.wire.codes import Close
from tests.capture.calling import call, whole
from tests.capture.peer import Peer
from tests.harness.aio import run


@pytest.mark.parametrize("code", [Close.LANGUAGE, Close.BAD_TOKEN, Close.CONTINUED_ELSEWHERE, Close.ENGINE_FAILED])
def test_a_refusal_that_nothing_would_change_is_final(code: int) -> None:
    """The server's reason and the table's sentence are told, with the code; there is no second attempt."""

    async def talk() -> None:
        async with Peer(refusals=[(code, "because of this")]) as peer:
            with pytest.raises(LinkError, match="because of this") as caught:
                await whole(call(peer.url).uplink, 1600)
            assert caught.value.code == code
            assert len(peer.hellos) == 1

    run(talk())


def test_a_refusal_that_may_pass_is_tried_again() -> None:
    """Two different reasons are two lines, the same one twice is one."""

    async def talk() -> None:
        busy, restart = (Close.ENGINE_BUSY, ""), (Close.RESTART, "")
        async with Peer(refusals=[busy, busy, restart, busy]) as peer:
            its = call(peer.url)
            await whole(its.uplink, 1600)
            assert len(peer.hellos) == 5
            assert its.count("Trying again") == 2
            assert its.count("engine cannot be reached") == 1

    run(talk())


def test_a_taken_room_is_tried_for_a_while() -> None:
    """Whoever holds it may be the same capture a moment ago; the reason is told once, then the room is ours."""

    async def talk() -> None:
        async with Peer(refusals=[(Close.ROOM_TAKEN, "sala-b is live since 9:00")] * 3) as peer:
            its = call(peer.url, wait=False)
            await whole(its.uplink, 1600)
            assert its.count("sala-b is live since 9:00") == 1
            assert len(peer.hellos) == 4

    run(talk())


def test_a_room_that_stays_taken_ends_the_capture_after_a_while() -> None:
    """Not for ever: two captures in one room are somebody's mistake."""

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        async with Peer(refusals=[(Close.ROOM_TAKEN, "")] * 10_000) as peer:
            begin = loop.time()
            with pytest.raises(LinkError, match="Another capture is live") as caught:
                await call(peer.url, patience=Patience(taken=0.5)).uplink.run()
            assert caught.value.code == Close.ROOM_TAKEN
            assert loop.time() - begin >= 0.5
            assert len(peer.hellos) > 2

    assert Patience().taken == 10
    run(talk())


def test_a_server_of_something_else_is_named_as_such() -> None:
    """HTTP in place of a WebSocket, or no HTTP at all, is one sentence and no traceback."""

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def talk(handler, says: str) -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(LinkError, match=says) as caught:
            await call(f"ws://127.0.0.1:{port}", wait=False).uplink.run()
        assert "\n" not in str(caught.value)
        server.close()
        await server.wait_closed()

    run(talk(web, "HTTP 404"))
    run(talk(other, "cannot be used now"))


def test_a_room_that_stays_taken_names_who_and_the_command_that_takes_it_over() -> None:
    """The server's whole sentence, though a close frame has room for a part of it; told once while it is tried."""
    reason = "The room aula1 is taken: a capture at 10.1.2.3 is live in it for 5 minutes."

    async def talk() -> None:
        refusals = [(Close.ROOM_TAKEN, reason[:20])] * 10_000
        async with Peer(refusals=refusals, before_refusal=[encode(Notice("refused", reason))]) as peer:
            said: list[str] = []
            target = Target(peer.url, "aula1", takeover="rtt capture --room aula1 --takeover")
            uplink = Uplink(target, live=True, say=said.append, chance=lambda: 0.0, patience=Patience(taken=0.3))
            with pytest.raises(LinkError) as caught:
                await uplink.run()
            assert str(caught.value).endswith("Take it over with: rtt capture --room aula1 --takeover.")
            assert reason[:-1] in str(caught.value)
            assert len([line for line in said if reason[:-1] in line]) == 1
            assert not [line for line in said if "rtt serve" in line], "a server that answers need not be started"

    run(talk())
