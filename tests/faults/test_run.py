"""The short form of `make faults`: every kind of fault, over both engines, all runs at the same time."""

import asyncio

import pytest

from tests.faults.lanes import play, total
from tests.faults.run import Outcome
from tests.faults.schedule import OF_ENGINE, SCRIPTED, TRANSCRIBE, WORLD, Fault, Schedule, draw

JITTER = 0.1
"""Seconds by which the engine's word times are wrong."""
# Of all seeds in a row that come round to every kind, those whose hands take the least time.
SHORT = [
    *(draw(seed, SCRIPTED, seconds=25, count=9, longest=5.0) for seed in range(252, 255)),
    *(draw(seed, TRANSCRIBE, seconds=25, count=10, longest=5.0) for seed in range(748, 752)),
    Schedule(0, SCRIPTED, (Fault("kill-capture", 6.0, 2.0), Fault("kill-server", 14.0, 1.0)), 20.0, live=True),
]
DEAF = Schedule(1, SCRIPTED, (Fault("engine-mute", 4.0),), 8.0, live=False)
"""A run that loses words: its engine hears nothing from the fourth second on."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Play every run at the same time, and return what came of it."""
    return asyncio.run(play([*SHORT, DEAF], lanes=len(SHORT) + 1, jitter=JITTER))


def test_the_short_form_leaves_no_kind_of_fault_out() -> None:
    """What is dealt to its seeds is all there is."""
    dealt = {(schedule.engine, fault.name) for schedule in SHORT for fault in schedule.faults}
    every = {(engine, name) for engine in OF_ENGINE for name in (*WORLD, *OF_ENGINE[engine])}
    assert dealt == every | {(SCRIPTED, "kill-capture")}


def test_faults_lose_and_double_nothing(outcomes: list[Outcome]) -> None:
    """Through real processes: every screen, the journal and the transcript hold every word once, in order."""
    good = [outcome for outcome in outcomes if outcome.schedule is not DEAF]
    bad = [f"{outcome.line}\n{outcome.story}" for outcome in good if outcome.wrong]
    assert not bad, "\n\n".join([*bad, total(good, JITTER)])
    struck = sum(len(outcome.struck) for outcome in good)
    planned = sum(len(schedule.faults) for schedule in SHORT)
    assert struck >= planned * 3 // 4, total(good, JITTER)


def test_only_what_nobody_captured_is_missing(outcomes: list[Outcome]) -> None:
    """A capture that was killed announces a gap; where none was killed there is none."""
    for outcome in outcomes:
        killed = "kill-capture" in outcome.struck
        assert (outcome.excused > 0) == killed, outcome.line


def test_a_loss_is_told(outcomes: list[Outcome]) -> None:
    """An engine that goes deaf loses words: the runner says which are missing, and where."""
    outcome = next(outcome for outcome in outcomes if outcome.schedule is DEAF)
    assert "WRONG" in outcome.line
    for place in ("transcript.json", "journal", "steady screen", "struck screen", "late screen", "display"):
        assert any(sentence.startswith(f"{place}: lost: w") for sentence in outcome.wrong), outcome.line
    assert "engine-mute begins" in outcome.story
