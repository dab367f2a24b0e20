"""What one call of the engine does with the streams of a service."""

import asyncio
import random

import pytest

from rtt.core.caption import RATE, Heard
from rtt.core.errors import EngineError
from rtt.core.voice import WINDOW
from rtt.engines.base import Chunk, Request
from rtt.engines.transcribe.course import windows
from rtt.engines.transcribe.engine import Transcribe
from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.options import Limits
from rtt.engines.transcribe.scripted import Plan, ScriptedService
from tests.engines.transcribe.sound import Stand, chunks, engine, said
from tests.harness.aio import run

REQUEST = Request("aula1", "s", "it-IT")


def names(numbers: range) -> list[str]:
    return [f"w{number}" for number in numbers]


async def hear(one: Transcribe, pcm: bytes, start: int = 0) -> list[Heard]:
    reports: list[Heard] = []
    await one.transcribe(REQUEST, chunks(pcm, start), reports.append)
    return reports


def test_every_word_comes_once_with_the_sessions_times() -> None:
    """Partials grow, finals follow, punctuation hangs on its word, and times are samples of the session."""
    service = ScriptedService()
    pcm = said(range(7))
    reports = run(hear(engine(service), pcm, start=5 * RATE))
    finals = [heard for heard in reports if heard.final]
    assert [word.bare for heard in finals for word in heard.words] == names(range(7))
    assert [heard.text for heard in finals] == ["w0 w1 w2 w3 w4.", "w5 w6."]
    assert finals[0].words[-1].text == "w4."
    for number, word in enumerate(word for heard in finals for word in heard.words):
        assert abs(word.start - (5 * RATE + round(number * 0.4 * RATE))) < 0.03 * RATE
    assert {heard.line for heard in finals} <= {heard.line for heard in reports if not heard.final}
    assert bytes(service.streams[0].pcm) == pcm
    assert set(service.streams[0].sent[:-1]) == {1600}
    assert service.streams[0].closed


def test_no_sound_opens_no_stream() -> None:
    """A stream that would only cost is not opened."""
    service = ScriptedService()
    assert run(hear(engine(service), b"")) == []
    assert service.asked == []


def test_the_service_is_asked_for_what_the_room_wants() -> None:
    """Language and options travel with the request."""
    service = ScriptedService()
    run(hear(engine(service, vocabulary="terms"), said([1])))
    assert service.asked[0]["language-code"] == "it-IT"
    assert service.asked[0]["vocabulary-name"] == "terms"
    assert service.asked[0]["partial-results-stability"] == "medium"


LOSSES = {
    "lost": Plan(failure=Fault("Lost"), failure_after=2.0),
    "ended": Plan(end_after=2.0),
    "idle": Plan(failure=Fault("BadRequestException", "Your request timed out, no new audio"), failure_after=0.3),
    "limit": Plan(failure=Fault("LimitExceededException"), failure_after=2.0),
    "unknown": Plan(failure=Fault("BrandNewException", "?"), failure_after=1.0),
    "unfinished": Plan(last_final=False),
    "mute": Plan(mute_after=1.5),
    "stuck": Plan(stuck_after=2.0),
    "silent": Plan(silent_open=True),
    "busy": Plan(refusal=Fault("ThrottlingException", "slow down", 429)),
}


@pytest.mark.parametrize("plan", LOSSES.values(), ids=LOSSES)
def test_no_loss_of_a_stream_costs_or_doubles_a_word(plan: Plan) -> None:
    """Whatever a stream dies of, the words that come out are the words that went in."""
    service = ScriptedService([plan])

    async def work() -> Stand:
        stand = Stand(engine(service))
        # 24 words without a pause, and a tail in which a mute service shows.
        await stand.hear(said(range(22)))
        return stand

    stand = run(work())
    assert stand.words() == names(range(22))
    assert stand.told
    assert "Traceback" not in stand.told[0]
    assert all(stream.closed for stream in service.streams)


@pytest.mark.parametrize("name", ["AccessDeniedException", "UnrecognizedClientException", "BadRequestException"])
def test_a_refusal_that_waiting_cannot_mend_ends_at_once(name: str) -> None:
    """The hearing stops with a sentence that says what to do, after one request."""
    service = ScriptedService([Plan(refusal=Fault(name, "no", 403))] * 5)

    async def work() -> None:
        await Stand(engine(service)).hear(said([1]))

    with pytest.raises(EngineError) as failure:
        run(work())
    assert not failure.value.retry
    assert failure.value.mend
    assert len(service.asked) == 1


def test_a_stream_is_kept_alive_while_no_sound_comes_and_times_stay_true() -> None:
    """Silence of our own goes out in real time; words behind it lie where the session has them."""
    service = ScriptedService()
    before, after = said([1, 2]) + bytes(WINDOW * 20), said([3, 4])
    before += bytes(-len(before) % (WINDOW * 2))

    async def sound():
        yield Chunk(0, before, None)
        await asyncio.sleep(1.5)
        yield Chunk(len(before) // 2, after, None)

    async def work() -> list[Heard]:
        reports: list[Heard] = []
        await engine(service).transcribe(REQUEST, sound(), reports.append)
        return reports

    reports = run(work())
    words = [word for heard in reports if heard.final for word in heard.words]
    assert [word.bare for word in words] == ["w1", "w2", "w3", "w4"]
    for word, at in zip(words[2:], (0, 0.4), strict=True):
        assert abs(word.start - (len(before) // 2 + round(at * RATE))) < 0.03 * RATE
    extra = len(service.streams[0].pcm) - len(before) - len(after)
    assert extra > 2 * 0.5 * RATE
    assert len(service.asked) == 1


@pytest.mark.parametrize("limit", [60.0, 3.0])
def test_silence_that_is_left_out_moves_no_word(limit: float) -> None:
    """Where the server catches up, a chunk begins later than the one before it ended; over a change of streams too."""
    service = ScriptedService()
    hush = bytes(RATE)  # half a second is heard on either side
    parts = [said([1, 2, 3, 4, 5]) + hush, hush + said([6, 7, 8]) + hush, hush + said(range(9, 20))]
    starts = [0, 20 * RATE, 31 * RATE + 77]

    async def sound():
        for start, pcm in zip(starts, parts, strict=True):
            async for chunk in chunks(pcm, start):
                yield chunk

    async def work() -> list[Heard]:
        reports: list[Heard] = []
        one = engine(service, limit_seconds=limit, limits=Limits(roll_pause=1.0))
        await one.transcribe(REQUEST, sound(), reports.append)
        return reports

    words = [word for heard in run(work()) if heard.final for word in heard.words]
    assert [word.bare for word in words] == [f"w{number}" for number in range(1, 20)]
    spoken = [(0, 5), (starts[1] + RATE // 2, 3), (starts[2] + RATE // 2, 11)]
    places = [start + round(index * 0.4 * RATE) for start, count in spoken for index in range(count)]
    for word, place in zip(words, places, strict=True):
        assert abs(word.start - place) < 0.03 * RATE
    assert (len(service.streams) > 1) == (limit < 60)


def test_silence_is_not_taken_for_a_mute_service() -> None:
    """Where nobody speaks, no event is no fault."""
    service = ScriptedService()
    pcm = bytes(2 * 60 * RATE)
    assert run(hear(engine(service), pcm)) == []
    assert len(service.asked) == 1


def test_streams_change_in_a_pause_and_nothing_is_cut() -> None:
    """After the limit the next pause is the place: the new stream begins there, with no overlap."""
    service = ScriptedService()
    pcm = said(range(30), every=4)

    async def work() -> Stand:
        stand = Stand(engine(service, limit_seconds=5.0, limits=Limits(roll_pause=60)))
        await stand.hear(pcm)
        return stand

    stand = run(work())
    assert stand.words() == names(range(30))
    assert stand.told == []
    assert len(service.streams) > 2
    assert sum(len(stream.pcm) for stream in service.streams) == len(pcm)


@pytest.mark.parametrize("seed", range(6))
def test_streams_change_in_the_midst_of_speech_and_no_word_is_lost_or_doubled(seed: int) -> None:
    """Without a pause the cut is forced: the new stream hears 3 s again, and each word still comes once."""
    service = ScriptedService()
    chance = random.Random(seed)
    # Numbers repeat, so that alignment cannot rest on words being different.
    numbers = [chance.randrange(6) for _ in range(60)]
    limits = Limits(roll_pause=0.5 + chance.random())

    async def work() -> Stand:
        stand = Stand(engine(service, limit_seconds=5.0 + chance.random(), limits=limits))
        await stand.hear(said(numbers))
        return stand

    stand = run(work())
    assert stand.words() == [f"w{number}" for number in numbers]
    assert stand.told == []
    assert len(service.streams) > 2
    heard_twice = sum(len(stream.pcm) for stream in service.streams) - len(said(numbers))
    assert heard_twice >= 2 * 2.9 * RATE


def test_a_new_stream_that_is_refused_leaves_the_old_one_hearing() -> None:
    """A change is tried again later; the old stream does the work meanwhile."""
    service = ScriptedService([Plan(), Plan(refusal=Fault("LimitExceededException", "", 429))])

    async def work() -> Stand:
        stand = Stand(engine(service, limit_seconds=3.0, limits=Limits(roll_pause=3.0)))
        await stand.hear(said(range(40), every=5))
        return stand

    stand = run(work())
    assert stand.words() == names(range(40))
    assert stand.told == []
    assert len(service.asked) > 2


def test_an_old_stream_that_fails_while_it_hands_over_is_heard_again() -> None:
    """What the new stream heard meanwhile is held back until the old one is done, and so is not shown twice."""
    service = ScriptedService([Plan(last_final=False)])

    async def work() -> Stand:
        stand = Stand(engine(service, limit_seconds=3.0, limits=Limits(roll_pause=0.5)))
        await stand.hear(said(range(30)))
        return stand

    stand = run(work())
    assert stand.words() == names(range(30))
    assert len(stand.told) >= 1


def test_a_cancelled_call_leaves_nothing_behind() -> None:
    """Streams are closed and no task runs on."""
    service = ScriptedService()

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await engine(service).transcribe(REQUEST, chunks(said(range(50)), wait=0.1), lambda heard: None)

    run(work())
    assert all(stream.closed for stream in service.streams)


def test_windows_know_who_speaks() -> None:
    """A measured probability decides; without one, loudness does; a part of a window was measured by nobody."""
    pcm = said([1])[: 2 * WINDOW * 2] + bytes(100)
    assert [voice for _, _, voice in windows(Chunk(512, pcm, (0.9, 0.1)))] == [True, False, False]
    assert [voice for _, _, voice in windows(Chunk(512, pcm, None))] == [True, True, False]
    assert [start for start, _, _ in windows(Chunk(512, pcm, None))] == [512, 1024, 1536]


@pytest.mark.parametrize("seed", range(3))
def test_sound_that_stays_away_in_the_midst_of_speech_costs_no_word(seed: int) -> None:
    """Silence of our own cuts a word for the service; a new stream hears it whole, however often that happens."""
    service = ScriptedService()
    chance = random.Random(seed)
    # Numbers repeat, so that alignment cannot rest on words being different.
    numbers = [chance.randrange(6) for _ in range(40)]
    pcm = said(numbers)
    stays_away = [chance.randrange(3 * RATE, len(pcm) // 2) for _ in range(3)]

    async def work() -> Stand:
        stand = Stand(engine(service))
        at = 0
        async with asyncio.TaskGroup() as group:
            group.create_task(stand.hearing.run())
            for sample in sorted(stays_away):
                stand.put(pcm[2 * at : 2 * sample])
                at = sample
                await asyncio.sleep(1.5)
            stand.put(pcm[2 * at :])
            stand.hearing.end()
        return stand

    stand = run(work())
    assert stand.words() == [f"w{number}" for number in numbers]
    assert stand.told == []
    assert len(service.streams) > 1
    assert all(stream.closed for stream in service.streams)
