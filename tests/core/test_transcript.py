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


def test_json_is_written_in_the_languages_own_script() -> None:
    """A person may read it too."""
    assert "è" in as_json("r", [final("è")])


@pytest.mark.parametrize("at", [1e300, -1e300, float("nan"), float("inf"), 5.6e11, -5.6e11])
def test_a_clock_that_no_calendar_holds_spoils_no_transcript(at: float) -> None:
    """The words are worth more than their date."""
    (entry,) = json.loads(as_json("r", [final("said", at=at)]))["entries"]
    assert (entry["text"], entry["at"]) == ("said", None)
