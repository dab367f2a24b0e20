from rtt.core.caption import RATE
from tests.core.making import heard, unplaced, word


def test_the_middle_of_a_word_places_it() -> None:
    """It is a sample, and may lie between two."""
    assert word("a", 1, 2).middle == 1.5 * RATE
    assert word("a", 0, 1 / RATE).middle == 0.5


def test_a_bare_word_has_neither_case_nor_punctuation() -> None:
    """What is within a word stays, and a word of nothing else stays itself."""
    assert [word(text, 0).bare for text in ("So,", "«Ja!»", "don't", "1.5", "…")] == ["so", "ja", "don't", "1.5", "…"]


def test_confidence_is_the_mean_of_the_words_that_have_one() -> None:
    """Words without confidence neither help nor harm; without any, nothing is claimed."""
    assert heard(word("a", 0, confidence=0.2), word("b", 1), word("c", 2, confidence=0.6)).confidence == 0.4
    assert heard(word("a", 0)).confidence is None
    assert unplaced("a b", 0, 1).confidence is None
    assert heard(word("a", 0, confidence=0.0)).confidence == 0.0


def test_keeping_all_words_keeps_the_text_as_the_engine_wrote_it() -> None:
    """Spacing of a script without spaces, say, is the engine's."""
    report = heard(word("你", 0), word("好", 1), text="你好")
    assert report.keeping(report.words) is report


def test_keeping_some_words_makes_the_text_of_them() -> None:
    """Nothing of a dropped word stays in the text; line and times stay."""
    report = heard(word("a,", 0), word("b", 1), word("c.", 2), text="a, b  c.")
    kept = report.keeping((report.words[0], report.words[2]))
    assert kept.text == "a, c."
    assert [one.text for one in kept.words] == ["a,", "c."]
    assert (kept.line, kept.start, kept.end, kept.final) == (report.line, report.start, report.end, True)
    assert report.keeping(()).text == ""
