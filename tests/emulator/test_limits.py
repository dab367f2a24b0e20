"""The limits of the service, and who may use it."""

import asyncio
from typing import Any

import pytest

from rtt.core.codedspeech import encode
from tests.emulator.clients import ROUTES, Opening, SdkTalk, h2, refusal
from tests.emulator.running import Emulator
from tests.emulator.settings import ACCESS_KEY, SECRET
from tests.harness.aio import run

BOTH = pytest.mark.parametrize("open_", ROUTES.values(), ids=ROUTES.keys())


def opened(e: Emulator, open_: Opening, **asked: Any) -> tuple[int, str]:
    """Open a stream; return how it was refused, or (200, "")."""

    async def talk() -> None:
        async with open_(e, **asked) as talk:
            await talk.say(encode([1]))
            assert talk.error is None
            assert talk.finals == ["w1"]

    try:
        run(talk())
    except AssertionError:
        raise
    except Exception as error:
        return refusal(error)
    return 200, ""


def failed(e: Emulator, open_: Opening, pieces: list[bytes]) -> Exception | None:
    """Send pieces as they are and wait for the end of the answers, without ending."""

    async def talk() -> Exception | None:
        async with open_(e) as talk:
            for piece in pieces:
                await talk.put(piece)
            await talk.over()
            return talk.error

    return run(talk())


@BOTH
def test_silence_of_the_client_ends_the_stream(e: Emulator, open_: Opening) -> None:
    """After the idle limit the documented exception comes, and no final of the last words."""
    e.set(idle=0.5)
    error = failed(e, open_, [encode([1])[:6400]])
    assert type(error).__name__ == "BadRequestException"
    assert getattr(error, "message", "").startswith("Your request timed out because no new audio was received for")
    assert e.state()["streams"][0]["biggest_gap"] >= 0.5


@BOTH
def test_silence_in_the_sound_does_not(e: Emulator, open_: Opening) -> None:
    """Zeros keep a stream alive beyond the idle limit."""
    e.set(idle=1.0)

    async def talk() -> None:
        async with open_(e) as talk:
            for _ in range(15):
                await talk.put(bytes(3200))
                await asyncio.sleep(0.1)
            await talk.say(encode([5]))
            assert talk.finals == ["w5"]

    run(talk())


@BOTH
def test_the_length_of_a_stream_is_limited(e: Emulator, open_: Opening) -> None:
    """Twenty seconds of sound, however fast they came, are the limit set."""
    e.set(length=20)
    error = failed(e, open_, [bytes(3200)] * 200)
    assert type(error).__name__ == "LimitExceededException"
    assert e.state()["streams"][0]["audio_seconds"] == pytest.approx(20, abs=0.2)


@BOTH
@pytest.mark.parametrize(
    ("piece", "why"), [(bytes(32_002), "longer"), (bytes(3201), "whole samples")], ids=["oversize", "odd"]
)
def test_a_chunk_must_be_right(e: Emulator, open_: Opening, piece: bytes, why: str) -> None:
    """A chunk over one second, or with half a sample, is refused."""
    error = failed(e, open_, [piece])
    assert type(error).__name__ == "BadRequestException"
    assert why in getattr(error, "message", "")


@BOTH
def test_sound_may_be_bound_to_the_clock(e: Emulator, open_: Opening) -> None:
    """With `ahead` set, an hour's sound in a second is refused."""
    e.set(ahead=5)
    assert "faster than real time" in getattr(failed(e, open_, [bytes(32_000)] * 30), "message", "")


@BOTH
def test_one_stream_too_many(e: Emulator, open_: Opening) -> None:
    """It is refused with 429 or by an exception in a stream, as set; when one ends there is room again."""
    e.set(streams=1)

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(encode([1]))
            with pytest.raises(Exception) as caught:  # noqa: PT011 - each client has classes of its own
                async with open_(e):
                    pass
            assert refusal(caught.value) == (429, "LimitExceededException")
            e.set(limit_as="event")
            async with open_(e) as second:
                await second.over()
                assert type(second.error).__name__ == "LimitExceededException"
            await talk.end()
            await talk.over()
            assert talk.finals == ["w1"]

    run(talk())
    assert opened(e, open_) == (200, "")


@BOTH
def test_one_session_has_one_stream(e: Emulator, open_: Opening) -> None:
    """A second stream with the same session id ends the first with a conflict."""
    session = "5a0ad64c-37a7-4b25-a9d3-6c2ac4a5d5ea"

    async def talk() -> None:
        async with open_(e, session_id=session) as first, open_(e, session_id=session) as second:
            await first.over()
            assert type(first.error).__name__ == "ConflictException"
            await second.say(encode([2]))
            assert second.finals == ["w2"]
            assert first.session == second.session == session

    run(talk())


BAD = (400, "BadRequestException")
FORGED = (403, "InvalidSignatureException")
UNKNOWN = (403, "UnrecognizedClientException")


@BOTH
@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"language_code": "xx-XX"}, BAD),
        ({"language_code": "it"}, BAD),
        ({"media_sample_rate_hz": 7999}, BAD),
        ({"media_encoding": "mp3"}, BAD),
        ({"vocabulary_name": "nobody-made-it"}, BAD),
        ({"vocabulary_name": "emulator-vocabulary", "vocab_filter_name": "emulator-filter"}, (200, "")),
        ({"partial_results_stability": "high"}, BAD),
        ({"keys": ("AKIDSTRANGER", SECRET)}, UNKNOWN),
        ({"keys": (ACCESS_KEY, "wrong")}, FORGED),
        ({"keys": (ACCESS_KEY, SECRET, "a/token+of=nobody")}, UNKNOWN),
        ({"region": "us-west-2"}, FORGED),
    ],
    ids=str,
)
def test_what_is_asked_and_by_whom(e: Emulator, open_: Opening, asked: dict[str, Any], answer: tuple[int, str]) -> None:
    """Wrong parameters, keys and regions are refused as the service refuses them."""
    assert opened(e, open_, **asked) == answer


@BOTH
def test_temporary_credentials(e: Emulator, open_: Opening) -> None:
    """They need their token, in signature and request, until they expire."""
    e.set(keys=[f"{ACCESS_KEY}/{SECRET}/a/token+with=signs"])
    assert opened(e, open_, keys=(ACCESS_KEY, SECRET, "a/token+with=signs")) == (200, "")
    assert opened(e, open_) == UNKNOWN
    e.set(expired=[ACCESS_KEY])
    assert opened(e, open_, keys=(ACCESS_KEY, SECRET, "a/token+with=signs")) == (403, "ExpiredTokenException")


@BOTH
@pytest.mark.parametrize("wrong", [400, -400])
def test_a_wrong_clock_is_noticed(e: Emulator, open_: Opening, wrong: int) -> None:
    """A signature more than five minutes early or late is refused; four minutes are not."""
    e.set(clock=wrong)
    assert opened(e, open_) == FORGED
    e.set(clock=wrong * 0.6)
    assert opened(e, open_) == (200, "")


def test_a_broken_chain_of_chunks_ends_the_stream(e: Emulator) -> None:
    """A chunk that is not chained to the one before is not heard."""

    async def talk() -> None:
        async with h2(e) as talk:
            await talk.send(encode([1]))
            assert isinstance(talk, SdkTalk)
            talk.stream.input_stream._prior_signature = bytes(32)
            await talk.put(bytes(3200))
            await talk.over()
            assert "signature of a chunk" in str(talk.error)

    run(talk())
    stream = e.state()["streams"][0]
    assert not stream["signatures_good"]
    assert stream["ended"] == "exception: InvalidSignatureException"
    assert stream["audio_seconds"] == pytest.approx(0.4)
