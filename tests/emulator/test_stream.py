"""Faults and limits of a stream, as clients that are not ours see them."""

import asyncio
from typing import Any

import pytest
from amazon_transcribe.eventstream import ChecksumMismatch

from rtt.core.codedspeech import encode
from tests.emulator.clients import ROUTES, Opening, Talk, refusal
from tests.emulator.faults import CUTS
from tests.emulator.refusal import STATUS
from tests.emulator.running import Emulator
from tests.harness.aio import run

BOTH = pytest.mark.parametrize("open_", ROUTES.values(), ids=ROUTES.keys())
SPEECH = encode(range(25))
CLOSED = {"goaway": 1001, "rst-stream": 1011, "end": 1000}


def spoken(e: Emulator, open_: Opening, pcm: bytes = SPEECH, *, end: bool = True, **asked: Any) -> Talk:
    """Say something and wait for the end of the answers."""

    async def talk() -> Talk:
        async with open_(e, **asked) as talk:
            await talk.send(pcm)
            if end:
                await talk.end()
            return await talk.over()

    return run(talk())


def struck(e: Emulator) -> dict[str, Any]:
    """Return the state of the newest stream, once it is over."""
    stream: dict[str, Any] = e.until(lambda state: not state["live"])["streams"][-1]
    return stream


@BOTH
@pytest.mark.parametrize("code", [*STATUS, "SomethingNewException"])
def test_an_exception_ends_the_stream(e: Emulator, open_: Opening, code: str) -> None:
    """The client gets it as such, and no final of what was still open."""
    e.fault("exception", code=code, message="why not", after=5.0)
    talk = spoken(e, open_, end=False)
    assert type(talk.error).__name__ == (code if code in STATUS else "ServiceException")
    assert "why not" in (getattr(talk.error, "message", "") or str(talk.error))
    assert talk.finals == [f"w{number}" for number in range(10)]
    assert struck(e)["ended"] == f"exception: {code}"


@BOTH
def test_an_error_message_ends_the_stream(e: Emulator, open_: Opening) -> None:
    """A message of type error is not taken for a good end."""
    e.fault("error", code="InternalError", after=1.0)
    assert type(spoken(e, open_, end=False).error).__name__ == "ServiceException"
    assert struck(e)["ended"] == "error: InternalError"


@BOTH
@pytest.mark.parametrize("kind", CUTS)
def test_a_cut_ends_the_answers_without_exception(e: Emulator, open_: Opening, kind: str) -> None:
    """The answers stop, what was final stays, and a WebSocket tells the code."""
    e.fault(kind, after=5.0)

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(SPEECH)
            if kind == "end":
                # The SDK only believes in the end once its own side is ended.
                await talk.end()
            await talk.over()
            assert talk.error is None
            # An RST may overtake what the client had not read yet.
            assert talk.finals == [f"w{number}" for number in range(10)] or (kind == "rst" and not talk.finals)
            if open_ is ROUTES["ws"]:
                assert talk.close_code == CLOSED.get(kind, 1006)

    run(talk())
    stream = struck(e)
    assert stream["ended"] == kind
    assert stream["audio_seconds"] == pytest.approx(5.0, abs=0.2)


@BOTH
def test_a_cut_comes_now_when_told(e: Emulator, open_: Opening) -> None:
    """A live stream is struck, by its number; another one goes on."""

    async def talk() -> None:
        async with open_(e) as first, open_(e) as second:
            await first.send(encode(range(4)))
            await second.send(encode(range(4)))
            await asyncio.to_thread(e.until, lambda state: len(state["streams"]) == 2)
            assert e.fault("rst", when="now", stream=e.state()["streams"][0]["id"]) == 1
            await first.over()
            await second.end()
            await second.over()
            assert second.finals == [f"w{number}" for number in range(4)]

    run(talk())
    assert [stream["ended"] for stream in e.state()["streams"]] == ["rst", "done"]


@BOTH
def test_half_a_result_is_never_a_result(e: Emulator, open_: Opening) -> None:
    """The stream ends in the middle of a message."""
    e.fault("half", after=5.0)
    talk = spoken(e, open_)
    assert talk.finals == [f"w{number}" for number in range(10)]
    assert struck(e)["ended"] == "half"


@BOTH
def test_a_wrong_checksum_is_noticed(e: Emulator, open_: Opening) -> None:
    """The client's codec refuses the message."""
    e.fault("checksum", after=5.0)
    talk = spoken(e, open_)
    assert isinstance(talk.error, ChecksumMismatch)
    assert "never-show-this" not in str([result.alternatives for result in talk.results])


@BOTH
def test_a_mute_service_takes_sound_and_says_nothing(e: Emulator, open_: Opening) -> None:
    """All sound arrives, no answer comes; the stream ends in good order."""
    e.fault("mute", after=0.0)
    talk = spoken(e, open_)
    assert (talk.results, talk.error) == ([], None)
    stream = struck(e)
    assert stream["audio_seconds"] == pytest.approx(10.0)
    assert stream["faults"] == ["mute"]
    assert stream["words"] == 0


@BOTH
def test_a_black_hole_takes_nothing_and_never_ends(e: Emulator, open_: Opening) -> None:
    """Nothing is answered any more, not even the end, and no limit speaks up."""
    e.set(idle=0.3)
    e.fault("black-hole", after=5.0)

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(SPEECH * 4)
            await talk.end()
            with pytest.raises(TimeoutError):
                await talk.over(1.0)
            assert talk.finals == [f"w{number}" for number in range(10)]
            stream = e.state()["streams"][0]
            assert stream["live"]
            assert stream["audio_seconds"] == pytest.approx(5.0, abs=0.2)
            e.fault("rst", when="now")

    run(talk())


@BOTH
def test_a_stalled_window_takes_little_more_and_complains_at_last(e: Emulator, open_: Opening) -> None:
    """Sound stops arriving; the idle limit ends it with the documented text."""
    e.set(idle=1.0)
    e.fault("stall", after=5.0)
    talk = spoken(e, open_, SPEECH * 4, end=False)
    assert "no new audio was received for 1 seconds" in str(getattr(talk.error, "message", ""))
    stream = struck(e)
    assert 5.0 <= stream["audio_seconds"] < 10.0
    assert stream["faults"] == ["stall"]


@BOTH
def test_late_results_come_complete(e: Emulator, open_: Opening) -> None:
    """All sound is there and no answer; then all answers come, in order, before the end."""
    e.fault("lag", seconds=2.0, when="sticky")

    async def talk() -> None:
        async with open_(e) as talk:
            await talk.send(SPEECH)
            await talk.end()
            state = await asyncio.to_thread(e.until, lambda state: state["streams"][0]["words"] == 25)
            assert state["live"] == 1
            await talk.over()
            assert talk.finals == [f"w{number}" for number in range(25)]

    run(talk())


@BOTH
def test_no_response_at_opening(e: Emulator, open_: Opening) -> None:
    """The request arrives and is never answered; the next one is."""
    e.fault("no-response")

    async def talk() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(open_(e).__aenter__(), 1.0)

    run(talk())
    assert e.state()["requests"] == 1
    assert spoken(e, open_).finals


@BOTH
def test_slow_headers(e: Emulator, open_: Opening) -> None:
    """The answer comes as late as told, and the stream is good."""
    e.fault("slow-headers", seconds=1.0)

    async def talk() -> None:
        began = asyncio.get_running_loop().time()
        async with open_(e) as talk:
            assert asyncio.get_running_loop().time() - began >= 1.0
            await talk.say(SPEECH)
            assert len(talk.finals) == 25

    run(talk())


@BOTH
@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, code) for code, status in STATUS.items()),
        (403, "AccessDeniedException"),
        (429, "ThrottlingException"),
    ],
)
def test_a_refusal_at_opening(e: Emulator, open_: Opening, status: int, code: str) -> None:
    """It comes with status and code; two were ordered, the third request is served."""
    e.fault("refuse", status=status, code=code, count=2)
    for _ in range(2):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - each client has classes of its own
            spoken(e, open_)
        assert refusal(caught.value) == (status, code)
    assert len(spoken(e, open_).finals) == 25
    assert [one["code"] for one in e.state()["refusals"]] == [code, code]


def test_a_fault_strikes_only_the_route_it_is_for(e: Emulator) -> None:
    """One for ws waits until a ws stream comes."""
    e.fault("mute", route="ws")
    assert len(spoken(e, ROUTES["h2"]).finals) == 25
    assert spoken(e, ROUTES["ws"]).finals == []
