"""One stream through one speech worker: what is asked when, and what is reported."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import numpy as np
import pytest

from rtt.core.caption import RATE, Heard
from rtt.core.errors import EngineError
from rtt.core.voice import WINDOW, GateSettings
from rtt.engines.base import Chunk
from rtt.engines.pocketsphinx.frames import Kind, Words
from rtt.engines.pocketsphinx.hearing import Hearing, Limits, heard_words, loudness
from tests.engines.sound import chunks, finals, silence
from tests.harness.aio import run

START = 1000 * WINDOW


class Desk:
    """A worker without a decoder: writes down what is asked, answers when told to (at once by default)."""

    def __init__(self, reply: Callable[[Kind, bytes], Words] | None = None) -> None:
        self.asked: list[tuple[Kind, int]] = []
        self.waiting: asyncio.Queue[Words] = asyncio.Queue()
        self.open = asyncio.Event()
        self.open.set()
        self._reply = reply or (lambda kind, pcm: [("word", 50, 90, 0.9)])

    def ask(self, kind: Kind, pcm: bytes = b"") -> None:
        self.asked.append((kind, len(pcm) // 2))
        self.waiting.put_nowait(self._reply(kind, pcm))

    async def answer(self) -> Words:
        words = await self.waiting.get()
        await self.open.wait()
        return words

    def count(self, kind: Kind) -> int:
        return [asked for asked, _ in self.asked].count(kind)


def plan(*stretches: tuple[float, float]) -> tuple[bytes, list[float]]:
    """Return sound and probabilities for stretches of (seconds, probability of voice)."""
    probabilities = [level for seconds, level in stretches for _ in range(round(seconds * RATE / WINDOW))]
    return bytes(2 * WINDOW * len(probabilities)), probabilities


async def listen(desk: Desk, sound: AsyncIterator[Chunk], limits: Limits | None = None) -> list[Heard]:
    reports: list[Heard] = []
    await Hearing("1", desk, reports.append, GateSettings(), limits or Limits()).run(sound)
    return reports


def test_only_voice_is_decoded() -> None:
    """Silence costs nothing: a talk with one sentence is one segment, pre-roll and hang-over included."""
    pcm, probabilities = plan((20, 0.0), (2, 0.9), (20, 0.1))
    desk = Desk()
    reports = run(listen(desk, chunks(pcm, START, probabilities)))
    whole = [size for kind, size in desk.asked if kind is Kind.WHOLE]
    assert len(whole) == 1
    assert abs(whole[0] / RATE - (0.32 + 2 + 0.6)) < 0.1
    assert finals(reports) == ["word"]
    begin = START + round((20 - 0.32) * RATE)
    assert abs(reports[0].start - begin) <= WINDOW
    word = reports[-1].words[0]
    assert word.start == reports[0].start + round(0.5 * RATE)
    assert word.end == reports[0].start + round(0.9 * RATE)
    assert word.confidence == 0.9


def test_a_line_is_open_from_the_first_window_of_voice() -> None:
    """The empty partial comes before any answer, so what is being heard is never settled."""

    async def main() -> None:
        desk, reports = Desk(), list[Heard]()
        desk.open.clear()
        pcm, probabilities = plan((1, 0.9))
        opened = asyncio.Event()

        def report(heard: Heard) -> None:
            reports.append(heard)
            opened.set()

        async with asyncio.TaskGroup() as group:
            hearing = Hearing("1", desk, report, GateSettings(), Limits())
            group.create_task(hearing.run(chunks(pcm, START, probabilities)))
            await opened.wait()
            assert (reports[0].final, reports[0].text, reports[0].start) == (False, "", START)
            desk.open.set()

    run(main())


def test_a_cough_is_closed_without_words() -> None:
    """Too short to be speech: the open line ends empty and the streaming pass is told to forget it."""
    pcm, probabilities = plan((1, 0.0), (0.2, 0.9), (2, 0.0))
    desk = Desk(lambda kind, pcm: [])
    reports = run(listen(desk, chunks(pcm, START, probabilities)))
    assert [(heard.final, heard.text) for heard in reports] == [(False, ""), (True, "")]
    assert desk.count(Kind.WHOLE) == 0
    assert desk.asked[-1] == (Kind.DROP, 0)


def test_a_segment_without_words_is_an_empty_final() -> None:
    """Nothing is left open where the decoder found nothing."""
    pcm, probabilities = plan((2, 0.9), (2, 0.0))
    reports = run(listen(Desk(lambda kind, pcm: []), chunks(pcm, START, probabilities)))
    assert reports[-1].final
    assert reports[-1].text == ""


def test_partials_are_reported_only_when_they_change() -> None:
    """A decoder that says the same ten times a second fills no screen's outbox."""
    pcm, probabilities = plan((6, 0.9), (1, 0.0))
    reports = run(listen(Desk(), chunks(pcm, START, probabilities)))
    assert [heard.text for heard in reports if not heard.final] == ["", "word"]


def test_the_pieces_of_a_streaming_pass_join_without_holes() -> None:
    """What the pass was given is the segment's beginning, whole."""
    given = bytearray()

    def reply(kind: Kind, pcm: bytes) -> Words:
        if kind is Kind.MORE:
            given.extend(pcm)
        else:
            assert pcm.startswith(bytes(given))
        return []

    _, probabilities = plan((5, 0.9), (1, 0.0))
    noise = np.random.default_rng(3).integers(-3000, 3000, len(probabilities) * WINDOW).astype("<i2").tobytes()
    run(listen(Desk(reply), chunks(noise, START, probabilities)))
    assert len(given) > 2 * RATE


def test_long_speech_is_cut_without_losing_or_doubling_a_sample() -> None:
    """Forty seconds without a pause: each segment begins where the one before ended."""
    pcm, probabilities = plan((40, 0.9), (1, 0.0))
    reports = run(listen(Desk(), chunks(pcm, START, probabilities)))
    ends = [(heard.start, heard.end) for heard in reports if heard.final]
    assert len(ends) >= 3
    assert ends[0][0] == START
    for (_, end), (start, _) in pairwise(ends):
        assert start == end
    assert all(end - start <= 15 * RATE + WINDOW for start, end in ends)


def test_without_a_detector_everything_is_decoded() -> None:
    """The unguarded control really decodes noise: every sample, in segments of at most `longest`."""
    noise = np.random.default_rng(1).integers(-3000, 3000, RATE * 40).astype("<i2").tobytes()
    desk = Desk()
    reports = run(listen(desk, chunks(noise, START)))
    assert sum(size for kind, size in desk.asked if kind is Kind.WHOLE) == RATE * 40
    assert len(finals(reports)) >= 3


def test_a_slow_worker_stops_the_sound() -> None:
    """With three segments undecoded no further sound is taken: the server's memory stays bounded."""

    async def main() -> None:
        desk, taken = Desk(), 0
        desk.open.clear()
        pcm, probabilities = plan(*[(1.0, 0.9), (1.0, 0.0)] * 10)

        async def counted() -> AsyncIterator[Chunk]:
            nonlocal taken
            async for chunk in chunks(pcm, START, probabilities):
                taken += 1
                yield chunk

        async with asyncio.TaskGroup() as group:
            stream = group.create_task(listen(desk, counted()))
            await asyncio.sleep(0.5)
            seconds = taken * 4 * WINDOW / RATE
            assert seconds < 9
            assert desk.count(Kind.WHOLE) == 3
            desk.open.set()
        assert len(finals(stream.result())) == 10

    run(main())


def test_partials_give_way_to_finals() -> None:
    """While a final is being decoded no streaming pass is asked for, and a pass that falls behind is given up."""

    async def main() -> None:
        desk = Desk()
        desk.open.clear()
        pcm, probabilities = plan((1.0, 0.9), (1.0, 0.0), (3.0, 0.9))

        async with asyncio.TaskGroup() as group:
            stream = group.create_task(listen(desk, chunks(pcm, START, probabilities)))
            await asyncio.sleep(0.3)
            kinds = [kind for kind, _ in desk.asked]
            assert Kind.MORE not in kinds[kinds.index(Kind.WHOLE) :]
            desk.open.set()
        assert len(finals(stream.result())) == 2

        slow = Desk()
        slow.open.clear()
        pcm, probabilities = plan((8.0, 0.9), (1.0, 0.0))
        async with asyncio.TaskGroup() as group:
            stream = group.create_task(listen(slow, chunks(pcm, START, probabilities)))
            await asyncio.sleep(0.3)
            slow.open.set()
        assert sum(size for kind, size in slow.asked if kind is Kind.MORE) <= 0.5 * RATE
        assert finals(stream.result()) == ["word"]

    run(main())


def test_a_worker_that_hangs_is_noticed() -> None:
    """No answer within the limit is a loss that can be mended, even while no further sound comes."""

    async def main() -> None:
        desk = Desk()
        desk.open.clear()
        pcm, probabilities = plan((1.0, 0.9), (1.0, 0.0))

        async def endless() -> AsyncIterator[Chunk]:
            async for chunk in chunks(pcm, START, probabilities):
                yield chunk
            await asyncio.Event().wait()

        with pytest.raises(EngineError, match="in time") as loss:
            await listen(desk, endless(), Limits(patience=0.2, slowness=0.01))
        assert loss.value.retry

    run(main())


def test_patience_is_for_answers_that_are_due() -> None:
    """A long silence is no hanging worker: nothing is due, nothing is late."""

    async def main() -> None:
        pcm, probabilities = plan((1.0, 0.9), (1.0, 0.0))

        async def pausing() -> AsyncIterator[Chunk]:
            async for chunk in chunks(pcm, START, probabilities):
                yield chunk
            await asyncio.sleep(0.6)
            async for chunk in chunks(pcm, START + len(pcm) // 2, probabilities):
                yield chunk

        assert len(finals(await listen(Desk(), pausing(), Limits(patience=0.2, slowness=0.01)))) == 2

    run(main())


def test_an_answer_nobody_asked_for_ends_the_stream() -> None:
    """Words without a segment have no place in time."""

    async def main() -> None:
        desk = Desk()
        desk.waiting.put_nowait([("ghost", 0, 1, 1.0)])
        with pytest.raises(EngineError, match="nobody asked"):
            await listen(desk, chunks(silence(5), START, [0.0] * 157, pause=0.05))

    run(main())


def test_words_stay_inside_their_segment() -> None:
    """A decoder's last frame may reach beyond the sound it was given."""
    words = heard_words([("i", 0, 10, 0.5), ("i'm", 10, 20, 0.5), ("in", 20, 500, None)], 1000, 6000)
    assert [word.text for word in words] == ["I", "I'm", "in"]
    assert words[-1].end == 6000
    assert words[1].start == 1000 + 1600


def test_loudness_is_the_rms_of_each_window() -> None:
    """A full-scale square is 1, silence 0, a short last window is not measured."""
    square = np.full(WINDOW, -32768, dtype="<i2").tobytes()
    assert loudness(square + bytes(2 * WINDOW) + square[:100]) == [1.0, 0.0]
