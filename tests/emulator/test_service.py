"""Both routes, driven by clients that are not ours: words out are the words in the sound."""

import asyncio

import pytest

from rtt.core.codedspeech import encode
from tests.emulator.clients import ROUTES, Opening, items, ws
from tests.emulator.running import Emulator
from tests.harness.aio import run

BOTH = pytest.mark.parametrize("open_", ROUTES.values(), ids=ROUTES.keys())


def words(*numbers: int) -> list[str]:
    """Return what tone words are heard as."""
    return [f"w{number}" for number in numbers]


@BOTH
def test_the_words_are_those_in_the_sound(e: Emulator, open_: Opening) -> None:
    """Every word comes once, in order, in finals; partials come before them and share their id."""

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.say(encode(range(100, 125)))
            assert talk.error is None
            assert talk.finals == words(*range(100, 125))
            ids = [result.result_id for result in talk.results if not result.is_partial]
            assert len(set(ids)) == len(ids) == 3
            assert {result.result_id for result in talk.results} == set(ids)
            assert talk.session

    run(talk())
    (stream,) = e.state()["streams"]
    assert stream["ended"] == "done"
    assert stream["words"] == 25
    assert stream["audio_seconds"] == pytest.approx(10.0)
    assert stream["signatures_good"]
    assert stream["signatures"] == (101 if stream["route"] == "h2" else 0)
    assert " ".join(e.transcripts()[0]["finals"]).split() == words(*range(100, 125))


@BOTH
@pytest.mark.parametrize("chunk", [320, 1602, 31_998])
def test_the_size_of_chunks_does_not_matter(e: Emulator, open_: Opening, chunk: int) -> None:
    """Words are found across the borders of chunks."""

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(encode(range(8)), chunk)
            await talk.end()
            await talk.over()
            assert talk.finals == words(*range(8))

    run(talk())


@BOTH
def test_items_carry_times_confidence_and_stability(e: Emulator, open_: Opening) -> None:
    """A final's items lie where the tones are; of a partial all words but the newest are stable."""

    async def talk() -> None:
        async with open_(e, enable_partial_results_stabilization=True, partial_results_stability="high") as talk:
            await talk.say(bytes(32_000) + encode([7, 8, 9]))
        final = next(result for result in talk.results if not result.is_partial)
        heard = items(final)
        assert [item.start_time for item in heard] == pytest.approx([1.0, 1.4, 1.8], abs=0.02)
        assert [item.end_time for item in heard] == pytest.approx([1.32, 1.72, 2.12], abs=0.02)
        assert [item.confidence for item in heard] == [0.95] * 3
        assert all(item.stable for item in heard)
        assert final.alternatives
        assert final.alternatives[0].items[-1].content == "."
        second = [result for result in talk.results if result.is_partial][1]
        assert [(item.content, item.stable) for item in items(second)] == [("w7", True), ("x8", False)]

    run(talk())


@BOTH
def test_many_streams_at_once_do_not_mix(e: Emulator, open_: Opening) -> None:
    """Each of eight streams gets its own words."""

    async def one(first: int) -> None:
        async with open_(e) as talk:
            await talk.say(encode(range(first, first + 6)))
            assert talk.finals == words(*range(first, first + 6))

    async def all_() -> None:
        await asyncio.gather(*(one(100 * index) for index in range(8)))

    run(all_())
    assert len(e.state()["streams"]) == 8


def test_the_common_port_speaks_websocket_too(e: Emulator) -> None:
    """One endpoint address serves either transport."""

    async def talk() -> None:
        async with ws(e, url=f"wss://127.0.0.1:{e.port}/stream-transcription-websocket") as talk:
            await talk.say(encode([1, 2]))
            assert talk.finals == words(1, 2)

    run(talk())


@BOTH
def test_a_client_that_goes_is_seen(e: Emulator, open_: Opening) -> None:
    """A stream that its client leaves ends at once and frees its place."""

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(encode([1]))

    run(talk())
    stream = e.until(lambda state: not state["live"])["streams"][0]
    # The SDK cannot leave without ending its stream.
    assert stream["ended"] == ("done" if stream["route"] == "h2" else "client lost: disconnected")
