"""The promises every engine makes to the server."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from rtt.core.codedspeech import encode
from rtt.engines import catalogue
from rtt.engines.base import Chunk, Engine, Request
from tests.engines.sound import DEMO, chunks, hear, recording, silence, voice
from tests.harness.aio import run
from tests.harness.need import need

START = 16_000 * 3600


def talk(name: str) -> tuple[bytes, list[float]]:
    """Return a talk that the engine understands."""
    if name == "scripted":
        pcm = encode(range(12)) + silence(1) + encode(range(12, 14)) + silence(1)
        return pcm, [1.0] * (len(pcm) // 1024)
    pcm = recording(DEMO) + silence(1)
    return pcm, voice(pcm)


@pytest.fixture(params=["scripted", "pocketsphinx"])
def make(request: pytest.FixtureRequest) -> Callable[[], tuple[str, Engine]]:
    if request.param != "scripted":
        need(request.param)
    return lambda: (request.param, catalogue.load(request.param))


def test_reports_of_a_stream_are_in_order_and_inside_its_sound(make: Callable[[], tuple[str, Engine]]) -> None:
    """Every line opens at once, ends with exactly one final, and speaks only of sound that was given."""

    async def main() -> None:
        name, engine = make()
        pcm, probabilities = talk(name)
        reports = await hear(engine, chunks(pcm, START, probabilities))
        await engine.close()
        end = START + len(pcm) // 2
        lines = list(dict.fromkeys(heard.line for heard in reports))
        assert len([heard for heard in reports if heard.final and heard.text]) >= 3
        for line in lines:
            of_line = [heard for heard in reports if heard.line == line]
            assert not of_line[0].final
            assert [heard.final for heard in of_line].count(True) == 1
            assert of_line[-1].final
        for heard in reports:
            assert START <= heard.start <= heard.end <= end
            assert heard.text == " ".join(word.text for word in heard.words)
            for word in heard.words:
                assert START <= word.start < word.end <= end
        said = [word.start for heard in reports if heard.final for word in heard.words]
        assert said == sorted(said)

    run(main(), 90)


def test_a_stream_without_sound_ends(make: Callable[[], tuple[str, Engine]]) -> None:
    """A session that ends before it began leaves nothing to wait for."""

    async def main() -> None:
        _, engine = make()
        assert await hear(engine, chunks(b"")) == []
        await engine.close()

    run(main(), 60)


def test_a_cancelled_stream_ends_at_once(make: Callable[[], tuple[str, Engine]]) -> None:
    """A server that stops does not wait for an engine that waits for sound."""

    async def main() -> None:
        _, engine = make()
        waiting = asyncio.Event()

        async def endless() -> AsyncIterator[Chunk]:
            yield Chunk(0, bytes(4096), (0.0,) * 4)
            waiting.set()
            await asyncio.Event().wait()

        async with asyncio.TaskGroup() as group:
            stream = group.create_task(engine.transcribe(Request("r", "s", "en-US"), endless(), lambda _: None))
            await waiting.wait()
            stream.cancel()
        assert stream.cancelled()
        await engine.close()

    run(main(), 60)


def test_an_error_of_the_sound_reaches_the_caller_as_it_is(make: Callable[[], tuple[str, Engine]]) -> None:
    """The server tells its own errors from the engine's; no group is wrapped around them."""

    async def main() -> None:
        _, engine = make()

        async def broken() -> AsyncIterator[Chunk]:
            yield Chunk(0, bytes(4096), (0.0,) * 4)
            raise KeyError("the source")

        with pytest.raises(KeyError):
            await hear(engine, broken())
        await engine.close()

    run(main(), 60)
