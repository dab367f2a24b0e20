"""Plain mode: any simple client that sends bare sound."""

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from rtt.core.caption import RATE
from rtt.core.wire.codes import Close
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import server, tone
from tests.server.test_audio_socket import WORDS, closed


async def speak_plainly(running: object, data: bytes, size: int, room: str = "aula1") -> None:
    """Be a simple client: bare PCM in frames of `size` bytes, then gone."""
    url = running.url.replace("http", "ws", 1) + f"/ws/audio/{room}?lang=en-US"  # type: ignore[attr-defined]
    async with connect(url) as socket:
        for at in range(0, len(data), size):
            await socket.send(data[at : at + size])


@pytest.mark.parametrize("size", [3200, 1001, 32000])
def test_a_simple_client_just_sends_sound(tmp_path: Path, size: int) -> None:
    """Plain mode: no hello, odd frames, end by disconnecting; every word comes."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            await speak_plainly(running, tone(5 * RATE), size)
            assert await reader.until(5) == WORDS

    run(work())


def test_a_simple_client_may_send_faster_than_it_is_heard(tmp_path: Path) -> None:
    """Ninety seconds at once are heard whole: the server stops reading, it does not drop."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            await speak_plainly(running, tone(90 * RATE), 3200)
            assert await reader.until(90) == [f"w{n}" for n in range(90)]

    run(work())


def test_nothing_but_pings_is_sent_to_a_simple_client(tmp_path: Path) -> None:
    """A client that never reads must not be filled with messages it will never take."""

    async def work() -> None:
        async with server(tmp_path) as running:
            url = running.url.replace("http", "ws", 1) + "/ws/audio/aula1"
            async with connect(url) as socket:
                for _ in range(20):
                    await socket.send(tone(1600))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(socket.recv(), 1.5)

    run(work())


def test_a_simple_client_that_comes_back_replaces_itself(tmp_path: Path) -> None:
    """The same address again goes on with the same talk, even while the old connection seems alive."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader:
            url = running.url.replace("http", "ws", 1) + "/ws/audio/aula1"
            async with connect(url) as old:
                for _ in range(20):
                    await old.send(tone(1600))
                await reader.until(1)
                await speak_plainly(running, tone(2 * RATE), 3200)
                assert await closed(old) == Close.CONTINUED_ELSEWHERE
            await reader.until(4)
            assert reader.finals == ["w0", "w1", "w0", "w1"]
            assert len({caption["session"] for caption in reader.captions}) == 2

    run(work())


def test_text_in_plain_mode_is_malformed(tmp_path: Path) -> None:
    """Text where audio belongs closes with the code for it."""

    async def work() -> None:
        async with server(tmp_path) as running:
            url = running.url.replace("http", "ws", 1) + "/ws/audio/aula1"
            async with connect(url) as socket:
                await socket.send(tone(1600))
                await socket.send("hello?")
                assert await closed(socket) == Close.MALFORMED

    run(work())
