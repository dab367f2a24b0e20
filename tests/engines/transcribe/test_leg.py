"""One stream of the service: pace, silence, and who is told what when it fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Heard, Word
from rtt.core.codedspeech import encode
from rtt.core.errors import EngineError
from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.leg import Leg, first_of
from rtt.engines.transcribe.scripted import Plan, ScriptedService, ScriptedStream
from tests.engines.transcribe.sound import QUICK
from tests.harness.aio import run


class Desk:
    """A leg on a scripted stream, with what it reports."""

    def __init__(self, plan: Plan | None = None, pace: float = 50.0) -> None:
        self.reports: list[Heard] = []
        self.seconds = 0.0
        self.stream = ScriptedStream(plan or Plan(), 5, 0.8)
        self.leg = Leg(self.stream, "1", 0, limits=QUICK, pace=pace, report=self.reports.append, sent=self.count)

    def count(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def finals(self) -> list[str]:
        return [heard.text for heard in self.reports if heard.final]


def work(do: Callable[[Desk], Awaitable[None]], plan: Plan | None = None, pace: float = 50.0) -> Desk:
    async def working() -> Desk:
        desk = Desk(plan, pace)
        try:
            async with asyncio.TaskGroup() as group:
                desk.leg.begin(group)
                await do(desk)
                await desk.leg.end()
                await desk.leg.finished()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from None
        return desk

    return run(working())


def test_what_is_heard_is_held_until_release() -> None:
    """A new stream speaks only when the old one is done."""

    async def do(desk: Desk) -> None:
        await desk.leg.sound(encode([1, 2]), voice=True)
        await asyncio.sleep(0.05)
        assert desk.reports == []
        desk.leg.release()
        assert desk.reports != []

    assert work(do).finals == ["w1 w2."]


def test_words_that_are_known_and_words_of_the_next_stream_are_left_out() -> None:
    """What was heard before is dropped by alignment, what belongs to the next stream by its time."""

    async def do(desk: Desk) -> None:
        desk.leg.owns_until = round(1.5 * RATE)
        desk.leg.release(Rehearing([Word("w1", 0, 5000)], round(0.3 * RATE), 0))
        await desk.leg.sound(encode([1, 2, 3, 4]), voice=True)

    desk = work(do)
    assert desk.finals == ["w2 w3"]
    assert max(heard.end for heard in desk.reports) == round(1.5 * RATE), "the rest has no verdict yet"


def test_silence_of_our_own_takes_the_rest_along() -> None:
    """What is left of the session's sound goes first, and the message keeps its size."""

    async def do(desk: Desk) -> None:
        await desk.leg.sound(b"\x01\x00" * 512, voice=False)
        assert desk.stream.sent == []
        await desk.leg.silence()
        assert desk.leg.idle

    desk = work(do)
    assert desk.stream.sent == [1600]
    assert bytes(desk.stream.pcm[:1024]) == b"\x01\x00" * 512
    assert desk.leg.time.position == 512
    assert desk.seconds == pytest.approx(0.1)


def test_sound_that_is_left_out_moves_no_word() -> None:
    """The message that was begun is filled up with silence, and the words behind it have the session's time."""

    async def do(desk: Desk) -> None:
        desk.leg.release()
        await desk.leg.sound(encode([1]) + bytes(2 * 512), voice=True)
        at = desk.leg.time.position
        await desk.leg.leave_out(60 * RATE)
        assert at < desk.leg.time.position == 60 * RATE
        await desk.leg.leave_out(90 * RATE)
        await desk.leg.sound(bytes(RATE) + encode([2]) + bytes(2 * RATE), voice=True)

    desk = work(do)
    words = [word for heard in desk.reports if heard.final for word in heard.words]
    assert [word.bare for word in words] == ["w1", "w2"]
    assert [round(word.start / RATE, 1) for word in words] == [0.0, 90.5]
    assert set(desk.stream.sent[:-1]) == {1600}


def test_sound_is_not_sent_faster_than_the_service_may_be_fed() -> None:
    """Beyond what may run ahead, sending waits for the clock."""

    async def do(desk: Desk) -> None:
        began = asyncio.get_running_loop().time()
        await desk.leg.sound(bytes(2 * 14 * RATE), voice=False)
        # 14 s of sound, 4 s of it ahead of the clock, ten times too fast: at least 0.9 s.
        assert asyncio.get_running_loop().time() - began > 0.9

    work(do, pace=10.0)


def test_a_mute_service_is_told_from_a_silent_hall() -> None:
    """Voice without an event is a fault after its time; silence without an event is none."""

    async def silent(desk: Desk) -> None:
        await desk.leg.sound(bytes(2 * 5 * RATE), voice=False)
        await asyncio.sleep(2 * QUICK.mute)

    async def spoken(desk: Desk) -> None:
        await desk.leg.sound(bytes(2 * 3 * RATE), voice=True)
        await asyncio.sleep(20 * QUICK.mute)

    work(silent)
    with pytest.raises(EngineError, match="The engine hears nothing") as failure:
        work(spoken)
    assert failure.value.retry


def test_the_readers_reason_is_told_where_sending_fails_too() -> None:
    """Both ends of a broken stream fail; the operator reads the one that knows why."""

    async def do(desk: Desk) -> None:
        for _ in range(100):
            await desk.leg.sound(encode([1]), voice=True)
            if desk.leg.seconds > 1:
                desk.stream.closed = True

    with pytest.raises(EngineError, match="no room"):
        work(do, Plan(failure=Fault("LimitExceededException", "limit"), failure_after=1.0))


def test_a_service_that_takes_nothing_more_is_lost() -> None:
    """Sending has a limit."""

    async def do(desk: Desk) -> None:
        await desk.leg.sound(bytes(2 * RATE), voice=False)

    with pytest.raises(EngineError, match="does not answer") as failure:
        work(do, Plan(stuck_after=0.5))
    assert failure.value.retry


def test_the_end_waits_for_the_last_final_but_not_for_ever() -> None:
    """An open line without its final is a loss; a stream that merely stays open is let go."""

    async def do(desk: Desk) -> None:
        desk.leg.release()
        await desk.leg.sound(encode([1, 2]), voice=True)

    assert work(do, Plan(ends=False)).finals == ["w1 w2."]
    for plan in (Plan(last_final=False), Plan(last_final=False, ends=False)):
        with pytest.raises(EngineError, match="did not finish") as failure:
            work(do, plan)
        assert failure.value.retry


def test_a_bad_request_is_the_requests_fault_only_at_the_beginning() -> None:
    """The WebSocket route refuses wrong parameters after it opened."""

    async def do(desk: Desk) -> None:
        await desk.leg.sound(bytes(2 * 8 * RATE), voice=False)
        await asyncio.sleep(0.1)

    for after, retry in ((0.5, False), (6.0, True)):
        with pytest.raises(EngineError) as failure:
            work(do, Plan(failure=Fault("BadRequestException", "odd"), failure_after=after))
        assert failure.value.retry is retry


def test_the_error_that_says_most_is_taken() -> None:
    """Of several failed tasks the engine's own error is the one to tell."""
    ours = EngineError("x", retry=True)
    assert first_of(BaseExceptionGroup("", [ValueError(), ours])) is ours
    error = ValueError()
    assert first_of(BaseExceptionGroup("", [error])) is error


def test_the_service_remembers_what_it_was_asked() -> None:
    """The desk's stream is the one a service opens."""
    service = ScriptedService()
    assert isinstance(run(service.open({"a": "b"})), ScriptedStream)
    assert service.asked == [{"a": "b"}]
