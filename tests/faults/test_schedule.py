"""The seed decides everything, and seeds in a row leave no kind of fault out."""

import pytest

from tests.faults.acts import ACTS
from tests.faults.schedule import ENGINES, OF_ENGINE, OPTIONAL, REST, WORLD, draw, kinds


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_gives_the_same_schedule_again(engine: str) -> None:
    """The seed of a failure reproduces it; another one is another schedule."""
    assert draw(7, engine) == draw(7, engine)
    assert draw(7, engine) != draw(8, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [3, 5, 8])
def test_seeds_in_a_row_come_round_to_every_kind(engine: str, count: int) -> None:
    """One pass through the deck holds every kind there is."""
    hands = -(-len(kinds(engine)) // count)
    for begin in (0, hands, 4 * hands):
        dealt = {fault.name for seed in range(begin, begin + hands) for fault in draw(seed, engine, count=count).faults}
        assert dealt == set(kinds(engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_two_faults_of_one_part_never_overlap(engine: str) -> None:
    """What is being mended is not broken again at once; everything else may go wrong at the same time."""
    together = 0
    for seed in range(200):
        schedule = draw(seed, engine, count=8)
        known = kinds(engine)
        for first in schedule.faults:
            for second in schedule.faults:
                if first is second or second.at < first.at:
                    continue
                free = first.at + first.seconds + known[first.name].after + REST
                if set(known[first.name].parts) & set(known[second.name].parts):
                    assert second.at >= free - 0.1, schedule
                together += second.at < first.at + first.seconds
        assert max(fault.at + fault.seconds for fault in schedule.faults) < schedule.seconds
    assert together > 100


def test_nothing_lasts_longer_than_asked() -> None:
    """The short form is short."""
    lengths = [fault.seconds for seed in range(60) for fault in draw(seed, "scripted", longest=6.0).faults]
    assert max(lengths) <= 6.0
    assert max(fault.seconds for seed in range(60) for fault in draw(seed, "scripted").faults) > 20.0


def test_faults_that_are_off_stay_off_until_asked_for() -> None:
    """A capture is killed only where its sound is spooled, and words are lost only to see that it is told."""
    quiet = {fault.name for seed in range(40) for fault in draw(seed, "scripted").faults}
    asked = {fault.name for seed in range(40) for fault in draw(seed, "scripted", extra=["kill-capture"]).faults}
    assert asked - quiet == {"kill-capture"}
    with pytest.raises(ValueError, match="kill-capture"):
        draw(1, "scripted", extra=["kill-audience"])


def test_every_kind_is_acted_and_every_act_is_a_kind() -> None:
    """No fault of a schedule does nothing, and none is forgotten."""
    every = {**WORLD, **OPTIONAL, **OF_ENGINE["scripted"], **OF_ENGINE["transcribe"]}
    links = {"slow-screens", "refuse-screens"}  # made with the capture's, and not used: screens have others like them
    assert set(ACTS) - links == set(every)
