from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.clock import ANCHORS_MAX, Anchors
from tests.core.making import unhurried


def test_one_anchor_means_real_time_before_and_after_it() -> None:
    """A capture that never says more is believed to run at 16 kHz."""
    anchors = Anchors(10 * RATE, 1000.0)
    assert anchors.at(10 * RATE) == 1000.0
    assert anchors.at(12 * RATE) == 1002.0
    assert anchors.at(7 * RATE) == 997.0


def test_time_is_linear_between_anchors_and_real_beyond_the_last() -> None:
    """A source whose crystal is 1 % slow is placed right all the same (SESSIONS 19)."""
    anchors = Anchors(0, 1000.0)
    anchors.add(10 * RATE, 1010.1)
    anchors.add(20 * RATE, 1020.3)
    assert anchors.at(5 * RATE) == pytest.approx(1005.05)
    assert anchors.at(10 * RATE) == pytest.approx(1010.1)
    assert anchors.at(15 * RATE) == pytest.approx(1015.2)
    assert anchors.at(21 * RATE) == pytest.approx(1021.3)


@pytest.mark.parametrize(("sample", "at"), [(9 * RATE, 1011.0), (10 * RATE, 1011.0), (11 * RATE, 1009.0)])
def test_an_anchor_that_goes_back_is_not_believed(sample: int, at: float) -> None:
    """Neither in samples nor in time: captions never change their order by it."""
    anchors = Anchors(0, 1000.0)
    anchors.add(10 * RATE, 1010.0)
    anchors.add(sample, at)
    assert anchors.at(12 * RATE) == 1012.0


@unhurried
@given(
    st.lists(st.tuples(st.integers(0, 2**53), st.floats(0, 1e10)), max_size=20),
    st.lists(st.integers(0, 2**53), min_size=2, max_size=20),
)
def test_time_never_runs_backwards(given_anchors: list[tuple[int, float]], asked: list[int]) -> None:
    """Whatever a capture says, a later sample is not earlier."""
    anchors = Anchors(0, 1000.0)
    for sample, at in given_anchors:
        anchors.add(sample, at)
    times = [anchors.at(sample) for sample in sorted(asked)]
    assert all(b - a >= -1e-3 for a, b in pairwise(times))


def test_a_long_talk_keeps_a_bounded_number_of_anchors() -> None:
    """The newest are kept, and times after them stay right."""
    anchors = Anchors(0, 0.0)
    for n in range(1, 2 * ANCHORS_MAX):
        anchors.add(n * RATE, n * 1.5)
    assert anchors.at(ANCHORS_MAX * RATE * 3 // 2) == pytest.approx(ANCHORS_MAX * 9 / 4)
    first_kept = ANCHORS_MAX
    assert anchors.at((first_kept - 2) * RATE) == pytest.approx(first_kept * 1.5 - 2, abs=0.01)
