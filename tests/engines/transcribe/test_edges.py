"""Words that a change or loss of streams cuts: on the wire, no piece of one is ever shown, and none is lost.

The service here hears a piece of a word as a word of its own, as a real one does ("conf" for "conference"): SESSIONS 11
and 15.
"""

import asyncio

import pytest

from rtt.core.caption import RATE
from rtt.core.ledger import Span
from rtt.engines.transcribe.engine import Transcribe
from rtt.engines.transcribe.options import Limits
from tests.emulator.running import Emulator
from tests.engines.transcribe.sound import Stand, options, said
from tests.harness.aio import run

pytestmark = pytest.mark.parametrize("transport", ["websocket", "http2"])
LIMITS = Limits(open=2.0, send=2.0, mute=1.5, finish=2.0, quiet=0.3, quiet_in_voice=0.6, roll_pause=1.0)
PIECE = "~wor"
PERIOD = len(said([0])) // 2
"""Samples from the beginning of a word to that of the next."""


@pytest.fixture(autouse=True)
def hears_pieces(service: Emulator) -> None:
    service.set(fragment=PIECE)


def stand(transport: str, **changes: object) -> Stand:
    return Stand(Transcribe(options(transport=transport, **{"region": "", "limits": LIMITS, "pace": 20.0, **changes})))


def pieces(service: Emulator) -> list[int]:
    """Return how many pieces of words each stream was made to hear."""
    return [stream["fragments"] for stream in service.state()["streams"]]


def never_shown(stand: Stand) -> bool:
    """Tell whether no screen saw a piece, partials and what is shown of them as stable included."""
    return not any(PIECE in caption.text + caption.stable + caption.rest for caption in stand.shown)


def names(*numbers: int) -> list[str]:
    return [f"w{number}" for number in numbers]


@pytest.mark.parametrize("limit", [2.1, 2.27, 2.4])
def test_a_forced_change_in_the_middle_of_a_word(service: Emulator, transport: str, limit: float) -> None:
    """Nobody pauses, so the old stream ends and the new one begins in a word: each word comes whole and once."""
    talk = stand(transport, limit_seconds=limit)
    run(talk.hear(said(range(30))), 60)
    assert talk.words() == names(*range(30))
    assert talk.told == []
    assert len(pieces(service)) > 2
    assert pieces(service)[0] == 1, "the cut lay between two words: this proves nothing"
    assert sum(stream["words"] for stream in service.state()["streams"]) > 30 + len(pieces(service))
    assert never_shown(talk)


@pytest.mark.parametrize("kind", ["rst", "end", "mute"])
@pytest.mark.parametrize("after", [5.1, 5.3])
def test_a_stream_lost_in_the_middle_of_a_word(service: Emulator, transport: str, kind: str, after: float) -> None:
    """What is heard again begins 3 s before the watermark, wherever that lies: its first piece is not shown."""
    # The finals end where the words do: odd times of words put the beginning of the second hearing into one.
    service.set(jitter=0.1, seed=7)
    service.fault(kind, after=after)
    talk = stand(transport)
    run(talk.hear(said(range(30))), 60)
    assert talk.words() == names(*range(30))
    assert len(pieces(service)) == 2
    assert pieces(service)[1] == 1, "it began between two words: this proves nothing"
    assert talk.told
    assert never_shown(talk)


@pytest.mark.parametrize("seconds", [0.5, 4.0])
def test_a_gap_that_begins_and_ends_in_a_word(service: Emulator, transport: str, seconds: float) -> None:
    """Half a word on either side is part of the gap, with what lies within 0.6 s; all other words are there."""
    talk = stand(transport)
    first, second = said(range(10)), said(range(20, 30))
    cut = 9 * PERIOD + PERIOD // 3
    gap = Span(cut, cut + round(seconds * RATE), "")
    talk.put(first[: 2 * cut])
    talk.ledger.gap(gap.start, gap.end, gap.why)
    talk.hearing.put_gap(gap)
    talk.put(second[2 * (PERIOD // 3) :])
    talk.hearing.end()
    run(talk.hearing.run(), 60)
    assert sum(pieces(service)) == 2
    assert talk.words() == names(*range(8), *range(22, 30))
    assert never_shown(talk)


@pytest.mark.parametrize("end", [False, True])
def test_sound_that_stays_away_in_the_middle_of_a_word(service: Emulator, transport: str, end: bool) -> None:
    """The service gets silence then, which cuts the word for it: what comes later makes the word whole again."""
    talk = stand(transport)
    pcm = said(range(25))
    cut = 2 * (12 * PERIOD + PERIOD // 3) // 1024 * 1024

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.hearing.run())
            talk.put(pcm[:cut])
            await asyncio.sleep(4.0)
            if not end:
                talk.put(pcm[cut:])
            talk.hearing.end()

    run(work(), 60)
    assert never_shown(talk)
    assert talk.words() == names(*range(11 if end else 25))
    assert talk.told == []
