"""From an engine's reports to captions."""

from dataclasses import replace

from rtt.core.align import Rehearing
from rtt.core.caption import RATE, Caption, Heard, Word
from rtt.core.guard import Guard, Reason, Rules
from rtt.core.ledger import Ledger
from rtt.core.voice import WINDOW, VoiceTimeline
from rtt.core.wire.bounds import OPEN_RESULTS_MAX, WORDS_MAX
from rtt.server.captioner import Captioner, Identity


class Bench:
    """A captioner with what it writes and shows; voice is there from second 0 to `voiced`."""

    def __init__(self, voiced: int = 60, floor: float = 0.0) -> None:
        voice = VoiceTimeline()
        for _ in range(voiced * RATE // WINDOW):
            voice.push(1.0)
        for _ in range(60 * RATE // WINDOW):
            voice.push(0.0)
        self.written: list[tuple[Caption, int, int]] = []
        self.shown: list[Caption] = []
        self.time = 0.0
        self.ledger = Ledger(0)
        self.guard = Guard(Rules(confidence_floor=floor, time_error=0), voice)
        self.captioner = Captioner(
            Identity("r", "abcdefgh-1", "en-US", "e"),
            self.ledger,
            self.guard,
            append=self.append,
            publish=self.shown.append,
            position=lambda: ("epoch", len(self.written)),
            at=lambda sample: sample / RATE,
            clock=lambda: self.time,
        )
        self.captioner.begin_stream(0, None)

    def append(self, draft: Caption, words: tuple[Word, ...], stream: int, mark: int) -> tuple[Caption, int]:
        numbered = replace(draft, number=len(self.written) + 1)
        self.written.append((numbered, stream, mark))
        return numbered, numbered.number

    @property
    def texts(self) -> list[tuple[str, bool]]:
        return [(caption.text, caption.final) for caption in self.shown]


def heard(text: str, second: float, *, final: bool, line: str = "1", confidence: float = 0.9) -> Heard:
    start = round(second * RATE)
    words = tuple(
        Word(word, start + n * RATE // 2, start + (n + 1) * RATE // 2, confidence)
        for n, word in enumerate(text.split())
    )
    return Heard(line, text, final, start, words[-1].end if words else start + RATE, words)


def test_a_final_is_written_before_it_is_shown_and_carries_its_number() -> None:
    """What a screen sees has a number that the journal knows."""
    bench = Bench()
    bench.captioner.take(0, heard("one two", 1, final=True))
    assert [(c.number, c.text, c.at) for c in bench.shown] == [(1, "one two", 1.0)]
    assert bench.written[0][0] == bench.shown[0]


def test_a_partial_names_the_line_and_the_final_it_follows() -> None:
    """A partial belongs after a number; its final names the same line again."""
    bench = Bench()
    bench.captioner.take(0, heard("one", 1, final=True, line="a"))
    bench.captioner.take(0, heard("two", 3, final=False, line="b"))
    bench.captioner.take(0, heard("two", 3, final=True, line="b"))
    first, partial, final = bench.shown
    assert (partial.final, partial.number) == (False, first.number)
    assert partial.line == final.line != first.line


def test_a_word_without_a_voice_reaches_nothing() -> None:
    """Neither a screen nor the journal sees it, and it is counted."""
    bench = Bench(voiced=5)
    bench.captioner.take(0, heard("ghost words", 20, final=False))
    bench.captioner.take(0, heard("ghost words", 20, final=True))
    assert bench.shown == bench.written == []
    assert bench.captioner.counts.withheld == {Reason.NO_VOICE: 2}


def test_a_line_whose_final_is_withheld_is_withdrawn() -> None:
    """What stood there unsettled is taken back by an empty partial of the same line."""
    bench = Bench(floor=0.5)
    bench.captioner.take(0, heard("maybe", 1, final=False, confidence=0.1))
    bench.captioner.take(0, heard("maybe", 1, final=True, confidence=0.1))
    assert bench.texts == [("maybe", False), ("", False)]
    assert bench.shown[0].line == bench.shown[1].line
    assert bench.captioner.suspect


def test_nothing_said_withdraws_the_line_and_settles() -> None:
    """A final without text is a verdict: the line goes, the account goes on."""
    bench = Bench()
    bench.captioner.take(0, heard("uh", 1, final=False))
    bench.captioner.take(0, heard("", 1, final=True))
    assert bench.texts == [("uh", False), ("", False)]
    assert bench.ledger.watermark == 2 * RATE


def overlapping(bench: Bench) -> None:
    """Two speakers: one begins at second 1 and goes on, the other's line is final before."""
    bench.captioner.take(0, heard("one", 1, final=False, line="a"))
    bench.captioner.take(0, heard("three", 3, final=True, line="b"))


def test_finals_are_numbered_in_order_of_their_first_word() -> None:
    """A final waits for an earlier line that is open, and is not settled while it waits (SESSIONS 16)."""
    bench = Bench()
    overlapping(bench)
    bench.ledger.feed(9 * RATE)
    bench.captioner.number_waiting()
    assert not bench.written
    assert bench.ledger.settle(bench.guard.voice) <= RATE
    bench.captioner.take(0, heard("one two", 1, final=True, line="a"))
    assert [(c.number, c.text) for c, _, _ in bench.written] == [(1, "one two"), (2, "three")]


def test_a_line_without_an_end_is_waited_for_once_and_not_for_ever() -> None:
    """After 10 s the final goes first; the next ones do not wait for that line again."""
    bench = Bench()
    overlapping(bench)
    bench.ledger.feed(60 * RATE)
    bench.captioner.number_waiting()
    assert not bench.written, "sound may come faster than the clock"
    bench.time = 10.0
    bench.captioner.number_waiting()
    bench.captioner.take(0, heard("four", 5, final=True, line="c"))
    assert [c.text for c, _, _ in bench.written] == ["three", "four"]


def test_a_final_that_waits_when_its_stream_is_lost_is_heard_again() -> None:
    """It was neither written nor shown, and lies above the watermark: shown now, it would be shown twice."""
    bench = Bench()
    overlapping(bench)
    assert bench.ledger.watermark <= RATE
    bench.captioner.lose_stream()
    bench.captioner.begin_stream(1, Rehearing([], bench.ledger.watermark, 0))
    assert not bench.written


def test_nothing_waits_beyond_the_end_of_its_stream() -> None:
    """A stream that ended well leaves no final behind, whatever line it forgot to close."""
    bench = Bench()
    overlapping(bench)
    bench.captioner.begin_stream(1, None)
    assert [c.text for c, _, _ in bench.written] == ["three"]


def test_reports_of_a_lost_stream_are_dropped_and_counted() -> None:
    """A stream owns its samples only while it lives (SESSIONS 13)."""
    bench = Bench()
    bench.captioner.begin_stream(1, None)
    bench.captioner.take(0, heard("late", 1, final=True))
    assert bench.shown == []
    assert bench.captioner.counts.late == 1


def test_a_new_stream_withdraws_what_the_lost_one_left() -> None:
    """Unsettled text of a stream that died does not stand for ever."""
    bench = Bench()
    bench.captioner.take(0, heard("half", 1, final=False))
    bench.captioner.begin_stream(1, None)
    assert bench.texts == [("half", False), ("", False)]


def test_what_is_heard_again_is_not_shown_again() -> None:
    """After a loss only the words beyond what was archived are new."""
    bench = Bench()
    bench.captioner.take(0, heard("one two", 1, final=True))
    words = tuple(bench.captioner.words)
    bench.captioner.begin_stream(1, Rehearing(words, bench.ledger.watermark, 0))
    bench.captioner.take(1, heard("one two three", 1, final=False))
    bench.captioner.take(1, heard("one two three", 1, final=True))
    assert [caption.text for caption in bench.shown if caption.final] == ["one two", "three"]
    assert bench.shown[1].text == "three"


def test_words_at_a_cut_in_the_middle_of_voice_are_not_taken() -> None:
    """Half a word sounds like another word (SESSIONS 15)."""
    bench = Bench()
    bench.captioner.cut(4 * RATE, 9 * RATE)
    bench.captioner.take(0, heard("one two three four five", 1.5, final=True))
    assert bench.texts == [("one two three", True)]


def test_what_a_cut_maimed_takes_no_archived_words_place() -> None:
    """Else the fragments at a gap use up the archived words, and one that was shown counts as new."""
    bench = Bench()
    archived = [
        Word(text, start, start + 5120)
        for text, start in (("w12", 92686), ("w13", 99086), ("w14", 105486), ("w18", 135086), ("w19", 141486))
    ]
    bench.ledger.watermark = 146606
    bench.captioner.cut(114926, 124000)
    bench.captioner.begin_stream(1, Rehearing(archived, 146606, 98606))
    again = (
        ("~", 99086, 104206),
        ("w14", 105486, 110606),
        ("~", 111886, 114926),
        ("~", 128686, 133806),
        ("w18", 135086, 140206),
    )
    words = tuple(Word(text, start, end, 0.9) for text, start, end in again)
    text = " ".join(word.text for word in words)
    bench.captioner.take(1, Heard("1", text, True, words[0].start, words[-1].end, words))
    assert not bench.written


def test_words_cut_by_a_stop_are_left_for_the_next_server() -> None:
    """The watermark stays before the words that were not taken: the next hearing must not take them for old."""
    bench = Bench()
    end = round(3.0 * RATE)
    bench.captioner.cut(end, end)  # one: 1.0 to 1.5 s, two: 1.5 to 2.0 s, three: 2.0 to 2.5 s, four: 2.5 to 3.0 s
    bench.captioner.take(0, heard("one two three four", 1, final=True))
    assert bench.texts == [("one two", True)]
    assert bench.written[0][2] == bench.ledger.watermark == round(2.0 * RATE)


def test_a_partial_shows_no_word_that_a_cut_may_have_maimed() -> None:
    """Half a word sounds like another word: it must not stand on a screen even for a moment."""
    bench = Bench()
    bench.captioner.cut(3 * RATE, 3 * RATE)
    bench.captioner.take(0, heard("one two three four", 1, final=False))
    bench.captioner.take(0, heard("four", 2.5, final=False, line="2"))
    assert [text for text, _ in bench.texts] == ["one two"]


def test_bounds_of_reports() -> None:
    """An engine that runs wild fills nothing: too many words or open lines are dropped and counted."""
    bench = Bench()
    bench.captioner.take(0, heard("x " * (WORDS_MAX + 1), 1, final=True))
    for line in range(OPEN_RESULTS_MAX + 3):
        bench.captioner.take(0, heard("", 1, final=False, line=str(line)))
    assert bench.captioner.counts.overfull == 4
    assert bench.shown == []


def test_a_result_beyond_the_bounds_does_not_hold_up_the_account() -> None:
    """What is dropped for its size has its verdict: settled goes on."""
    bench = Bench()
    bench.captioner.take(0, heard("", 1, final=False))
    bench.captioner.take(0, heard("x " * (WORDS_MAX + 1), 1, final=True))
    assert bench.ledger.watermark > RATE


def test_a_line_that_its_stream_left_open_is_closed_by_the_next() -> None:
    """A stream that ended at a gap without closing its line does not keep the session unsettled."""
    bench = Bench()
    bench.captioner.take(0, heard("", 1, final=False))
    bench.ledger.received = 60 * RATE
    bench.ledger.feed(60 * RATE)
    assert bench.ledger.settle(bench.guard.voice) <= RATE
    bench.captioner.begin_stream(1, None)
    assert bench.ledger.settle(bench.guard.voice) > 10 * RATE
