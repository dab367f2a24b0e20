import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.wire.audio import (
    Ack,
    ClientMessage,
    Clock,
    Drain,
    End,
    Ended,
    Gap,
    Hello,
    Notice,
    Ready,
    ServerMessage,
    check_pcm,
    decode_audio,
    encode,
    encode_audio,
    parse_client,
    parse_server,
)
from rtt.core.wire.bounds import MOMENT_MAX, OFFSET_MAX, TEXT_MAX
from rtt.core.wire.codes import Close
from tests.core.making import unhurried

TEXT = st.text(max_size=100)
SAMPLE = st.integers(0, OFFSET_MAX - 1)
AT = st.floats(0, MOMENT_MAX, exclude_max=True)
SPANS = st.tuples(SAMPLE, SAMPLE).filter(lambda ab: ab[0] != ab[1]).map(sorted)
HELLOS = st.builds(
    lambda session, attempt, span, language, at, late, takeover: Hello(
        str(session), attempt, span[0], span[1], language, at=at, late=late, takeover=takeover
    ),
    st.uuids(),
    st.integers(1, 10**9),
    SPANS,
    st.sampled_from(["", "it-IT", "en"]),
    AT,
    st.booleans(),
    st.booleans(),
)
CLIENT = st.one_of(
    HELLOS,
    st.builds(lambda span, why: Gap(span[0], span[1], why), SPANS, TEXT),
    st.builds(Clock, SAMPLE, AT),
    st.builds(End, SAMPLE),
)
PAIRS = st.lists(st.tuples(SAMPLE, SAMPLE), max_size=5).map(tuple)
SERVER = st.one_of(
    st.builds(Ready, TEXT, SAMPLE, TEXT, TEXT, st.integers(1, 60)),
    st.builds(Ack, SAMPLE, SAMPLE, SAMPLE),
    st.builds(Notice, TEXT, TEXT),
    st.builds(Drain, st.integers(0, 60)),
    st.builds(Ended, SAMPLE, PAIRS),
)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "session",
    "attempt",
    "first",
    "next",
    "rate",
    "at",
    "from",
    "to",
    "why",
    "sample",
    "samples",
    "settled",
    "unheard",
]
NEARLY = st.builds(
    lambda kind, fields: json.dumps({"type": kind, **fields}),
    st.sampled_from(["hello", "gap", "clock", "end", "ready", "ack", "notice", "drain", "ended", "boo", 7, None]),
    st.dictionaries(st.sampled_from(KEYS), ANY_JSON | SAMPLE, max_size=9),
)
ANYTHING = st.one_of(ANY_TEXT, ANY_JSON.map(json.dumps), NEARLY)


def hello(**other: Any) -> str:
    body = {"type": "hello", "protocol": 1, "session": str(uuid4()), "attempt": 1, "language": "it-IT"}
    return json.dumps({**body, "rate": RATE, "first": 0, "next": 0, **other})


def refusal(text: str) -> LinkError:
    with pytest.raises(LinkError) as caught:
        parse_client(text)
    return caught.value


# Audio ---------------------------------------------------------------------------------------------------------------


@unhurried
@given(st.integers(0, OFFSET_MAX - RATE - 1), st.binary(max_size=400).filter(lambda pcm: len(pcm) % 2 == 0))
def test_audio_comes_back_as_it_was_sent(offset: int, pcm: bytes) -> None:
    """Eight bytes of offset, big-endian, then the sound."""
    frame = encode_audio(offset, pcm)
    assert frame == offset.to_bytes(8, "big") + pcm
    assert decode_audio(frame) == (offset, pcm)


@unhurried
@given(st.binary(max_size=100) | st.binary(max_size=100).map(lambda pcm: bytes(3) + pcm))
def test_any_bytes_are_a_frame_or_malformed(frame: bytes) -> None:
    """Never another error, and never half a sample."""
    if len(frame) < 8 or len(frame) % 2 or int.from_bytes(frame[:8], "big") + len(frame) // 2 - 4 >= OFFSET_MAX:
        with pytest.raises(LinkError) as caught:
            decode_audio(frame)
        assert caught.value.code == Close.MALFORMED
    else:
        assert encode_audio(*decode_audio(frame)) == frame


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"", "no offset"),
        (bytes(7), "no offset"),
        (bytes(8 + 3), "half a sample"),
        (bytes(8 + 2 * RATE + 2), "longer than 1 s"),
        (encode_audio(OFFSET_MAX, b""), "beyond all sessions"),
        (encode_audio(OFFSET_MAX - 2, bytes(4)), "beyond all sessions"),
        (b"\xff" * 10, "beyond all sessions"),
    ],
)
def test_a_frame_that_breaks_a_bound_is_refused_with_the_reason(frame: bytes, why: str) -> None:
    """Short, odd, over-long, impossibly placed: 4500."""
    with pytest.raises(LinkError, match=why) as caught:
        decode_audio(frame)
    assert caught.value.code == Close.MALFORMED


def test_a_second_of_sound_is_the_longest_frame() -> None:
    """In plain mode too, where frames have no offset."""
    check_pcm(bytes(2 * RATE))
    assert decode_audio(encode_audio(0, bytes(2 * RATE))) == (0, bytes(2 * RATE))
    with pytest.raises(LinkError):
        check_pcm(bytes(2 * RATE + 1))


# Messages ------------------------------------------------------------------------------------------------------------


@unhurried
@given(CLIENT)
def test_a_captures_message_comes_back_as_it_was_sent(message: ClientMessage) -> None:
    """Every one of them, in any script."""
    assert parse_client(encode(message)) == message


@unhurried
@given(SERVER)
def test_a_servers_message_comes_back_as_it_was_sent(message: ServerMessage) -> None:
    """Every one of them."""
    assert parse_server(encode(message)) == message


@unhurried
@given(ANYTHING)
def test_any_text_is_a_message_or_refused_with_a_code(text: str) -> None:
    """Neither side ever meets another error; what passes can be sent on, stored and placed in time."""
    refused: list[LinkError] = []
    for parse in (parse_client, parse_server):
        try:
            message = parse(text)
            assert message is None or encode(message).encode()
        except LinkError as error:
            refused.append(error)
    assert all(error.code in (Close.MALFORMED, Close.PROTOCOL) for error in refused)
    assert all(str(error).encode() for error in refused)


@pytest.mark.parametrize(
    "other",
    [
        {"session": "not-a-uuid"},
        {"session": ""},
        {"session": 7},
        {"session": "../../etc/passwd"},
        {"session": "{12345678-1234-5678-1234-567812345678}"},
        {"session": "urn:uuid:12345678-1234-5678-1234-567812345678"},
        {"session": "12345678123456781234567812345678"},
        {"session": "0x345678-1234-5678-1234-567812345678"},
        {"attempt": 0},
        {"attempt": "1"},
        {"attempt": True},
        {"attempt": 1.0},
        {"rate": 48_000},
        {"language": "it_IT"},
        {"language": "x\ny"},
        {"first": -1},
        {"first": 5, "next": 4},
        {"next": OFFSET_MAX},
        {"next": 10**400},
        {"at": -1},
        {"at": 10**400},
        {"at": 1e300},
        {"at": float("nan")},
        {"at": float("inf")},
        {"at": "now"},
        {"session": None},
        {"late": 1},
        {"takeover": "yes"},
    ],
)
def test_a_hello_that_cannot_be_is_refused(other: dict[str, Any]) -> None:
    """For good: the same again would change nothing."""
    assert refusal(hello(**other)).code == Close.MALFORMED


def test_a_hello_of_another_protocol_says_what_to_do() -> None:
    """Its own code, and both versions."""
    error = refusal(hello(protocol=2))
    assert error.code == Close.PROTOCOL
    assert "it speaks 2, the server 1" in str(error)


def test_what_a_message_lacks_is_named() -> None:
    """What may be left out is not."""
    assert str(refusal('{"type":"hello","session":"x","next":1}')).endswith("a hello message lacks attempt, first.")
    assert "lacks from, to" in str(refusal('{"type":"gap"}'))


def test_unknown_fields_are_passed_over() -> None:
    """A newer capture may say more."""
    assert parse_client('{"type":"end","samples":5,"mood":"fine"}') == End(5)


def test_an_unknown_type_is_refused_by_the_server_and_passed_over_by_the_capture() -> None:
    """A newer server may say more; a capture that does is not understood."""
    assert refusal('{"type":"boo"}').code == Close.MALFORMED
    assert parse_server('{"type":"boo","text":"x"}') is None
    assert refusal(encode(Ack(1, 2, 3))).code == Close.MALFORMED


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "7", '"hello"', "{", "{}", '{"type":[]}', "[" * 4000, "\ud800", "NaN",
        '{"type":"gap","from":5,"to":5}', '{"type":"gap","from":6,"to":5}', '{"type":"gap","from":-1,"to":5}',
        '{"type":"gap","from":0,"to":9007199254740992}', '{"type":"clock","sample":1,"at":NaN}',
        '{"type":"clock","sample":-1,"at":1}', '{"type":"end","samples":-1}', '{"type":"end","samples":1e3}',
        '{"type":"gap","from":0,"to":1,"why":7}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(text: str) -> None:
    """With a sentence and 4500."""
    assert refusal(text).code == Close.MALFORMED


@pytest.mark.parametrize("pairs", ["7", '"ab"', "[[1]]", "[[1,2,3]]", '[["1","2"]]', "[[1.5,2]]", "[1]", '["12"]'])
def test_unheard_stretches_are_pairs_of_samples(pairs: str) -> None:
    """Nothing else is made to look like them."""
    with pytest.raises(LinkError):
        parse_server(f'{{"type":"ended","settled":1,"unheard":{pairs}}}')


def test_text_is_bounded_in_bytes() -> None:
    """4 KiB as they go over the wire."""
    room = TEXT_MAX - len(encode(Gap(0, 1, "")).encode())
    assert parse_client(encode(Gap(0, 1, "x" * room))) == Gap(0, 1, "x" * room)
    assert "longer" in str(refusal(encode(Gap(0, 1, "x" * (room + 1)))))
    assert "longer" in str(refusal(encode(Gap(0, 1, "é" * (room // 2 + 1)))))


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    """A capture's reason is written to the disk and shown: it must be text."""
    assert parse_client('{"type":"gap","from":0,"to":1,"why":"a\\ud800b"}') == Gap(0, 1, "a?b")


def test_whole_seconds_are_written_without_a_point_by_some() -> None:
    """JSON of other languages writes 1.0 as 1; a truth value is no number."""
    assert parse_client('{"type":"clock","sample":1,"at":5}') == Clock(1, 5.0)
    assert refusal('{"type":"clock","sample":1,"at":true}').code == Close.MALFORMED
