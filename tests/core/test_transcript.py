import json
from dataclasses import replace

import pytest

from rtt.core.caption import RATE
from rtt.core.journal import Final, Head, Line, Note
from rtt.core.ledger import Span
from rtt.core.transcript import as_json, as_text
from tests.core.making import caption, word


def final(text: str, at: float = 0.0) -> Final:
    said = replace(caption(1, at=at), text=text, start=RATE, end=RATE * 5 // 2)
    return Final(said, (word("ciao", 1.0, 1.25, 0.5),), 0, 0)


def gap(why: str = "") -> Note:
    return Note("gap", "s1", Span(RATE, RATE * 5 // 2, why), 1.0)


HEAD = Head("e1", "b1", "r", "s1", "s1", "it-IT", 0.0)
OTHERS: list[Line] = [HEAD, Note("ended", "s1", None, 1.0), Note("stop"), Note("gap", "s1")]


def test_text_is_one_line_for_each_final() -> None:
    """In order, and a line of the journal that says nothing gives no line."""
    assert as_text([HEAD, final("Ciao."), *OTHERS, final("Come va?")]) == "Ciao.\nCome va?\n"


def test_a_gap_is_a_visible_mark() -> None:
    """With its length and reason, in brackets; never filled with text."""
    assert as_text([gap("the cable was pulled")]) == "[1.5 s missing: the cable was pulled]\n"
    assert as_text([gap()]) == "[1.5 s missing: no sound]\n"


@pytest.mark.parametrize("why", ["x]\nShe said so.", "x\r\nShe said so.", "x\u2028She said so."])
def test_a_reason_never_looks_like_something_said(why: str) -> None:
    """A capture's words stay on the gap's own line, and so do an engine's on theirs."""
    assert len(as_text([gap(why)]).splitlines()) == 1
    assert len(as_text([final(why)]).splitlines()) == 1


def test_a_room_where_nothing_was_said() -> None:
    """Empty, and not an error."""
    assert as_text([]) == ""
    assert as_text(OTHERS) == ""
    assert json.loads(as_json("r", OTHERS)) == {"room": "r", "entries": []}


def test_json_tells_all_that_is_known() -> None:
    """Seconds of the session, wall-clock time as ISO 8601 in UTC, words with their confidence, gaps."""
    told = json.loads(as_json("r", [HEAD, final("Ciao, è qui.", at=1_700_000_000.5), gap("away")]))
    assert told["room"] == "r"
    assert told["entries"] == [
        {
            "type": "caption",
            "session": "s1",
            "epoch": "e1",
            "number": 1,
            "text": "Ciao, è qui.",
            "language": "it-IT",
            "engine": "scripted",
            "start": 1.0,
            "end": 2.5,
            "at": "2023-11-14T22:13:20.500+00:00",
            "words": [{"text": "ciao", "start": 1.0, "end": 1.25, "confidence": 0.5}],
        },
        {"type": "gap", "session": "s1", "start": 1.0, "end": 2.5, "why": "away"},
    ]


def said(text: str, *speakers: str, stream: int = 0) -> Final:
    """Return a final, each word of which is said by one of the speakers."""
    told = [word(one, 1.0) for one in text.split()]
    words = tuple(replace(one, speaker=speaker) for one, speaker in zip(told, speakers, strict=True))
    return Final(replace(caption(1), text=text), words, stream, 0)


def test_who_speaks_is_said_where_it_changes() -> None:
    """In brackets, as all that nobody said; also within a line, and not again for each line."""
    lines = [
        HEAD,
        said("Good morning.", "1:7", "1:7"),
        said("To you. Thanks!", "1:7", "1:7", "1:2"),
        said("Bye", "1:2"),
    ]
    assert as_text(lines).splitlines() == [
        "[speaker 1] Good morning.",
        "To you. [speaker 2] Thanks!",
        "Bye",
    ]


def test_a_voice_is_never_taken_for_one_of_another_stream() -> None:
    """Each stream, each session and each server counts its speakers anew: a label alone names nobody."""
    lines = [
        HEAD,
        said("a", "1:0"),
        said("b", "1:0", stream=1),
        HEAD,
        said("c", "1:0"),
        said("d", "2:0"),
        said("e", "1:0"),
    ]
    assert as_text(lines).splitlines() == [
        "[speaker 1] a",
        "[speaker 2] b",
        "[speaker 3] c",
        "[speaker 4] d",
        "[speaker 3] e",
    ]


def test_words_of_nobody_known_are_nobodys() -> None:
    """A word without a label changes no speaker, and neither does one that the text does not hold."""
    assert as_text([said("one two three", "1:0", "", "1:0")]) == "[speaker 1] one two three\n"
    strange = said("one two", "1:0", "1:1")
    text = as_text([replace(strange, caption=replace(strange.caption, text="something else"))])
    assert "".join(text.replace("[speaker 1]", "").replace("[speaker 2]", "").split()) == "somethingelse"


def test_json_names_the_speakers_the_same() -> None:
    """Of the caption and of each word; where none is known there is no field."""
    lines = [HEAD, said("To you", "1:7", "1:2"), final("Ciao"), said("again", "1:2")]
    told = json.loads(as_json("r", lines))["entries"]
    assert [entry.get("speakers") for entry in told] == [["speaker 1", "speaker 2"], None, ["speaker 2"]]
    assert [one["speaker"] for one in told[0]["words"]] == ["speaker 1", "speaker 2"]
    assert "speaker" not in told[1]["words"][0]


def test_json_is_written_in_the_languages_own_script() -> None:
    """A person may read it too."""
    assert "è" in as_json("r", [final("è")])


@pytest.mark.parametrize("at", [1e300, -1e300, float("nan"), float("inf"), 5.6e11, -5.6e11])
def test_a_clock_that_no_calendar_holds_spoils_no_transcript(at: float) -> None:
    """The words are worth more than their date."""
    (entry,) = json.loads(as_json("r", [final("said", at=at)]))["entries"]
    assert (entry["text"], entry["at"]) == ("said", None)
