"""A session's sound on its way through the engine, and again after the engine was lost."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Heard
from rtt.core.errors import EngineError
from rtt.core.ledger import Ledger, Span
from rtt.core.voice import VoiceTimeline
from rtt.engines.base import Chunk, Request
from rtt.server.hearing import Hearing, OutOfReachError
from rtt.server.voice import Ear, Loudness
from tests.harness.aio import run
from tests.server.stand import Metronome, tone
from tests.server.test_captioner import Bench

LOST = EngineError("The engine died", "kill -9", retry=True)


class Stand(Bench):
    """A hearing over a captioner; no voice detector, as with --no-guard, unless it is to be `guarded`."""

    def __init__(self, engine: Metronome | None = None, *, guarded: bool = False) -> None:
        super().__init__()
        self.guard.voice = VoiceTimeline() if guarded else None
        self.engine = engine or Metronome()
        self.told: list[str] = []
        self.hearing = Hearing(
            self.engine,
            Request("r", "s", "en-US"),
            self.ledger,
            self.captioner,
            ear=Ear(Loudness) if guarded else None,
            voice=self.guard.voice,
            random=random.Random(1).random,
            tell=lambda code, text: self.told.append(code),
        )

    def put(self, start: int, end: int, *, silent: bool = False) -> None:
        self.ledger.receive(start, end - start)
        for at in range(start, end, 1600):
            samples = min(1600, end - at)
            self.hearing.put(at, bytes(2 * samples) if silent else tone(samples))

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


def test_what_is_heard_again_before_a_gap_is_aligned_behind_it_too() -> None:
    """A loss whose resume point lies in a long gap: the next stream begins below the watermark, and doubles nothing."""
    stand = Stand(Metronome(failures={13 * RATE: LOST}))
    stand.put(0, 3 * RATE)
    stand.hearing.put_gap(Span(3 * RATE, 12 * RATE))
    stand.ledger.receive(3 * RATE, 9 * RATE)
    stand.put(12 * RATE, 16 * RATE)
    stand.hear()
    assert len(stand.finals()) == len(set(stand.finals()))
    assert {"w0", "w1", "w13", "w14"} <= set(stand.finals())


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


class Slow(Metronome):
    """An engine that is behind: all sound is there before it has taken its second chunk."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        async def slowly() -> AsyncIterator[Chunk]:
            async for chunk in sound:
                yield chunk
                await asyncio.sleep(0.01)

        await super().transcribe(request, slowly(), report)


def behind(pace: float) -> Stand:
    """Three seconds of voice, twenty of silence and five of voice wait for the engine."""
    stand = Stand(Slow(pace=pace), guarded=True)
    stand.put(0, 3 * RATE)
    stand.put(3 * RATE, 23 * RATE, silent=True)
    stand.put(23 * RATE, 28 * RATE)
    stand.hear()
    return stand


def left_out(stand: Stand) -> list[tuple[int, int]]:
    spans = stand.engine.spans
    return [(end, start) for (_, end), (start, _) in itertools.pairwise(spans) if start != end]


def test_silence_is_left_out_to_catch_up() -> None:
    """An engine at real-time pace that is behind gets the voices only, with a pause between them (SESSIONS 9).

    The session's account goes on: the silence counts as heard and is settled, and words keep their times.
    """
    stand = behind(1.0)
    ((end, start),) = left_out(stand)
    assert 3.4 <= end / RATE <= 5.2
    assert 21.8 <= start / RATE <= 22.6
    assert {"w0", "w1", "w23", "w24", "w26"} <= set(stand.finals())
    assert [caption.start for caption in stand.shown if caption.text == "w24"][-1] == round(24.2 * RATE)
    stand.ledger.synced(len(stand.written))
    assert stand.ledger.settle(stand.guard.voice, done=True) == 28 * RATE


def test_an_engine_that_is_quick_gets_everything() -> None:
    """It catches up by itself, and a pause is worth hearing."""
    assert not left_out(behind(3.0))


def test_nothing_is_left_out_of_what_is_live() -> None:
    """Within two seconds of the end silence is heard, however long it is."""
    stand = behind(1.0)
    assert stand.engine.spans[-1][1] == 28 * RATE
    quiet = Stand(Slow(pace=1.0), guarded=True)
    quiet.put(0, 30 * RATE, silent=True)
    quiet.hear()
    assert sum(end - start for start, end in quiet.engine.spans) >= 2 * RATE


def test_without_a_guard_nothing_is_known_of_silence() -> None:
    """Where nobody measured voice all of the sound is heard."""
    stand = Stand(Slow(pace=1.0))
    stand.put(0, 3 * RATE)
    stand.put(3 * RATE, 23 * RATE, silent=True)
    stand.hear()
    assert not left_out(stand)


class Stubborn(Metronome):
    """An engine that answers a cancellation with an error, as a task group with a failing child does."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        self.streams.append((request.room, 0))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise LOST from None


def test_a_hearing_that_is_cancelled_ends_whatever_its_engine_says() -> None:
    """It is no loss to be mended: no other stream begins, and nothing is told."""
    stand = Stand(Stubborn())

    async def work() -> None:
        hearing = asyncio.create_task(stand.hearing.run())
        await asyncio.sleep(0.05)
        hearing.cancel()
        await asyncio.wait([hearing], timeout=5)
        assert hearing.cancelled()

    run(work())
    assert len(stand.engine.streams) == 1
    assert not stand.told
