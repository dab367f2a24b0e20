"""The service within the process does as its plans say."""

import pytest
from amazon_transcribe.model import Result

from rtt.core.codedspeech import encode
from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.scripted import Plan, ScriptedService
from tests.harness.aio import run


async def said(service: ScriptedService, pcm: bytes) -> list[Result]:
    stream = await service.open({})
    for at in range(0, len(pcm), 3200):
        await stream.send(pcm[at : at + 3200])
    await stream.end()
    events = [result async for results in stream for result in results]
    await stream.close()
    return events


def test_tone_words_become_results() -> None:
    """Partials grow, a final ends the line, times are seconds of the stream."""
    events = run(said(ScriptedService(words_per_final=2), encode([1, 2, 3])))
    assert [(event.alternatives[0].transcript, event.is_partial) for event in events] == [
        ("w1", True),
        ("w1 w2.", False),
        ("w3", True),
        ("w3.", False),
    ]
    assert events[1].alternatives[0].items[1].start_time == pytest.approx(0.4, abs=0.02)


def test_plans_are_taken_in_order_and_then_all_goes_well() -> None:
    """A refusal, a failure, a stream that ends too soon, one that is mute; the fifth hears."""
    plans = [
        Plan(refusal=Fault("ThrottlingException")),
        Plan(failure=Fault("InternalFailureException"), failure_after=0.5),
        Plan(end_after=0.1),
        Plan(mute_after=0.0),
    ]
    service = ScriptedService(plans)
    for name in ("ThrottlingException", "InternalFailureException"):
        with pytest.raises(Fault, match=name):
            run(said(service, encode([1, 2])))
    assert run(said(service, encode([1, 2]))) == []
    assert run(said(service, encode([1, 2]))) == []
    assert len(run(said(service, encode([1, 2])))) == 3


def test_a_closed_stream_takes_nothing() -> None:
    """What is sent after the end is a fault of the caller that shows."""

    async def work() -> None:
        stream = await ScriptedService().open({})
        await stream.close()
        with pytest.raises(Fault):
            await stream.send(b"\0\0")

    run(work())
