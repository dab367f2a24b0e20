"""From the service's results to what was heard."""

from amazon_transcribe.model import Alternative, Item, Result

from rtt.core.caption import RATE
from rtt.engines.transcribe.results import LABEL_MAX, Results
from rtt.engines.transcribe.streamtime import StreamTime


def results(start: int = 0) -> Results:
    time = StreamTime(start)
    time.sound(100 * RATE)
    return Results("1", time)


def word(text: str, start: float, end: float, confidence: float | None = 0.9, stable: bool | None = None) -> Item:
    return Item(start, end, "pronunciation", text, confidence=confidence, stable=stable)


def mark(text: str) -> Item:
    return Item(0.0, 0.0, "punctuation", text)


def voiced(text: str, start: float, speaker: str | None) -> Item:
    return Item(start, start + 0.3, "pronunciation", text, speaker=speaker, confidence=0.9)


def result(text: str, *items: Item, partial: bool = False, name: str = "a") -> Result:
    return Result(name, 1.0, 3.0, partial, [Alternative(text, list(items), None)])


def test_words_keep_time_confidence_and_stability() -> None:
    """Times become samples of the session; what the service promises not to take back is stable."""
    heard = results(RATE).heard(
        result("buongiorno a tutti", word("buongiorno", 1.0, 1.5, 0.8, True), word("a", 1.6, 1.7, None), partial=True)
    )
    assert heard is not None
    assert not heard.final
    assert [(w.text, w.start, w.end, w.confidence, w.stable) for w in heard.words] == [
        ("buongiorno", 2 * RATE, round(2.5 * RATE), 0.8, True),
        ("a", round(2.6 * RATE), round(2.7 * RATE), None, False),
    ]
    assert (heard.start, heard.end) == (2 * RATE, 4 * RATE)


def test_punctuation_hangs_on_a_word() -> None:
    """A comma belongs to the word before it, an opening mark to the word behind it."""
    heard = results().heard(result("¿Qué, tal?", mark("¿"), word("Qué", 1, 2), mark(","), word("tal", 2, 3), mark("?")))
    assert heard is not None
    assert [w.text for w in heard.words] == ["¿Qué,", "tal?"]
    assert heard.text == "¿Qué, tal?"


def test_results_that_say_nothing_are_passed_over() -> None:
    """The service sends empty results; only for a line that is open do they mean something: that it is over."""
    reader = results()
    assert reader.heard(result("")) is None
    assert reader.heard(Result("b", 0.0, 0.0, False, [])) is None
    assert reader.heard(result("a", word("a", 1, 2), partial=True)) is not None
    assert reader.open == {"1-a": True}
    end = reader.heard(result(""))
    assert end is not None
    assert end.final
    assert end.text == ""
    assert reader.open == {}


def test_a_word_without_length_or_with_strange_confidence_is_still_a_word() -> None:
    """No end before its start, no confidence beyond 0 to 1."""
    heard = results().heard(result("x", word("x", 2.0, 2.0, 1.7)))
    assert heard is not None
    assert heard.words[0].end == heard.words[0].start + 1
    assert heard.words[0].confidence == 1.0


def test_a_word_is_never_longer_than_the_service_says() -> None:
    """Its beginning may be told a little too early, before a silence of a minute that was left out."""
    time = StreamTime(0)
    time.sound(2 * RATE)
    time.leave_out(62 * RATE)
    time.sound(2 * RATE)
    heard = Results("1", time).heard(result("late", word("late", 1.9, 2.5)))
    assert heard is not None
    assert (heard.words[0].start, heard.words[0].end) == (round(61.9 * RATE), round(62.5 * RATE))


def test_a_speaker_is_one_of_its_stream() -> None:
    """The service counts speakers anew in each stream, so that a label names the stream too; no label, no speaker."""
    items = [voiced("yes", 1.0, "0"), mark(","), voiced("no", 1.5, "1"), voiced("so", 2.0, None)]
    first = results().heard(result("yes, no so", *items))
    time = StreamTime(0)
    time.sound(100 * RATE)
    second = Results("2", time).heard(result("yes, no so", *items))
    assert first is not None
    assert second is not None
    assert [word.speaker for word in first.words] == ["1:0", "1:1", ""]
    assert [word.speaker for word in second.words] == ["2:0", "2:1", ""]
    assert first.words[0].text == "yes,"
    long = results().heard(result("x", voiced("x", 1.0, "s" * 5000)))
    assert long is not None
    assert len(long.words[0].speaker) == LABEL_MAX
