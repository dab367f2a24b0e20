"""The framing, held against the SDK's own."""

import uuid

import pytest
from amazon_transcribe.eventstream import EventStreamBuffer, EventStreamMessageSerializer
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator import eventstream
from tests.emulator.eventstream import Decoder, MalformedError, Message, Stamp, decode, encode

HEADERS: dict[str, eventstream.Value] = {
    ":flag": True,
    "no": False,
    "n": -5,
    "raw": b"\x00\xff",
    "text": "è",
    "at": Stamp(1_700_000_000_123),
}
names = st.text(min_size=1, max_size=20)
values = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.binary(max_size=100),
    st.text(max_size=30),
    st.builds(Stamp, st.integers(0, 2**60)),
)


def test_the_sdk_reads_what_we_write() -> None:
    """Headers and payload arrive, checksums included."""
    buffer = EventStreamBuffer()  # type: ignore[no-untyped-call]
    headers = {name: value for name, value in HEADERS.items() if not isinstance(value, Stamp)}
    buffer.add_data(encode(headers, b"sound"))
    (message,) = list(buffer)
    assert (message.headers, message.payload) == (headers, b"sound")


def test_we_read_what_the_sdk_writes() -> None:
    """Every type of header it can write is understood."""
    one = uuid.uuid4()
    raw = EventStreamMessageSerializer().serialize({"a": 7, "b": "x", "c": b"y", "d": True, "e": one}, b"p")
    assert decode(raw) == Message({"a": 7, "b": "x", "c": b"y", "d": True, "e": one.bytes}, b"p")


@given(st.dictionaries(names, values, max_size=5), st.binary(max_size=300), st.integers(1, 50))
def test_pieces_of_any_size_make_the_same_messages(
    headers: dict[str, eventstream.Value], payload: bytes, n: int
) -> None:
    """What is encoded twice and cut anywhere is decoded twice."""
    raw = encode(headers, payload) * 2
    decoder = Decoder()
    found = [message for at in range(0, len(raw), n) for message in decoder.push(raw[at : at + n])]
    assert found == [Message(headers, payload)] * 2
    assert decoder.empty


def test_every_changed_byte_is_noticed() -> None:
    """No message with any one byte changed is ever taken."""
    raw = encode(HEADERS, b"sound")
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 0x40]) + raw[at + 1 :]
        with pytest.raises(MalformedError):
            decode(changed)


def test_a_spoiled_message_differs_in_its_checksum_only() -> None:
    """It is as long as a good one, and refused."""
    raw, spoiled = encode({}, b"x"), encode({}, b"x", spoiled=True)
    assert raw[:-4] == spoiled[:-4]
    with pytest.raises(MalformedError, match="checksum of the message"):
        decode(spoiled)


def test_a_message_too_long_is_refused_at_its_prelude() -> None:
    """No memory is filled before that is known."""
    with pytest.raises(MalformedError, match="cannot have"):
        Decoder().push(encode({}, bytes(eventstream.LONGEST))[:100])
