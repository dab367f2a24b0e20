"""A verdict that cannot object proves nothing: each thing that may go wrong is shown to it."""

import json
from pathlib import Path

import pytest

from tests.faults.verdict import (
    Entry,
    Shown,
    excused,
    flat,
    glass,
    judge,
    numbers_of,
    of_journal,
    of_transcript,
    printed,
)


def final(first: int, last: int, session: str = "a", shift: float = 0.0) -> Entry:
    """Return a caption of words `first` to `last`; word n begins at 0.4 n seconds."""
    times = tuple((shift + 0.4 * number, shift + 0.4 * number + 0.3) for number in range(first, last + 1))
    text = " ".join(f"w{number}" for number in range(first, last + 1))
    return Entry(session, times[0][0], times[-1][1], text, ("e", first), times)


def gap(start: float, end: float, session: str = "a") -> Entry:
    return Entry(session, start, end, None)


def test_a_good_row_is_good() -> None:
    """Every word once, in order: nothing to say."""
    assert judge(range(20), 20) == []
    assert judge(range(5, 20), 20, first=5) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([0, 1, 2, 4, 5], "lost: w3"),
        ([1, 2, 3, 4, 5], "lost: w0"),
        ([0, 1, 2, 3], "lost: w4-w5"),
        ([], "lost: w0-w5"),
        ([0, 1, 2, 2, 3, 4, 5], "doubled: w2"),
        ([0, 1, 2, 3, 2, 3, 4, 5], "doubled: w2-w3"),
        ([0, 1, 3, 2, 4, 5], "out of order: w2"),
        ([0, 1, 2, 3, 4, 5, 6], "never said: w6"),
        ([0, 1, -1, 2, 3, 4, 5], "never said: w-1"),
    ],
)
def test_it_objects(found: list[int], said: str) -> None:
    """Lost, doubled, moved and invented words are each found and named."""
    assert judge(found, 6) == [said]


def test_several_wrongs_are_all_named() -> None:
    """One does not hide the other."""
    assert judge([0, 2, 2, 1, 9], 5) == ["never said: w9", "doubled: w2", "out of order: w1", "lost: w3-w4"]


def test_words_are_read_as_engines_write_them() -> None:
    """Punctuation and capitals are the engine's; anything else is no coded word."""
    assert numbers_of("W12 w13, w14. ~ hello x15 w") == [12, 13, 14, -1, -1, -1, -1]


def test_only_an_announced_gap_in_the_right_place_excuses() -> None:
    """Elsewhere, or too short, it excuses nothing."""
    whole = [final(0, 9), final(20, 29)]
    assert excused(whole, 30) == set()
    assert excused([final(0, 9), gap(3.9, 8.0), final(20, 29)], 30) == set(range(10, 20))
    assert excused([final(0, 9), gap(1.0, 3.0), final(20, 29)], 30) == set()
    assert excused([final(0, 9), final(20, 29), gap(20.0, 40.0)], 30) == set()
    assert excused([final(0, 9), gap(5.0, 6.0), final(20, 29)], 30) == set()
    assert excused([final(0, 9), gap(3.9, 8.0, "b"), final(20, 29)], 30) == set()


def test_a_gap_excuses_at_the_ends_and_between_sessions() -> None:
    """The first words, the last ones, and what lies between two sessions of a talk."""
    assert excused([gap(0.0, 2.0), final(5, 9)], 10) == set(range(5))
    assert excused([final(0, 4), gap(2.0, 4.0)], 10) == set(range(5, 10))
    two = [final(0, 4), gap(0.0, 2.0, "b"), final(10, 14, "b", -2.0)]
    assert excused(two, 15) == set(range(5, 10))
    assert excused([final(0, 4), final(10, 14, "b", -2.0)], 15) == set()


def test_excused_words_are_not_lost_but_others_are() -> None:
    """A gap is no licence."""
    assert judge([0, 1, 6, 7], 10, excused={2, 3, 4, 5}) == ["lost: w8-w9"]


def caption(number: int, text: str, epoch: str = "e") -> Shown:
    return Shown((epoch, number), text)


RESET = Shown(("f", 0), None)


def test_a_screen_that_is_sent_everything_once_is_good() -> None:
    """Also over a change of epoch without a reset."""
    assert glass([caption(1, "w0 w1"), caption(2, "w2"), caption(1, "w3", "f")]) == ([0, 1, 2, 3], [])


def test_a_caption_sent_twice_is_an_offence() -> None:
    """Without a reset nothing comes again."""
    words, wrong = glass([caption(1, "w0 w1"), caption(1, "w0 w1")])
    assert words == [0, 1, 0, 1]
    assert wrong == ["('e', 1) was sent twice"]


def test_a_number_that_names_two_texts_is_an_offence() -> None:
    """Whatever lies between."""
    _, wrong = glass([caption(1, "w0 w1"), RESET, caption(1, "w0 w2")])
    assert wrong == ["('e', 1) says 'w0 w1' and 'w0 w2'"]


def test_a_reset_lets_captions_come_again_once() -> None:
    """What is sent anew takes the place of what stood; a hole or a double behind it is seen all the same."""
    history = [caption(2, "w2 w3"), caption(3, "w4")]
    assert glass([caption(1, "w0 w1"), *history, RESET, *history, caption(1, "w5", "f")]) == ([*range(6)], [])
    assert glass([caption(1, "w0 w1"), RESET, caption(3, "w4")])[0] == [0, 1, 4]
    words, wrong = glass([caption(1, "w0 w1"), RESET, *history, *history])
    assert words == [0, 1, 2, 3, 4, 2, 3, 4]
    assert len(wrong) == 2


def test_a_display_that_prints_twice_is_an_offence() -> None:
    """Unless it said that the captions begin anew, once for each time."""
    assert printed(["w0 w1", "w2", "w3"], 0) == [0, 1, 2, 3]
    assert printed(["w0 w1", "w2", "w2", "w3"], 0) == [0, 1, 2, 2, 3]
    assert printed(["w0 w1", "w2", "w1 w2", "w3"], 1) == [0, 1, 2, 3]
    assert printed(["w0", "w1", "w1", "w1", "w2"], 1) == [0, 1, 1, 2]


def line(**body: object) -> str:
    return json.dumps(body) + "\n"


def journal(folder: Path, session: str, at: float, numbers: list[int], *, torn: bool = False) -> None:
    path = folder / "2026-01-01" / f"{session}.jsonl"
    path.parent.mkdir(exist_ok=True)
    text = line(type="head", at=at)
    for number in numbers:
        word = f"w{number}"
        words = [[word, 0, 1, 0.9]]
        text += line(type="final", epoch="e", number=number, session=session, start=0, end=1, text=word, words=words)
    text += line(**{"type": "gap", "session": session, "from": 16000, "to": 32000})
    path.write_text(text + ('{"type":"final","text":"w' if torn else ""))


def test_the_journal_is_read_in_the_order_of_its_sessions(tmp_path: Path) -> None:
    """With gaps, without a torn last line."""
    journal(tmp_path, "b", 1.0, [0, 1])
    journal(tmp_path, "a", 2.0, [2], torn=True)
    entries, wrong = of_journal(tmp_path)
    assert (flat(entries), wrong) == ([0, 1, 2], [])
    assert [(entry.start, entry.end) for entry in entries if entry.text is None] == [(1.0, 2.0)] * 2


def test_a_number_given_twice_is_an_offence(tmp_path: Path) -> None:
    """(room, epoch, number) names one caption for ever."""
    journal(tmp_path, "b", 1.0, [0, 1])
    journal(tmp_path, "a", 2.0, [1])
    assert of_journal(tmp_path)[1] == ["the number ('e', 1) was given twice"]


def test_a_transcript_is_read_with_its_gaps() -> None:
    """Finals with their words' times, gaps with theirs."""
    one = {"type": "caption", "session": "a", "start": 0, "end": 1, "text": "w0 w1", "epoch": "e", "number": 1}
    words = [{"start": 0.1, "end": 0.4}, {"start": 0.5, "end": 0.8}]
    hole = {"type": "gap", "session": "a", "start": 1, "end": 3, "why": "lost"}
    entries = of_transcript({"entries": [{**one, "words": words}, hole]})
    assert entries == [Entry("a", 0, 1, "w0 w1", ("e", 1), ((0.1, 0.4), (0.5, 0.8))), gap(1, 3)]
