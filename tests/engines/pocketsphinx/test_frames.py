"""What server and speech worker say to each other."""

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.engines.pocketsphinx.frames import (
    FRAME_MAX,
    HEADER,
    FrameError,
    Kind,
    Words,
    pack,
    pack_words,
    read,
    receive,
    unpack_words,
)
from tests.harness.aio import run

WORDS = st.lists(st.tuples(st.text(), st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.floats(0, 1)))


async def received(data: bytes) -> tuple[Kind, bytes] | None:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await receive(stream)


@given(st.sampled_from(Kind), st.binary(max_size=5000))
def test_a_frame_comes_out_as_it_went_in(kind: Kind, body: bytes) -> None:
    """On both ends of the pipe."""
    assert read(io.BytesIO(pack(kind, body))) == (kind, body)
    assert run(received(pack(kind, body))) == (kind, body)


@given(WORDS)
def test_words_come_out_as_they_went_in(words: Words) -> None:
    """Any script, with and without confidence."""
    frame = read(io.BytesIO(pack_words(words)))
    assert frame is not None
    assert unpack_words(frame[1]) == words


@pytest.mark.parametrize("cut", [0, 1, 4, 7, 11])
def test_the_other_sides_end_is_no_error(cut: int) -> None:
    """Wherever it comes: a worker whose server was killed just leaves."""
    data = pack(Kind.WHOLE, b"abcdefgh")[:cut]
    assert read(io.BytesIO(data)) is None
    assert run(received(data)) is None


@pytest.mark.parametrize("data", [b"?\0\0\0\0", HEADER.pack(b"w", FRAME_MAX + 1)])
def test_bytes_that_are_no_frame_are_refused(data: bytes) -> None:
    """Neither an unknown letter nor an impossible length is waited for."""
    with pytest.raises(FrameError):
        read(io.BytesIO(data))
    with pytest.raises(FrameError):
        run(received(data))


@pytest.mark.parametrize("body", [b"", b"no", b"[1]", b'[["a"]]', b'[["a", "b", 2, 1.0]]', b"null"])
def test_an_answer_without_words_is_refused(body: bytes) -> None:
    """A confused worker is replaced, not believed."""
    with pytest.raises(FrameError):
        unpack_words(body)
