from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE, Heard, Word
from rtt.core.guard import FASTEST, PHRASE_WORDS, REPEATS, Guard, Reason, Rules, cut_edges
from rtt.core.voice import VoiceTimeline
from tests.core.making import heard, samples, timeline, unhurried, unplaced, word, words

EXACT = Rules(time_error=0)
SURE = Rules(time_error=0, confidence_floor=0.5)
INVENTS = Rules(time_error=0, invents=True)


def shown(guard: Guard, report: Heard) -> str:
    """Return the text that passes."""
    verdict = guard.judge(report)
    return verdict.shown.text if verdict.shown else ""


def test_a_word_in_voice_passes_and_one_outside_does_not() -> None:
    """The anchor: never a word without a voice."""
    guard = Guard(EXACT, timeline((2.016, 4.0)))
    verdict = guard.judge(heard(word("before", 1), word("in", 2.5), word("it", 3), word("after", 5)))
    assert verdict.shown is not None
    assert verdict.shown.text == "in it"
    assert (verdict.withheld, verdict.reason) == (2, Reason.NO_VOICE)


def test_half_of_a_word_in_voice_is_enough_and_less_is_not() -> None:
    """Measured on its span: 0.5 s of voice within."""
    voice = timeline((2.016, 4.0))
    begin = voice.next_voice(0)
    assert begin is not None
    half = Word("half", begin - 4000, begin + 4000)
    less = Word("less", begin - 4001, begin + 3999)
    assert shown(Guard(EXACT, voice), heard(half)) == "half"
    assert shown(Guard(EXACT, voice), heard(less)) == ""


def test_the_voice_is_widened_by_the_engines_error_in_time() -> None:
    """On both sides, and by no more than the engine declares (SESSIONS 29)."""
    voice = timeline((2.016, 4.0))
    early, late = word("early", 1.65, 1.95), word("late", 4.05, 4.35)
    for time_error, text in ((0.0, ""), (0.1, ""), (0.3, "early late")):
        assert shown(Guard(Rules(time_error=samples(time_error)), voice), heard(early, late)) == text
    assert shown(Guard(Rules(time_error=samples(0.3)), voice), heard(word("far", 5))) == ""


@pytest.mark.parametrize("span", [(3.0, 3.0), (3.5, 3.0)])
def test_a_word_without_a_span_has_no_voice(span: tuple[float, float]) -> None:
    """An engine whose times make no sense is not believed."""
    assert shown(Guard(EXACT, timeline((2, 4))), heard(word("x", *span))) == ""


def test_a_word_beyond_what_was_listened_to_is_withheld() -> None:
    """Sound that nobody measured is no voice."""
    assert shown(Guard(EXACT, timeline((2, 4), until=4)), heard(word("in", 3), word("beyond", 5))) == "in"


def test_what_the_first_half_second_holds_is_never_a_reason_to_show() -> None:
    """The detector has no past yet: what lies wholly inside does not count, what goes on does (SESSIONS 29)."""
    assert shown(Guard(EXACT, timeline((0, 0.4))), heard(word("click", 0.05))) == ""
    assert shown(Guard(EXACT, timeline((0, 2))), heard(word("speech", 0.05))) == "speech"
    again = timeline((2, 4), until=10)
    again.skip_to(samples(20))
    for probability in [1.0] * 10 + [0.0] * 100:
        again.push(probability)
    assert shown(Guard(EXACT, again), heard(word("in", 3), word("click", 20.05))) == "in"


def test_text_that_no_word_stands_for_is_not_shown() -> None:
    """It has no time, and so no voice."""
    guard = Guard(EXACT, timeline((2, 4)))
    verdict = guard.judge(heard(word("in", 3), text="in and more"))
    assert verdict.shown is not None
    assert (verdict.shown.text, verdict.withheld) == ("in", 2)


def test_an_engine_without_word_times_is_judged_by_the_segment() -> None:
    """At least half of it in voice (SESSIONS 29)."""
    guard = Guard(Rules(word_times=False, time_error=0), timeline((2, 4)))
    assert shown(guard, unplaced("this was said", 2.0, 5.0)) == "this was said"
    verdict = guard.judge(unplaced("this was not", 3.5, 6.0))
    assert (verdict.shown, verdict.withheld, verdict.reason) == (None, 3, Reason.NO_VOICE)


def test_its_words_must_fit_into_the_voice() -> None:
    """At most five a second of voice; one word always fits."""
    guard = Guard(Rules(word_times=False, time_error=0), timeline((2, 4), (10, 11), until=12))
    fits = " ".join("w" * round(FASTEST * 1.9))
    assert shown(guard, unplaced(fits, 2, 4)) == fits
    verdict = guard.judge(unplaced(" ".join("w" * 11), 2, 4))
    assert (verdict.shown, verdict.withheld, verdict.reason) == (None, 11, Reason.TOO_FAST)
    assert shown(guard, unplaced("yes", 10.5, 10.6)) == "yes"


def test_low_confidence_withholds_the_whole_final() -> None:
    """That is what a wrong language looks like, and its mean is of all words, those without voice too."""
    guard = Guard(SURE, timeline((2, 4)))
    verdict = guard.judge(heard(word("sure", 2.5, confidence=0.9), word("noise", 6, confidence=0.05)))
    assert (verdict.shown, verdict.withheld, verdict.reason) == (None, 2, Reason.DOUBTFUL)
    assert guard.suspect


def test_a_suspect_room_holds_partials_until_a_final_passes() -> None:
    """Fluent nonsense is not shown unsettled either (SESSIONS 30)."""
    guard = Guard(SURE, timeline((2, 10)))
    partial = heard(word("maybe", 5, confidence=0.9), final=False)
    assert shown(guard, partial) == "maybe"
    guard.judge(heard(word("nonsense", 4, confidence=0.1)))
    assert guard.suspect
    assert shown(guard, partial) == ""
    assert shown(guard, heard(word("sense", 6, confidence=0.8))) == "sense"
    assert not guard.suspect
    assert shown(guard, partial) == "maybe"


def test_noise_tells_nothing_about_the_language() -> None:
    """A final without voice neither makes a room suspect nor frees it."""
    guard = Guard(SURE, timeline((2, 4)))
    verdict = guard.judge(heard(word("noise", 6, confidence=0.1)))
    assert (verdict.withheld, verdict.reason) == (1, Reason.NO_VOICE)
    assert not guard.suspect
    guard.judge(heard(word("nonsense", 3, confidence=0.1)))
    guard.judge(heard(word("noise", 6, confidence=0.9)))
    assert guard.suspect


def test_a_partial_makes_no_room_suspect() -> None:
    """Its confidence is not settled."""
    guard = Guard(SURE, timeline((2, 4)))
    assert shown(guard, heard(word("well", 3, confidence=0.1), final=False)) == "well"
    assert not guard.suspect


def test_an_engine_that_tells_no_confidence_is_not_judged_by_it() -> None:
    """Unknown is not low."""
    assert shown(Guard(SURE, timeline((2, 4))), heard(word("fine", 3))) == "fine"


@pytest.mark.parametrize("phrase", ["Danke.", "thank you", "a b c d e f"])
def test_engines_that_invent_may_not_repeat_themselves(phrase: str) -> None:
    """A phrase of up to six words four times in a row: nobody says that. Three times, somebody does."""
    assert len(phrase.split()) <= PHRASE_WORDS
    voice = timeline((1, 60))
    for times, passes in ((REPEATS - 1, True), (REPEATS, False)):
        report = heard(*words(" ".join([phrase] * times), 2, 1.0))
        assert bool(shown(Guard(INVENTS, voice), report)) is passes
        assert shown(Guard(EXACT, voice), report) == report.text
    outside = (word("outside", 0.2), *report.words)
    verdict = Guard(INVENTS, voice).judge(heard(*outside))
    assert (verdict.withheld, verdict.reason) == (len(outside), Reason.REPEATED)


def test_what_was_withheld_for_another_reason_frees_no_suspect_room() -> None:
    """Only a final that is shown does."""
    guard = Guard(Rules(time_error=0, confidence_floor=0.5, invents=True), timeline((1, 60)))
    guard.judge(heard(word("nonsense", 3, confidence=0.1)))
    guard.judge(heard(*[word("danke", 4 + n, confidence=0.9) for n in range(REPEATS)]))
    assert guard.suspect


def test_engines_that_invent_may_not_speak_faster_than_a_voice() -> None:
    """Also where they tell word times."""
    voice = timeline((2, 4), until=10)
    fast = heard(*words("one two three four five six seven eight nine ten eleven twelve", 2, 0.15))
    assert Guard(INVENTS, voice).judge(fast).reason is Reason.TOO_FAST
    assert Guard(EXACT, voice).judge(fast).withheld == 0


def test_without_a_guard_everything_passes() -> None:
    """--no-guard: no voice is asked for, no confidence, no habit."""
    guard = Guard(Rules(confidence_floor=0.9, invents=True), None)
    report = heard(*[word("so", n, confidence=0.1) for n in range(20)])
    assert guard.judge(report).shown is report
    assert not guard.suspect


def test_a_report_without_text_passes() -> None:
    """It says that nothing was said, or that something may come: there is nothing to withhold."""
    guard = Guard(SURE, timeline())
    guard.suspect = True
    nothing = Heard("l", "", True, 0, RATE)
    assert guard.judge(nothing).shown is nothing
    assert guard.suspect


PLACES = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 20), st.floats(0, 1)), min_size=1, max_size=12)
VOICES = st.lists(st.tuples(st.integers(0, 280), st.integers(3, 60)), max_size=4)


def voiced(stretches: Iterable[tuple[int, int]]) -> VoiceTimeline:
    return timeline(*[(a / 10, (a + b) / 10) for a, b in stretches], until=35)


@unhurried
@given(PLACES, VOICES, st.booleans(), st.booleans(), st.sampled_from([0.0, 0.5]))
def test_every_word_is_shown_or_counted(
    places: list[tuple[int, int, float]],
    stretches: list[tuple[int, int]],
    final: bool,
    invents: bool,
    floor: float,
) -> None:
    """Withheld counts are exact, and no word is shown of which less than half lies in voice."""
    voice = voiced(stretches)
    spoken = [word(f"w{n}", a / 10, (a + b) / 10, c) for n, (a, b, c) in enumerate(places)]
    report = heard(*spoken, final=final)
    guard = Guard(Rules(time_error=0, invents=invents, confidence_floor=floor), voice)
    verdict = guard.judge(report)
    passed = verdict.shown.words if verdict.shown else ()
    assert len(passed) + verdict.withheld == len(spoken)
    assert (verdict.reason is None) == (verdict.withheld == 0)
    assert verdict.shown is None or verdict.shown.text == " ".join(one.text for one in passed)
    assert all(2 * voice.covered(one.start, one.end) >= one.end - one.start for one in passed)


def test_words_that_a_gap_may_have_maimed_are_not_taken() -> None:
    """Where voice went on at its edges: from 0.6 s before, until 0.6 s after (SESSIONS 15)."""
    said = (word("a", 3.0), word("b", 4.2), word("c", 4.8), word("d", 7.1), word("e", 7.55), word("f", 7.7))
    gap = [(samples(5), samples(7))]
    assert [one.text for one in cut_edges(said, gap, timeline((2, 5), (7, 9)))] == ["a", "f"]
    assert [one.text for one in cut_edges(said, gap, timeline((2, 4.5), (7, 9)))] == ["a", "b", "c", "f"]
    assert [one.text for one in cut_edges(said, gap, timeline((2, 5), (7.5, 9)))] == ["a", "d", "e", "f"]
    assert [one.text for one in cut_edges(said, gap, None)] == ["a", "f"]


def test_a_maimed_word_takes_the_rest_of_its_side_with_it() -> None:
    """A suffix goes, not a set: a word placed wrongly inside it may be the maimed one."""
    said = (word("a", 3.0), word("long", 3.5, 4.6), word("short", 4.1, 4.2), word("b", 7.0), word("c", 8))
    assert [one.text for one in cut_edges(said, [(samples(5), samples(7))], timeline((2, 9)))] == ["a", "c"]


def test_a_cut_elsewhere_takes_nothing() -> None:
    """Neither long before nor long after."""
    voice = timeline((0, 59))
    said = (word("long", 10, 14), word("short", 10.5, 11), word("b", 14.2))
    for at in (3, 20):
        assert cut_edges(said, [(samples(at), samples(at))], voice) == said


def test_a_cut_in_a_pause_doubles_and_loses_nothing() -> None:
    """Not even where the words are not in the order of their middles, as with two speakers."""
    said = (word("long", 10, 14), word("short", 10.5, 11), word("b", 14.2))
    kept = cut_edges(said, [(samples(11.6), samples(11.7))], timeline((9, 11), (13, 15)))
    assert sorted(one.text for one in kept) == ["b", "long", "short"]
