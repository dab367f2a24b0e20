import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.replay import Replay, Stretch
from rtt.core.wire.bounds import REPLAY_SECONDS
from tests.core.making import unhurried


def sound(start: int, end: int) -> Stretch:
    return Stretch(start, end, bytes(2 * (end - start)))


@unhurried
@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(20, 200), st.integers(0, 100))
def test_every_sample_held_is_found_in_its_stretch(lengths: list[int], most: int, start: int) -> None:
    """What is held is one run without holes that ends with the newest sample and is bounded."""
    replay, at = Replay(start, most), start
    for length in lengths:
        replay.append(sound(at, at + length))
        at += length
    assert replay.end == at
    assert replay.at(replay.start - 1) is None
    assert replay.at(replay.end) is None
    for sample in range(replay.start, replay.end):
        held = replay.at(sample)
        assert held is not None
        assert held.start <= sample < held.end
    assert replay.end - replay.start < most + max(lengths)
    assert replay.end - replay.start >= min(most, sum(lengths))


def test_a_minute_is_held() -> None:
    """The bound of SESSIONS 12: at most 60 s, and not less either."""
    replay = Replay(0)
    for n in range(100):
        replay.append(sound(n * RATE, (n + 1) * RATE))
    assert (replay.start, replay.end) == ((100 - REPLAY_SECONDS) * RATE, 100 * RATE)


def test_a_gap_of_hours_is_one_stretch_without_sound() -> None:
    """It costs nothing, and what was before it is still held: it may not have been heard yet."""
    replay = Replay(0)
    replay.append(sound(0, 100))
    replay.append(Stretch(100, 10**12))
    assert replay.start == 0
    gap = replay.at(10**11)
    assert gap is not None
    assert gap.pcm == b""


def test_forgetting_drops_whole_stretches_only() -> None:
    """The one that holds the sample stays, for hearing begins there."""
    replay = Replay(0)
    replay.append(sound(0, 100))
    replay.append(sound(100, 200))
    replay.forget_before(99)
    assert replay.start == 0
    replay.forget_before(150)
    assert replay.start == 100
    replay.forget_before(500)
    assert replay.start == replay.end == 200
    assert replay.at(200) is None
    replay.append(sound(200, 300))
    assert replay.at(250) == sound(200, 300)


def test_sound_is_only_taken_where_the_last_ended() -> None:
    """A hole in it would be heard as if nothing were missing."""
    with pytest.raises(AssertionError):
        Replay(0).append(sound(10, 20))
