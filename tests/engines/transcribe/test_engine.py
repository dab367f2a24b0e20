"""The engine as the server sees it."""

import asyncio

import pytest

from rtt.core.caption import RATE
from rtt.core.errors import EngineError
from rtt.engines import catalogue
from rtt.engines.base import Request
from rtt.engines.transcribe.engine import Transcribe
from rtt.engines.transcribe.faults import TABLE, Fault
from rtt.engines.transcribe.options import RoomOptions, TranscribeOptions
from rtt.engines.transcribe.scripted import Plan, ScriptedService
from tests.engines.transcribe.sound import chunks, engine, said
from tests.harness.aio import run


def test_the_engine_says_what_it_is_like() -> None:
    """It sends sound out of the building, invents nothing, reports times, and speaks what the options add."""
    traits = Transcribe(TranscribeOptions(more_languages=("xx-YY",))).traits
    assert traits.name == "transcribe"
    assert not traits.private
    assert not traits.invents
    assert traits.word_times
    assert {"it-IT", "xx-YY"} <= set(traits.languages)
    assert 0 < traits.confidence_floor < 0.5
    assert traits.pace == 1.0


def test_the_catalogue_knows_it_and_makes_it_without_any_account() -> None:
    """Making it reaches for nothing: address and credentials are looked for when a stream is opened."""
    assert catalogue.ENTRIES[0].name == "transcribe"
    assert catalogue.load("transcribe").traits.name == "transcribe"


def test_a_language_it_does_not_speak_opens_no_stream() -> None:
    """Nothing is sent, nothing is paid."""
    service = ScriptedService()
    with pytest.raises(EngineError, match="tlh-KL") as failure:
        run(engine(service).transcribe(Request("a", "s", "tlh-KL"), chunks(said([1])), lambda heard: None))
    assert not failure.value.retry
    assert service.asked == []


def test_seconds_and_cost_are_counted_for_each_room() -> None:
    """What was sent is what is paid for, by the rate that is set."""
    one = engine(ScriptedService(), rate_usd_per_minute=0.6)
    pcm = said(range(10))
    for room in ("a", "a", "b"):
        run(one.transcribe(Request(room, "s", "it-IT"), chunks(pcm), lambda heard: None))
    seconds = len(pcm) / 2 / RATE
    assert one.seconds_streamed == pytest.approx({"a": 2 * seconds, "b": seconds})
    assert one.spent("a").usd == pytest.approx(2 * seconds / 100)
    assert one.spent("a").seconds == pytest.approx(2 * seconds)
    assert one.spent("nobody").usd == 0


def test_a_room_may_have_its_own_vocabulary() -> None:
    """The request of each room is its own."""
    service = ScriptedService()
    one = engine(service, rooms={"b": RoomOptions(vocabulary="medicine")})
    for room in ("a", "b"):
        run(one.transcribe(Request(room, "s", "it-IT"), chunks(said([1])), lambda heard: None))
    assert [asked.get("vocabulary-name") for asked in service.asked] == [None, "medicine"]


def test_rooms_do_not_wait_for_each_other() -> None:
    """One engine serves many rooms at once; one room's lost stream is its own affair."""
    service = ScriptedService([Plan(failure=Fault("Lost"), failure_after=1.0)])
    one = engine(service)

    async def work() -> list[BaseException | None]:
        calls = [
            one.transcribe(Request(room, "s", "it-IT"), chunks(said(range(10)), wait=0.001), lambda heard: None)
            for room in "abcd"
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    ends = run(work())
    assert isinstance(ends[0], EngineError)
    assert ends[1:] == [None, None, None]


def test_the_probe_sends_no_sound_and_tells_what_is_wrong() -> None:
    """It proves that a talk would be heard, or says why not; a service that does not end is no proof."""
    service = ScriptedService(
        [Plan(), Plan(refusal=Fault("AccessDeniedException", "", 403)), Plan(silent_open=True), Plan(ends=False)]
    )
    one = engine(service)
    run(one.probe())
    assert service.streams[0].pcm == b""
    with pytest.raises(EngineError, match="IAM"):
        run(one.probe())
    for _ in range(2):
        with pytest.raises(EngineError, match="does not answer"):
            run(one.probe())
    assert all(stream.closed for stream in service.streams)


def test_without_region_the_probe_says_so() -> None:
    """What is missing is named, with the option that sets it."""
    with pytest.raises(EngineError, match="--aws-region"):
        run(Transcribe(environ={"AWS_CONFIG_FILE": "nowhere"}).probe())


def test_a_login_page_on_a_network_that_worked_is_worth_another_try() -> None:
    """Trust that fails at the first stream ends the talk; once it was there, it may come back."""
    first = engine(ScriptedService([Plan(refusal=Fault("Untrusted"))]))
    request = Request("a", "s", "it-IT")
    with pytest.raises(EngineError) as failure:
        run(first.transcribe(request, chunks(said([1])), lambda heard: None))
    assert not failure.value.retry
    second = engine(ScriptedService([Plan(), Plan(refusal=Fault("Untrusted"))]))
    run(second.transcribe(request, chunks(said([1])), lambda heard: None))
    with pytest.raises(EngineError, match=TABLE["Untrusted"].what) as failure:
        run(second.transcribe(request, chunks(said([1])), lambda heard: None))
    assert failure.value.retry
