"""The scripted engine: streaming speech to text whose every behaviour is known beforehand."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rtt.core.caption import RATE, Heard
from rtt.core.codedspeech import encode
from rtt.core.errors import EngineError, UsageError
from rtt.engines.base import Chunk, Request
from rtt.engines.scripted import FRAGMENT, Script, Scripted
from tests.engines.sound import chunks, finals, hear, silence
from tests.harness.aio import run


async def endless(pcm: bytes) -> AsyncIterator[Chunk]:
    """Yield `pcm`, then wait for ever like a capture whose room is silent and whose line is cut."""
    async for chunk in chunks(pcm):
        yield chunk
    await asyncio.Event().wait()


def test_a_final_after_a_few_words_or_a_pause() -> None:
    """Lines are as long as the script says, and a pause ends one early."""
    pcm = encode(range(7)) + silence(1.2) + encode([7]) + silence(0.2)
    reports = run(hear(Scripted(Script(words_per_final=3)), chunks(pcm)))
    assert finals(reports) == ["w0 w1 w2", "w3 w4 w5", "w6", "w7"]


def test_partials_grow_and_all_but_the_newest_word_are_stable() -> None:
    """A word is promised only when the next one has come."""
    reports = run(hear(Scripted(), chunks(encode(range(4)) + silence(1))))
    partials = [heard for heard in reports if not heard.final and heard.text]
    assert [heard.text for heard in partials] == ["w0", "w0 w1", "w0 w1 w2", "w0 w1 w2 w3"]
    assert [[word.stable for word in heard.words] for heard in partials[:3]] == [
        [False],
        [True, False],
        [True, True, False],
    ]


def test_guesses_are_taken_back() -> None:
    """With `guess`, the newest word is wrong at first and right in the next report."""
    reports = run(hear(Scripted(Script(guess=True)), chunks(encode([8, 9]) + silence(1))))
    assert [heard.text for heard in reports if heard.text] == ["x8", "w8 x9", "w8 w9"]


def test_a_line_is_open_before_its_first_word() -> None:
    """What is being listened to is never settled: the report comes with the sound, not with the word."""
    reports = run(hear(Scripted(), chunks(silence(1) + encode([1])[:4000])))
    assert (reports[0].final, reports[0].text, abs(reports[0].start - RATE) < RATE // 50) == (False, "", True)


def test_sound_that_is_no_word_closes_its_line_empty() -> None:
    """A click leaves nothing open, or the session would never be settled."""
    reports = run(hear(Scripted(), chunks(silence(0.5) + encode([1])[:300] + silence(1), windows=1)))
    assert [(heard.final, heard.text) for heard in reports] == [(False, ""), (True, "")]


def test_a_cut_word_is_a_fragment() -> None:
    """Lost sound is visible: neither silence nor a wrong number."""
    reports = run(hear(Scripted(), chunks(encode([1])[4000:] + encode([2]) + silence(1))))
    assert finals(reports) == [f"{FRAGMENT} w2"]


def test_results_come_late_by_the_clock() -> None:
    """With a lag nothing is reported before it has passed, and the stream ends after the last report."""

    async def main() -> None:
        engine, reports = Scripted(Script(lag=0.5)), list[tuple[float, Heard]]()
        clock = asyncio.get_running_loop().time
        began = clock()
        sound = chunks(encode([1]) + silence(1))
        await engine.transcribe(Request("r", "s", "en"), sound, lambda heard: reports.append((clock(), heard)))
        assert finals([heard for _, heard in reports]) == ["w1"]
        assert min(at for at, _ in reports) >= began + 0.5

    run(main())


def test_jitter_is_bounded_and_repeatable() -> None:
    """Word times are wrong as told, and the same in every run of one seed."""
    pcm = encode(range(20)) + silence(1)
    exact = [w for h in run(hear(Scripted(), chunks(pcm))) if h.final for w in h.words]
    wrong, again = (
        [w for h in run(hear(Scripted(Script(jitter=0.1, seed=4)), chunks(pcm))) if h.final for w in h.words]
        for _ in range(2)
    )
    assert wrong == again
    assert wrong != exact
    assert all(abs(a.start - b.start) <= RATE // 10 for a, b in zip(exact, wrong, strict=True))


def test_an_error_in_the_sound_loses_the_stream_once() -> None:
    """The words before it stand; heard again, the same place does no harm, another session's does."""

    async def main() -> None:
        engine, pcm = Scripted(), encode([1, 2, "error", 3]) + silence(1)
        reports: list[Heard] = []
        with pytest.raises(EngineError) as loss:
            await engine.transcribe(Request("r", "s", "en"), chunks(pcm), reports.append)
        assert loss.value.retry
        assert finals(reports) == ["w1 w2"]
        assert finals(await hear(engine, chunks(pcm))) == ["w1 w2", "w3"]
        with pytest.raises(EngineError):
            await hear(engine, chunks(pcm), session="another")

    run(main())


def test_refusal_is_final() -> None:
    """The server must not try again for ever where that cannot help."""
    with pytest.raises(EngineError) as loss:
        run(hear(Scripted(), chunks(encode(["refuse"]) + silence(1))))
    assert not loss.value.retry


def test_mute_hides_words_until_speak() -> None:
    """An engine that takes sound and says nothing is alive and useless; both ends are known to the sample."""
    pcm = encode([1, "mute", 2, 3, "speak", 4]) + silence(1)
    assert finals(run(hear(Scripted(), chunks(pcm)))) == ["w1", "w4"]


def test_a_dead_stream_takes_nothing_and_says_nothing() -> None:
    """Like a connection that died without a word: only the server's own watch can tell."""

    async def main() -> None:
        taken, reports = 0, list[Heard]()

        async def counted() -> AsyncIterator[Chunk]:
            nonlocal taken
            async for chunk in chunks(encode([1, "die", 2, 3]) + silence(60)):
                taken += 1
                yield chunk

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await Scripted().transcribe(Request("r", "s", "en"), counted(), reports.append)
        assert finals(reports) == ["w1"]
        assert taken < 20

    run(main())


def test_commands_from_a_test_reach_the_streams_of_one_room() -> None:
    """A test in the same process fails one room and leaves the other alone, even while no sound comes."""

    async def main() -> None:
        engine, spoken = Scripted(), asyncio.Event()
        sound = endless(encode([1]) + silence(1))

        async def failing() -> None:
            with pytest.raises(EngineError):
                await engine.transcribe(
                    Request("a", "s", "en"), sound, lambda heard: spoken.set() if heard.final else None
                )

        async with asyncio.TaskGroup() as group:
            stream = group.create_task(failing())
            await spoken.wait()
            engine.command("error", room="b")
            await asyncio.sleep(0.05)
            assert not stream.done()
            engine.command("error", room="a")
        with pytest.raises(UsageError):
            engine.command("explode")

    run(main())


def test_failures_by_script_strike_only_so_many_streams() -> None:
    """`error_after=2,times=1`: the first stream is lost after two seconds of sound, the next ones live."""

    async def main() -> None:
        engine = Scripted(Script.parse("error_after=2, times=1"))
        pcm = encode(range(10)) + silence(1)
        reports: list[Heard] = []
        with pytest.raises(EngineError):
            await engine.transcribe(Request("r", "s", "en"), chunks(pcm), reports.append)
        assert finals(reports) == ["w0 w1 w2 w3 w4"]
        assert finals(await hear(engine, chunks(pcm))) == ["w0 w1 w2 w3 w4", "w5 w6 w7 w8 w9"]

    run(main())


def test_a_script_is_read_from_text() -> None:
    """As the environment variable carries it; nonsense is refused with the names there are."""
    script = Script.parse("lag=0.3,words_per_final=4,guess=1,seed=7")
    assert script == Script(lag=0.3, words_per_final=4, guess=True, seed=7)
    assert Script.parse("") == Script()
    for nonsense in ("lag", "lag=soon", "log=1", "words_per_final=inf"):
        with pytest.raises(UsageError, match="words_per_final"):
            Script.parse(nonsense)
