"""Thousands of random fault schedules in simulated time: the pure parts of rtt, put together, lose and double nothing.

A failure prints its schedule; `python -m tests.system.schedules --count 6000` plays many more, by seed.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.system.schedules.__main__ import main
from tests.system.schedules.faults import Fault, Kind, Schedule, draw
from tests.system.schedules.rules import Rules
from tests.system.schedules.screens import Shown
from tests.system.schedules.verdict import RESIDUE, excused, finals, judge
from tests.system.schedules.world import World

SHARES = st.integers(0, 100).map(lambda percent: percent / 100)
FAULTS = st.builds(Fault, at=SHARES, kind=st.sampled_from(Kind), size=SHARES)
SCHEDULES = st.builds(
    Schedule,
    seed=st.integers(0, 2**32 - 1),
    seconds=st.integers(60, 120),
    jitter=st.sampled_from((0.0, 0.1, 0.2)),
    pace=st.sampled_from((1.0, 3.0)),
    second_voice=st.just(False),
    faults=st.lists(FAULTS, max_size=5).map(tuple),
)
HEARD_ONCE = (
    Kind.CUT,
    Kind.HOLE,
    Kind.NO_ACKS,
    Kind.LEFT,
    Kind.ENGINE_LATE,
    Kind.ENGINE_STALLS,
    Kind.SHORT_GAP,
    Kind.LONG_GAP,
    Kind.SKIP,
    Kind.CAPTURE_KILLED,
    Kind.SLOW_DISK,
    Kind.SCREENS_LEAVE,
)
"""Faults after which nothing has to be heard again."""


def play(schedule: Schedule, rules: Rules | None = None) -> World:
    """Return the world at the end of a schedule."""
    world = World(schedule, rules or Rules())
    world.run()
    return world


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEDULES)
def test_no_schedule_of_faults_loses_or_doubles_a_final(schedule: Schedule) -> None:
    """Every word said is in the archive and on every screen once and in order, or in an announced gap.

    One thing is known and counted by the script: a word beside an equal one, with its time wrong, may be lost.
    """
    wrong = judge(play(schedule))
    wrong.pop(RESIDUE, None)
    assert not wrong


def test_two_voices_at_once_survive_all_that_needs_no_second_hearing() -> None:
    """Overlapping lines come out whole and once, in the order in which they began."""
    broken = {seed: judge(play(draw(seed, kinds=HEARD_ONCE, second_voice=True))) for seed in range(30)}
    assert not {seed: wrong for seed, wrong in broken.items() if wrong}


def test_a_second_hearing_of_two_voices_at_once_harms_few_words() -> None:
    """Lines that overlap may be cut elsewhere in a second hearing, and then some of their words are not told apart.

    It is a known weakness, kept within bounds here: under one word in 300 of such talks.
    """
    said = harmed = 0
    for seed in range(30):
        world = play(draw(seed, kinds=(Kind.ENGINE_LOST, Kind.KILLED), second_voice=True))
        said += len(world.talk.words)
        wrong = judge(world)
        wrong.pop("a screen differs", None)
        harmed += sum(len(each) for each in wrong.values())
    assert said > 4000
    assert harmed * 300 < said


REHEARD = (Kind.ENGINE_LOST, Kind.ENGINE_MUTE, Kind.KILLED, Kind.KILLED_WRITING)
NEEDED: dict[str, tuple[Kind, ...]] = {
    "rehearing": REHEARD,
    "watermark": REHEARD,
    "edges": (Kind.SHORT_GAP, Kind.LONG_GAP, Kind.DRAIN),
    "fence": (Kind.ENGINE_MUTE,),
    "order": (Kind.ENGINE_LATE,),
    "verdicts": (Kind.KILLED, Kind.ENGINE_LOST, Kind.ENGINE_LATE),
    "synced": (Kind.POWER, Kind.SLOW_DISK),
    "epochs": (Kind.POWER,),
}
"""Each rule with the faults it is there for."""


@pytest.mark.parametrize("rule", NEEDED)
def test_every_rule_is_needed(rule: str) -> None:
    """A schedule that goes well breaks when the rule is taken away."""
    for seed in range(400):
        schedule = draw(seed, kinds=NEEDED[rule], second_voice=False)
        if judge(play(schedule, Rules(**{rule: False}))) and not judge(play(schedule)):
            return
    pytest.fail(f"no schedule needs the rule {rule!r}: it is not played as it should be")


def test_a_talk_without_faults_is_whole_on_every_screen() -> None:
    """What is played is a real talk: many words, many finals, some heard while others were open."""
    world = play(Schedule(1, 90, 0.2, 1.0, True, ()))
    assert not judge(world)
    shown = [index for number in finals(world) for index in world.published[number].words]
    assert sorted(shown) == [word.index for word in world.talk.words]
    assert len(shown) > 150
    assert len(finals(world)) > 15
    assert [one.number for one in world.screens[0].pages[-1]] == list(range(1, len(finals(world)) + 1))


def test_the_verdict_sees_what_is_wrong() -> None:
    """A word that is missing, there twice, or on one screen only does not pass."""
    world = play(Schedule(1, 60, 0.0, 1.0, False, ()))
    page = world.screens[0].pages[0]
    first, second = page[0], page[1]
    page[1] = Shown(first.epoch, first.number, first.text)
    assert "a screen differs" in judge(world)
    page[1] = second
    assert not judge(world)
    last = world.disk.lines.pop(-2)
    assert set(judge(world)) & {"lost", RESIDUE}
    world.disk.lines += [last, last]
    assert "twice" in judge(world)


def test_only_words_in_announced_gaps_are_excused() -> None:
    """The excuse reaches 0.6 s and the engine's error beyond a gap, no further."""
    world = play(Schedule(3, 60, 0.0, 1.0, False, (Fault(0.5, Kind.LONG_GAP, 0.5),)))
    assert not judge(world)
    ((start, end),) = world.capture.gaps
    forgiven = [word for word in world.talk.words if excused(world, word)]
    assert forgiven
    assert all(start - 16_000 < word.end and word.start < end + 16_000 for word in forgiven)


def test_the_script_counts_and_names_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit code says whether a schedule broke; a seed can be played alone."""
    assert main(["--count", "5", "--voices", "1"]) == 0
    assert "0 of      5 broken  all" in capsys.readouterr().out
    assert main(["--count", "10", "--kind", "engine lost", "--without", "rehearing"]) == 1
    assert "twice, seeds [" in capsys.readouterr().out
    assert main(["--seed", "4", "--kind", "cut", "--voices", "1"]) == 0
    assert "Schedule(seed=4" in capsys.readouterr().out
