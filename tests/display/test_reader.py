import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from rtt.core.errors import LinkError
from rtt.core.wire.codes import Close
from rtt.core.wire.screen import Mode
from rtt.display.address import read_server
from rtt.display.follow import Final, Partial, Reset
from rtt.display.reader import Connected, Lost, read_captions
from tests.display.stage import ROOM, History, Stage, final, partial, reset, state
from tests.harness.aio import run


class Reading:
    """Reads on and on, and keeps all that came."""

    def __init__(self) -> None:
        self.news: list[Any] = []

    @property
    def texts(self) -> list[str]:
        return [one.line.text for one in self.news if isinstance(one, Final)]

    @property
    def links(self) -> list[type]:
        return [type(one) for one in self.news if isinstance(one, Connected | Lost)]

    async def until(self, holds: Callable[[], bool], seconds: float = 25) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def reading(url: str, mode: Mode = Mode.FINALS) -> AsyncIterator[Reading]:
    """Read a room for the length of a `with`."""
    mine = Reading()

    async def read() -> None:
        async with aclosing(read_captions(read_server(url), ROOM, mode, jitter=lambda: 0.0)) as news:
            async for one in news:
                mine.news.append(one)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        yield mine
        task.cancel()


def test_captions_arrive_in_order_and_are_reported_as_seen() -> None:
    async def story() -> None:
        async with Stage(lambda _query: [final(1, "one"), state()]) as stage, reading(stage.url) as mine:
            await stage.joined(1)
            await stage.send(final(2, "two"), final(2, "two"), final(1, "one"))
            await mine.until(lambda: len(mine.texts) == 2)
            await stage.seen(2)
            assert mine.texts == ["one", "two"]
            assert mine.links == [Connected]
            assert stage.queries == [{"partial": "false"}]

    run(story())


def test_restarts_of_the_server_leave_no_hole_and_no_double() -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "line 1")]
        async with Stage(history) as stage, reading(stage.url) as mine:
            await mine.until(lambda: mine.texts == ["line 1"])
            for restart in range(1, 6):
                await stage.stop()
                history.finals += [(restart * 2, f"line {restart * 2}"), (restart * 2 + 1, f"line {restart * 2 + 1}")]
                await stage.start()
                await stage.joined(restart + 1)
                assert stage.queries[-1]["since"] == f"e1:{restart * 2 - 1}"
                await mine.until(lambda wanted=restart * 2 + 1: len(mine.texts) >= wanted)
            assert mine.texts == [f"line {n}" for n in range(1, 12)]
            assert mine.links == [Connected, *[Lost, Connected] * 5]

    run(story(), 60)


def test_an_absent_server_is_one_line_and_waited_for() -> None:
    async def story() -> None:
        stage = Stage(lambda _query: [final(1, "here"), state()])
        await stage.start()
        await stage.stop()
        async with reading(stage.url) as mine:
            await asyncio.sleep(1)
            assert mine.links == [Lost]
            assert mine.news == [Lost(f"no server listens at {stage.url}")]
            await stage.start()
            await mine.until(lambda: mine.texts == ["here"])
            await stage.stop()

    run(story())


def test_a_frozen_server_is_noticed_and_given_up() -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "one")]
        async with Stage(history) as stage, reading(stage.url) as mine:
            await mine.until(lambda: mine.texts == ["one"])
            stage.freeze()
            await mine.until(lambda: mine.links == [Connected, Lost])
            assert len(stage.queries) == 1, "the connection stands: only silence was noticed"
            history.finals.append((2, "two"))
            stage.thaw()
            await stage.joined(2)
            await mine.until(lambda: mine.texts == ["one", "two"])
            assert mine.links == [Connected, Lost, Connected]

    run(story(), 60)


@pytest.mark.parametrize("code", [1000, 1001, 1012, 4400, 4403, 4429])
def test_a_code_that_says_come_back_brings_the_reader_back(code: int) -> None:
    async def story() -> None:
        async with Stage(lambda query: [final(1, "one"), state()]) as stage, reading(stage.url) as mine:
            await mine.until(lambda: mine.texts == ["one"])
            await stage.close(code)
            await stage.joined(2)
            assert stage.queries[1]["since"] == "e1:1"
            await mine.until(lambda: mine.links == [Connected, Lost, Connected])
            assert mine.texts == ["one"]

    run(story())


@pytest.mark.parametrize(("reason", "sentence"), [("", "does not allow this"), ("not for you", "not for you")])
def test_a_refusal_ends_the_reading_with_its_sentence(reason: str, sentence: str) -> None:
    async def story() -> None:
        async with Stage() as stage, aclosing(read_captions(read_server(stage.url), ROOM)) as news:
            assert isinstance(await anext(news), Connected)
            await stage.close(Close.NOT_ALLOWED, reason)
            with pytest.raises(LinkError, match=sentence) as caught:
                [one async for one in news]
            assert caught.value.code == Close.NOT_ALLOWED
            assert len(stage.queries) == 1

    run(story())


def test_a_lost_history_is_told_as_a_reset() -> None:
    async def story() -> None:
        history = History()
        history.finals = [(5, "old")]
        async with Stage(history) as stage, reading(stage.url) as mine:
            await mine.until(lambda: mine.texts == ["old"])
            await stage.stop()
            history.epoch, history.finals = "e2", [(1, "new")]
            await stage.start()
            await mine.until(lambda: mine.texts == ["old", "new"])
            kinds = [type(one) for one in mine.news if isinstance(one, Final | Reset)]
            assert kinds == [Final, Reset, Final]

    run(story())


def test_partials_come_only_to_those_who_asked() -> None:
    async def story() -> None:
        for mode, expected in ((Mode.FINALS, []), (Mode.PARTIALS, ["a", "a b", None])):
            async with Stage() as stage, reading(stage.url, mode) as mine:
                await stage.joined(1)
                assert stage.queries[0]["partial"] == mode.value
                await stage.send(partial(0, "a"), partial(0, "a b"), final(1, "a b.", line="l1"))
                await mine.until(lambda mine=mine: mine.texts == ["a b."])
                await stage.seen(1)
                told = [one.line.text if one.line else None for one in mine.news if isinstance(one, Partial)]
                assert told == expected

    run(story())


def test_a_server_that_talks_nonsense_breaks_nothing() -> None:
    async def story() -> None:
        async with Stage() as stage, reading(stage.url) as mine:
            await stage.joined(1)
            await stage.send("", "null", "[" * 50_000, '{"type":"caption","number":{}}', reset("e1"))
            for screen in list(stage.screens):
                await screen.send_bytes(b"\xff\x00")
            await stage.send(final(1, "still here"))
            await mine.until(lambda: mine.texts == ["still here"])
            assert mine.links == [Connected]

    run(story())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "answers 502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answers 200"),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not speak as a server of captions does"),
        (b"", "does not speak as a server of captions does"),
    ],
)
def test_something_else_at_the_address_is_named_and_tried_again(answer: bytes, why: str) -> None:
    async def story() -> None:
        asked = 0

        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            asked += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with reading(f"127.0.0.1:{port}") as mine:
                await mine.until(lambda: asked >= 3)
            (only,) = mine.news
            assert isinstance(only, Lost)
            assert why in only.why

    run(story())


def test_seen_is_told_no_more_often_than_the_server_listens() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with (
            Stage(lambda _query: [*(final(n, "x") for n in range(1, 400)), state()]) as stage,
            reading(stage.url),
        ):
            await stage.seen(399)
            await stage.send(final(400, "x"), final(401, "x"))
            await stage.seen(401)
            told = [one["number"] for one in stage.said]
            assert told == sorted(set(told))
            assert len(told) <= (loop.time() - began) * 5 + 1

    run(story())
