"""Where human voice was, and the segments that are made of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.voice import WINDOW, Closed, GateSettings, Opened, Segmenter, VoiceTimeline

LEVELS = st.sampled_from([0.0, 0.2, 0.34, 0.35, 0.4, 0.5, 0.7, 1.0])
RUNS = st.lists(st.tuples(LEVELS, st.integers(1, 60)), max_size=30)
"""Probabilities as they come: stretches of so many windows."""
STARTS = st.integers(0, 5).map(lambda number: number * 12_345)
SHORT = GateSettings(longest=3.0)


def spread(runs: list[tuple[float, int]]) -> list[float]:
    return [level for level, count in runs for _ in range(count)]


def timeline(probabilities: list[float], start: int = 0, blind: float = 0.0) -> VoiceTimeline:
    made = VoiceTimeline(start=start, blind=blind)
    for probability in probabilities:
        made.push(probability)
    return made


def voiced(probabilities: list[float], gate: GateSettings) -> list[bool]:
    """Return for each window whether it is voice, by the words of the module's docstring."""
    inside = [False] * len(probabilities)
    first, last, cleared = None, 0, 0
    for index, probability in enumerate(probabilities):
        if first is None:
            window = range(max(cleared, index - gate.of + 1), index + 1)
            loud = [at for at in window if probabilities[at] >= gate.threshold]
            if len(loud) >= gate.needed:
                first, last = loud[0], index
        elif probability >= gate.release:
            last = index
        if first is not None:
            inside[first : last + 1] = [True] * (last + 1 - first)
            if (index - last) * WINDOW >= gate.hangover * RATE:
                first, cleared = None, index + 1
    return inside


@given(RUNS, STARTS)
def test_voice_is_what_the_rules_say(runs: list[tuple[float, int]], start: int) -> None:
    """Window by window the same as a second, slower writing of the rules."""
    probabilities = spread(runs)
    made = timeline(probabilities, start)
    for index, inside in enumerate(voiced(probabilities, GateSettings())):
        low = start + index * WINDOW
        assert made.covered(low, low + WINDOW) == (WINDOW if inside else 0)
    assert made.known == start + len(probabilities) * WINDOW


@given(RUNS, STARTS, st.integers(-2000, 60_000), st.integers(0, 60_000), st.integers(0, 6000))
def test_covered_equals_counting(runs: list[tuple[float, int]], start: int, low: int, length: int, widen: int) -> None:
    """Samples of any span that lie in the widened stretches, each counted once."""
    probabilities = spread(runs)
    made = timeline(probabilities, start)
    low, high = start + low, start + low + length
    inside = bytearray(length)
    for index, is_voice in enumerate(voiced(probabilities, GateSettings())):
        if is_voice:
            first = max(start + index * WINDOW - widen, low) - low
            after = min(start + (index + 1) * WINDOW + widen, high) - low
            if after > first:
                inside[first:after] = b"\1" * (after - first)
    assert made.covered(low, high, widen) == sum(inside)


@given(RUNS, STARTS, st.integers(0, 60_000))
def test_forgetting_the_past_changes_nothing_later(runs: list[tuple[float, int]], start: int, sample: int) -> None:
    """A long talk does not grow, and what is still held is still true."""
    probabilities = spread(runs)
    half = len(probabilities) // 2
    whole, lean = timeline(probabilities, start), timeline(probabilities[:half], start)
    lean.forget_before(start + sample)
    for probability in probabilities[half:]:
        lean.push(probability)
    begin = start + sample
    assert lean.covered(begin, lean.known) == whole.covered(begin, whole.known)
    assert lean.next_voice(begin) == whole.next_voice(begin)


def test_the_first_half_second_alone_shows_nothing() -> None:
    """A detector without a past may err: what lies wholly in its first half second does not count."""
    blip = [0.9] * 8 + [0.0] * 40
    assert timeline(blip, blind=0.5).covered(0, RATE) == 0
    assert timeline(blip, blind=0.0).covered(0, RATE) == 8 * WINDOW
    # While it is still open it does not count either, and voice that goes on beyond it counts whole.
    assert timeline([0.9] * 8, blind=0.5).covered(0, RATE) == 0
    assert timeline([0.9] * 40, blind=0.5).covered(0, RATE) == RATE


def test_a_gap_ends_voice_and_leaves_what_was_before_it() -> None:
    """Words said just before a gap keep their voice, though their final comes after it."""
    made = timeline([0.9] * 50, blind=0.5)
    made.skip_to(10 * RATE)
    assert made.covered(0, 10 * RATE) == 50 * WINDOW
    assert not made.open
    for _ in range(8):
        made.push(0.9)
    assert made.covered(0, 20 * RATE) == 50 * WINDOW
    for _ in range(20):
        made.push(0.9)
    assert made.covered(10 * RATE, 20 * RATE) == 28 * WINDOW
    # A blip that the first gap ended within the first half second is not made good by the second gap.
    short = timeline([0.9] * 8, blind=0.5)
    short.skip_to(RATE)
    assert short.covered(0, RATE) == 0


def test_next_voice_and_voice_end() -> None:
    """Where silence ends, and where the voice around a sample ends."""
    made = timeline([0.0] * 10 + [0.9] * 10 + [0.0] * 30)
    assert made.next_voice(0) == 10 * WINDOW
    assert made.next_voice(12 * WINDOW) == 12 * WINDOW
    assert made.next_voice(20 * WINDOW) is None
    assert made.voice_end(12 * WINDOW) == 20 * WINDOW
    assert made.voice_end(5) == 5


def segments(probabilities: list[float], gate: GateSettings, start: int = 0) -> list[tuple[int, int, bool]]:
    """Return (start, end, keep) of each segment; fails unless they open and close in turn."""
    cutter = Segmenter(gate, start)
    events = [event for probability in probabilities for event in cutter.push(probability)] + cutter.finish()
    assert [type(event) for event in events] == [Opened, Closed] * (len(events) // 2)
    pairs = zip(events[::2], events[1::2], strict=True)
    return [(opened.start, closed.end, closed.keep) for opened, closed in pairs]  # type: ignore[union-attr]


@settings(max_examples=200)
@given(RUNS, STARTS)
def test_segments_hold_all_voice_in_order(runs: list[tuple[float, int]], start: int) -> None:
    """Ordered, disjoint, none longer than `longest`, and every window of voice is in one."""
    probabilities = spread(runs)
    found = segments(probabilities, SHORT, start)
    reached = start
    for low, high, _ in found:
        assert reached <= low < high <= start + len(probabilities) * WINDOW
        assert high - low < SHORT.longest * RATE + WINDOW
        reached = high
    for index, inside in enumerate(voiced(probabilities, SHORT)):
        low = start + index * WINDOW
        assert not inside or any(first <= low and low + WINDOW <= after for first, after, _ in found)


@given(RUNS)
def test_what_is_dropped_is_short(runs: list[tuple[float, int]]) -> None:
    """A segment is thrown away only if less than `shortest` of it is voice."""
    probabilities = spread(runs)
    inside = voiced(probabilities, SHORT)
    for low, high, keep in segments(probabilities, SHORT):
        voice = sum(inside[low // WINDOW : high // WINDOW]) * WINDOW
        assert keep or voice < SHORT.shortest * RATE


def test_a_segment_begins_before_its_voice() -> None:
    """The pre-roll saves the first consonant; where voice comes at once there is none to take."""
    preroll = round(0.32 * RATE)
    ((start, end, keep),) = segments([0.0] * 50 + [0.9] * 30 + [0.0] * 50, GateSettings())
    assert start == 50 * WINDOW - preroll
    assert end == (50 + 30 + 19) * WINDOW
    assert keep
    ((start, _, keep),) = segments([0.9] * 30 + [0.0] * 50, GateSettings())
    assert (start, keep) == (0, True)


def test_two_sentences_share_no_sample() -> None:
    """A pre-roll never reaches into the segment before."""
    first, second = segments([0.9] * 30 + [0.0] * 20 + [0.9] * 30 + [0.0] * 30, GateSettings())
    assert first[1] <= second[0]


def test_a_long_segment_is_cut_at_its_quietest_window() -> None:
    """A pause in the last third is where a word is least likely to be cut."""
    probabilities = [0.9] * 420 + [0.4] + [0.9] * 200
    first, second = segments(probabilities, GateSettings())[:2]
    assert first[1] == 421 * WINDOW
    assert second[0] == first[1]


@pytest.mark.parametrize(("windows", "keep"), [(9, False), (10, True)])
def test_too_short_for_speech(windows: int, keep: bool) -> None:
    """Under 0.3 s nobody says a word: ten windows of 32 ms are the least."""
    ((_, _, kept),) = segments([0.0] * 20 + [0.9] * windows + [0.0] * 40, GateSettings())
    assert kept is keep


def test_open_since_names_the_open_segment() -> None:
    """None between segments, the first sample within one."""
    cutter = Segmenter()
    assert cutter.open_since is None
    for _ in range(30):
        cutter.push(0.9)
    assert cutter.open_since == 0
    cutter.finish()
    assert cutter.open_since is None
