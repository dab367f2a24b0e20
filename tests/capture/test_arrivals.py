from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.capture.arrivals import CONFIRM, LATE, Arrivals, Block

STEP = 0.1
"""Seconds of a block."""
PATH = 5.13
"""Seconds a block takes to come, whatever it is."""


def blocks(times: Iterable[float], flagged: Sequence[int] = ()) -> list[Block]:
    """Return blocks that come at `times`, each with its number as its sound."""
    return [Block(bytes([n]), STEP, PATH + at, n in flagged) for n, at in enumerate(times)]


def told(arrivals: Arrivals, taken: Iterable[Block]) -> list[int | float]:
    """Return numbers of blocks, and between them the seconds that were lost."""
    found = [item for block in taken for item in arrivals.push(block)] + arrivals.flush()
    return [item.pcm[0] if isinstance(item, Block) else round(item, 6) for item in found]


def test_what_comes_in_time_goes_on_at_once() -> None:
    """Nothing is held where nothing is wrong, jitter of half a block included."""
    arrivals = Arrivals()
    for block in blocks([0, 0.13, 0.21, 0.3, 0.45, 0.5]):
        assert arrivals.push(block) == [block]


def test_what_was_only_late_is_no_gap() -> None:
    """A busy second: the blocks that stood in line come at once, in order, and nothing is announced."""
    arrivals = Arrivals()
    times = [0, 0.1, 0.2] + [0.95] * 7 + [1.0, 1.1]
    assert told(arrivals, blocks(times)) == list(range(12))


@pytest.mark.parametrize("outage", [0.3, 0.9, 40, 28_800])
def test_an_outage_nobody_flags_is_a_gap_of_its_length_before_the_block_after_it(outage: float) -> None:
    """A stalled sound server, a stopped process, a laptop that slept for a night."""
    times = [STEP * n + (outage if n >= 4 else 0) for n in range(20)]
    assert told(Arrivals(), blocks(times)) == [0, 1, 2, 3, outage, *range(4, 20)]


def test_a_late_block_is_held_until_it_is_known() -> None:
    """Half a second, and no longer."""
    arrivals = Arrivals()
    times = [STEP * n + (0.7 if n >= 3 else 0) for n in range(12)]
    held = [len(arrivals.push(block)) for block in blocks(times)]
    wait = round(CONFIRM / STEP)
    assert held[:3] == [1, 1, 1]
    assert held[3 : 3 + wait] == [0] * wait
    assert held[3 + wait] == wait + 2
    assert held[4 + wait :] == [1] * (12 - 4 - wait)


def test_what_a_buffer_saved_of_an_outage_is_not_announced() -> None:
    """The sound system stood still for two seconds and kept the last one: one second is lost."""
    times = [0, 0.1, 0.2] + [2.3] * 10 + [2.3 + STEP * n for n in range(1, 10)]
    found = told(Arrivals(), blocks(times))
    assert [item for item in found if isinstance(item, int)] == list(range(22))
    assert sum(item for item in found if isinstance(item, float)) == pytest.approx(1.1)


def test_a_loss_the_sound_system_tells_of_is_measured_however_short() -> None:
    """Its word is taken for it that there was one; the clock says how long it was."""
    times = [STEP * n + (0.08 if n >= 2 else 0) for n in range(10)]
    assert told(Arrivals(), blocks(times, flagged=[2])) == [0, 1, 0.08, *range(2, 10)]
    assert told(Arrivals(), blocks(times)) == list(range(10))
    assert told(Arrivals(), blocks([STEP * n for n in range(10)], flagged=[4])) == list(range(10))
    assert told(Arrivals(), blocks([0.0], flagged=[0])) == [0]


def test_two_outages_close_to_each_other_are_two_gaps() -> None:
    """The second is not taken into the first."""
    times = [STEP * n + (0.5 if n >= 2 else 0) + (0.8 if n >= 4 else 0) for n in range(20)]
    assert told(Arrivals(), blocks(times)) == [0, 1, 0.5, 2, 3, 0.8, *range(4, 20)]


def test_sound_that_came_and_was_not_kept_is_not_counted_as_lost_twice() -> None:
    """What fell out of our own queue did arrive."""
    arrivals = Arrivals()
    first, second = blocks([0.1, 0.9])
    arrivals.push(first)
    arrivals.skip(0.7)
    assert arrivals.push(second) == [second]


@pytest.mark.parametrize("drift", [-0.001, -0.0001, 0.0001, 0.001])
def test_a_sound_card_with_a_clock_of_its_own_makes_no_gap(drift: float) -> None:
    """An hour at up to 1000 parts in a million, fifty times what sound cards do: 3.6 s apart, and no gap."""
    arrivals = Arrivals()
    for n in range(36_000):
        block = Block(b"", STEP, STEP * n * (1 + drift), False)
        assert arrivals.push(block) == [block]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(15, 60), st.sampled_from([0.0, 0.4, 0.75, 3.0, 600.0])), min_size=1, max_size=8),
    st.lists(st.floats(0, 0.09), min_size=7, max_size=7),
    st.floats(-0.0003, 0.0003),
)
def test_gaps_are_where_the_outages_were_and_right_to_a_fifth_of_a_second(
    stretches: list[tuple[int, float]], jitter: list[float], drift: float
) -> None:
    """With a path that trembles, and a clock that drifts: as many gaps as outages, each of its length."""
    at, number, times, expected = 0.0, 0, [], {}
    for count, outage in stretches:
        if number and outage:
            expected[number] = outage
            at += outage
        for _ in range(count):
            at += STEP * (1 + drift)
            times.append(at + jitter[number % 7])
            number += 1
    arrivals, found, seen = Arrivals(), {}, 0
    items = [item for when in times for item in arrivals.push(Block(b"", STEP, when, False))] + arrivals.flush()
    for item in items:
        if isinstance(item, Block):
            seen += 1
        else:
            found[seen] = item
    assert seen == number
    assert found.keys() == expected.keys()
    assert all(abs(found[place] - expected[place]) <= LATE for place in found)
