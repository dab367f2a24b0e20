"""A session's sound on its way through the engine, and again after the engine was lost."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from rtt.core.align import Rehearing
from rtt.core.caption import RATE
from rtt.core.errors import EngineError
from rtt.core.ledger import Ledger, Span
from rtt.engines.base import Request
from rtt.server.hearing import Hearing, OutOfReachError
from tests.harness.aio import run
from tests.server.stand import Metronome, tone
from tests.server.test_captioner import Bench

LOST = EngineError("The engine died", "kill -9", retry=True)


class Stand(Bench):
    """A hearing over a captioner; no voice detector, as with --no-guard."""

    def __init__(self, engine: Metronome | None = None) -> None:
        super().__init__()
        self.guard.voice = None
        self.engine = engine or Metronome()
        self.told: list[str] = []
        self.hearing = Hearing(
            self.engine,
            Request("r", "s", "en-US"),
            self.ledger,
            self.captioner,
            ear=None,
            voice=None,
            random=random.Random(1).random,
            tell=lambda code, text: self.told.append(code),
        )

    def put(self, start: int, end: int) -> None:
        self.ledger.receive(start, end - start)
        for at in range(start, end, 1600):
            self.hearing.put(at, tone(min(1600, end - at)))

    def finals(self) -> list[str]:
        return [caption.text for caption in self.shown if caption.final]

    def hear(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.hearing.run())
                if meanwhile is not None:
                    await meanwhile()
                self.hearing.end()

        run(work())


def test_everything_put_is_heard_to_the_last_sample() -> None:
    """The end of the sound, whatever its length, is fed and the engine's last word comes."""
    stand = Stand()
    stand.put(0, 5 * RATE + 123)
    stand.hear()
    assert stand.finals() == [f"w{n}" for n in range(5)]
    assert stand.ledger.heard == 5 * RATE + 123


@pytest.mark.parametrize("at", [0, RATE, 3 * RATE + 777, 7 * RATE])
def test_a_lost_engine_hears_again_and_nothing_is_lost_or_doubled(at: int) -> None:
    """Hearing begins again before the watermark; words that were shown stay single, and the operator is told."""
    stand = Stand(Metronome(failures={at: LOST}))
    stand.put(0, 8 * RATE)
    stand.hear()
    assert stand.finals() == [f"w{n}" for n in range(8)]
    assert stand.told[0] == "engine-retrying"
    assert len(stand.engine.streams) == 2
    assert stand.engine.streams[1][1] <= max(0, at - 2 * RATE)


def test_an_engine_that_dies_again_and_again_is_tried_on() -> None:
    """Every loss costs time, never words; the same sentence is told once."""
    failures = {n * RATE: LOST for n in range(1, 4)}
    stand = Stand(Metronome(failures=dict(failures)))
    stand.put(0, 7 * RATE)
    stand.hear()
    assert stand.finals() == [f"w{n}" for n in range(7)]
    assert stand.told.count("engine-retrying") == 1


def test_an_engine_that_comes_back_is_told() -> None:
    """Trouble ends with a sentence too, once the new stream has proved itself."""
    stand = Stand(Metronome(failures={RATE: LOST}))
    stand.put(0, 20 * RATE)
    stand.hear()
    assert stand.told == ["engine-retrying", "engine-back"]
    assert stand.hearing.trouble == ""


def test_an_engine_that_cannot_be_helped_ends_the_hearing() -> None:
    """An error that no retry mends comes out as it is."""
    error = EngineError("No such model", retry=False)
    stand = Stand(Metronome(failures={RATE: error}))
    stand.put(0, 3 * RATE)
    with pytest.raises(EngineError, match="No such model"):
        run(stand.hearing.run())


def test_a_short_gap_is_heard_as_silence_within_one_stream() -> None:
    """Up to two seconds of nothing are fed as zeros, so times stay true."""
    stand = Stand()
    stand.put(0, 3 * RATE)
    stand.hearing.put_gap(Span(3 * RATE, 4 * RATE))
    stand.ledger.receive(3 * RATE, RATE)
    stand.put(4 * RATE, 6 * RATE)
    stand.hear()
    assert len(stand.engine.streams) == 1
    assert stand.engine.fed == 6 * RATE


@pytest.mark.parametrize("seconds", [7, 3600])
def test_a_long_gap_ends_the_stream_and_begins_one_behind_it(seconds: int) -> None:
    """No final spans a gap, what lies in it is never fed, and however long it is, what was before it is heard."""
    stand = Stand()
    end = (3 + seconds) * RATE
    stand.put(0, 3 * RATE)
    stand.hearing.put_gap(Span(3 * RATE, end))
    stand.ledger.receive(3 * RATE, seconds * RATE)
    stand.put(end, end + 3 * RATE)
    stand.hear()
    assert [start for _, start in stand.engine.streams] == [0, end]
    assert not [c for c in stand.shown if c.start < end and c.end > 3 * RATE]
    assert stand.finals()[:2] == ["w0", "w1"]


def test_sound_that_is_not_held_any_more_is_asked_for() -> None:
    """When the loss lies further back than the server's memory, the sample to begin with is told."""
    stand = Stand(Metronome(deaf=True, failures={80 * RATE: LOST}))

    async def work() -> None:
        async with asyncio.timeout(20):
            hearing = asyncio.create_task(stand.hearing.run())
            for second in range(85):
                stand.put(second * RATE, (second + 1) * RATE)
                await asyncio.sleep(0)
            await asyncio.wait([hearing], timeout=10)
            error = hearing.exception()
            assert isinstance(error, OutOfReachError)
            assert error.sample == 0

    run(work())


def test_a_session_that_goes_on_passes_over_what_was_archived() -> None:
    """A new server hears an overlap again and shows only what is new."""
    first = Stand()
    first.put(0, 4 * RATE)
    first.hear()
    words = tuple(first.captioner.words)
    second = Stand()
    second.ledger = Ledger(RATE, first.ledger.watermark)
    second.captioner._ledger = second.ledger  # the bench's own captioner takes the account of the next server
    second.hearing = Hearing(
        second.engine,
        Request("r", "s", "en-US"),
        second.ledger,
        second.captioner,
        ear=None,
        voice=None,
        random=random.Random(1).random,
        tell=lambda code, text: None,
    )
    second.put(RATE, 6 * RATE)
    second.hearing.end()
    run(second.hearing.run(words))
    assert second.finals() == ["w4", "w5"]
    assert Rehearing(words, 0, 0).may_be_new(words[0])
