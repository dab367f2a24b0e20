"""The service's messages: what is sent, what is read, and what cannot be read."""

import json

import pytest
from amazon_transcribe.eventstream import EventStreamBuffer, EventStreamMessageSerializer

from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.messages import Decoder, audio_message

BODY = {
    "Transcript": {
        "Results": [
            {
                "ResultId": "a",
                "StartTime": 0.5,
                "EndTime": 1.0,
                "IsPartial": True,
                "Alternatives": [
                    {
                        "Transcript": "ciao",
                        "Items": [{"StartTime": 0.5, "EndTime": 1, "Content": "ciao", "Stable": True}],
                    }
                ],
            }
        ]
    }
}


def message(body: object, **headers: str) -> bytes:
    named = {":message-type": "event", ":event-type": "TranscriptEvent"}
    named.update({":" + name.replace("_", "-"): value for name, value in headers.items()})
    return EventStreamMessageSerializer().serialize(dict(named), json.dumps(body).encode())


def test_sound_travels_as_an_audio_event() -> None:
    """The payload is the sound, bit for bit; an empty one ends the stream."""
    buffer = EventStreamBuffer()
    buffer.add_data(audio_message(b"\x01\x02") + audio_message(b""))
    first, last = list(buffer)
    assert first.headers[":event-type"] == "AudioEvent"
    assert (first.payload, last.payload) == (b"\x01\x02", b"")


def test_results_are_read_whatever_the_cuts() -> None:
    """Bytes come as the network likes; events come whole."""
    data = message(BODY) * 3
    decoder = Decoder()
    events = [event for at in range(0, len(data), 7) for event in decoder.push(data[at : at + 7])]
    assert [event[0].result_id for event in events] == ["a", "a", "a"]
    assert events[0][0].alternatives[0].items[0].stable is True


def test_an_exception_keeps_its_name() -> None:
    """Also one that the SDK does not know."""
    for name in ("LimitExceededException", "BrandNewException"):
        with pytest.raises(Fault) as fault:
            list(Decoder().push(message({"Message": "too much"}, message_type="exception", exception_type=name)))
        assert (fault.value.name, fault.value.message) == (name, "too much")
    with pytest.raises(Fault, match="InternalError: broken"):
        list(Decoder().push(message([], message_type="error", error_code="InternalError", error_message="broken")))


@pytest.mark.parametrize(
    "data",
    [
        message(BODY)[:-1] + b"\x00",
        b"\xff" * 64,
        message({"Transcript": None}),
        message("nothing like it"),
        message({"Transcript": {"Results": [{"Alternatives": None}]}}),
    ],
    ids=["checksum", "noise", "no transcript", "no object", "no alternatives"],
)
def test_what_cannot_be_read_is_one_fault(data: bytes) -> None:
    """Neither the SDK's exceptions nor Python's come through."""
    with pytest.raises(Fault) as fault:
        list(Decoder().push(data))
    assert fault.value.name == "Garbled"


def test_half_a_message_is_waited_for() -> None:
    """Nothing is said until it is whole."""
    assert list(Decoder().push(message(BODY)[:50])) == []


def test_an_unknown_kind_of_event_is_passed_over() -> None:
    """The service may learn new events."""
    assert list(Decoder().push(message({}, event_type="WeatherEvent"))) == []
