"""From stream time to the session's samples."""

from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.engines.transcribe.streamtime import StreamTime


def test_silence_of_our_own_moves_no_word() -> None:
    """What lies behind inserted silence has the session's time, and the silence itself lies at one sample."""
    time = StreamTime(RATE)
    time.sound(2 * RATE)
    time.silence(5 * RATE)
    time.sound(RATE)
    assert time.session(0.0) == RATE
    assert time.session(1.5) == round(2.5 * RATE)
    assert time.session(4.0) == 3 * RATE
    assert time.session(7.5) == round(3.5 * RATE)
    assert time.session(99.0) == 4 * RATE, "no word lies beyond what was sent"


def test_sound_that_was_left_out_moves_no_word() -> None:
    """Words before and behind it have the session's time, within what was sent."""
    time = StreamTime(0)
    time.sound(2 * RATE)
    time.leave_out(30 * RATE)
    time.sound(RATE)
    assert time.session(1.5) == round(1.5 * RATE)
    assert time.session(2.5) == round(30.5 * RATE)
    assert time.session(99.0) == time.position == 31 * RATE


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3 * RATE)), max_size=30), st.integers(0, 10**6))
def test_time_never_runs_backwards(steps: list[tuple[bool, int]], start: int) -> None:
    """Later in the stream is never earlier in the session, and the ends meet."""
    time = StreamTime(start)
    for real, samples in steps:
        (time.sound if real else time.silence)(samples)
    points = [time.session(time.sent / RATE * part / 50) for part in range(51)]
    assert points == sorted(points)
    assert points[0] == start
    assert points[-1] == time.position == start + sum(samples for real, samples in steps if real)


def test_a_day_of_pauses_takes_no_memory() -> None:
    """Only the newest changes are remembered; old times are not asked for."""
    time = StreamTime(0)
    for _ in range(5000):
        time.sound(1600)
        time.silence(1600)
    assert time.session(time.sent / RATE) == 5000 * 1600
    assert len(time._pieces) <= 1000
