import pytest

from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.ledger import Ledger, Span
from rtt.core.wire.bounds import GAPS_MAX, OPEN_RESULTS_MAX
from rtt.core.wire.codes import Close
from tests.core.making import samples, timeline


def ledger(received: float = 0.0, heard: float | None = None, first: float = 0.0) -> Ledger:
    """Return an account of a session of which so many seconds were received and fed."""
    one = Ledger(samples(first))
    one.receive(one.received, samples(received - first))
    one.feed(samples(received if heard is None else heard))
    return one


# What comes in -------------------------------------------------------------------------------------------------------


def test_overlap_is_trimmed_exactly() -> None:
    """A frame that was sent again counts only with what is new in it."""
    one = ledger()
    assert one.receive(0, 1600) == 0
    assert one.receive(0, 1600) == 1600
    assert one.receive(800, 1600) == 800
    assert one.receive(100, 10) == 10
    assert one.received == 2400


def test_a_hole_closes_with_a_code_that_comes_back() -> None:
    """Sound missing without a gap is 4400, and nothing was taken of what stands behind it (SESSIONS 17)."""
    one = ledger(1)
    with pytest.raises(LinkError) as caught:
        one.receive(samples(1) + 1, 1600)
    assert caught.value.code == Close.HOLE
    assert one.received == samples(1)


def test_a_gap_counts_as_received_and_is_news_once() -> None:
    """It is sent again in its place after each resume, and then nothing new (SESSIONS 17)."""
    one = ledger(1)
    assert one.gap(samples(1), samples(3), "skipped") == Span(samples(1), samples(3), "skipped")
    assert one.gap(samples(1), samples(3), "skipped") is None
    assert one.received == samples(3)
    assert one.gaps == [Span(samples(1), samples(3), "skipped")]


def test_of_a_gap_over_known_sound_only_the_rest_is_news() -> None:
    """Sound that arrived is never declared missing."""
    one = ledger(2)
    assert one.gap(samples(1), samples(3), "") == Span(samples(2), samples(3), "")


def test_a_gap_behind_a_hole_is_a_hole() -> None:
    """4400 as well."""
    with pytest.raises(LinkError) as caught:
        ledger(1).gap(samples(2), samples(3), "")
    assert caught.value.code == Close.HOLE


def test_gaps_are_bounded() -> None:
    """A session of more than 1000 is refused for good."""
    one = ledger()
    for n in range(GAPS_MAX):
        one.gap(n, n + 1, "")
    with pytest.raises(LinkError) as caught:
        one.gap(GAPS_MAX, GAPS_MAX + 1, "")
    assert caught.value.code == Close.MALFORMED


def test_open_results_are_bounded() -> None:
    """Beyond 64 lines nothing more is opened; those that are open may go on."""
    one = ledger(10)
    assert all(one.open(f"l{n}", n) for n in range(OPEN_RESULTS_MAX))
    assert not one.open("one more", 0)
    assert one.open("l0", 0)
    one.close("l1", 5)
    assert one.open("one more", 0)


# Settled -------------------------------------------------------------------------------------------------------------


def test_silence_settles_but_not_the_newest_sound() -> None:
    """The last 0.6 s fed are never settled (SESSIONS 5)."""
    one = ledger(10, heard=8)
    assert one.settle(timeline(until=10)) == samples(7.4)


def test_voice_without_a_verdict_does_not_settle() -> None:
    """Nor does what comes after it."""
    one = ledger(10)
    assert one.settle(timeline((2.016, 4.0), until=10)) == pytest.approx(samples(2), abs=512)


def test_a_final_settles_what_it_speaks_of() -> None:
    """Once it is safe on disk, and then the silence behind it too."""
    one = ledger(10)
    one.close("a", samples(4))
    assert one.settle(timeline((2, 4), until=10)) == samples(9.4)


def test_settled_never_passes_an_open_result() -> None:
    """Not even in silence: the engine may still place a word there."""
    one = ledger(10)
    one.open("a", samples(3))
    assert one.settle(timeline(until=10)) == samples(3)
    one.open("a", samples(5))
    assert one.settle(timeline(until=10)) == samples(3)
    one.open("a", samples(3))
    one.close("a", samples(6))
    assert one.settle(timeline(until=10)) == samples(9.4)


def test_settled_never_passes_a_final_that_is_not_synced() -> None:
    """A power cut may still take it; the capture must keep its sound (SESSIONS 20)."""
    one = ledger(10)
    one.close("a", samples(4))
    one.write(7, samples(2))
    one.close("b", samples(8))
    one.write(8, samples(5))
    assert not one.safe
    assert one.settle(timeline((2, 8), until=10)) == samples(2)
    one.synced(7)
    assert one.settle(timeline((2, 8), until=10)) == samples(5)
    one.synced(9)
    assert one.safe
    assert one.settle(timeline((2, 8), until=10)) == samples(9.4)


def test_gaps_settle_by_themselves() -> None:
    """Also a gap of days, and at once."""
    one = ledger(2)
    one.gap(samples(2), samples(90_000), "the source was away")
    one.receive(one.received, samples(2))
    one.feed(samples(90_002))
    assert one.settle(timeline(until=2)) == samples(90_000)
    voice = timeline(until=2)
    voice.skip_to(samples(90_000))
    for _ in range(2 * RATE // 512):
        voice.push(0.0)
    assert one.settle(voice) == samples(90_001.4)


def test_unheard_voice_passes_after_ten_seconds_and_is_counted() -> None:
    """The engine was fed 10 s beyond it and has nothing open there (SESSIONS 5): else the capture's memory fills."""
    voice = timeline((2, 4), until=30)
    assert ledger(12.5).settle(voice) < samples(2.6)
    one = ledger(14.5)
    assert one.settle(voice) == samples(13.9)
    assert [(span.start, span.end, span.why) for span in one.unheard] == [
        (pytest.approx(samples(2), abs=512), pytest.approx(samples(4), abs=512), "unheard")
    ]


def test_unheard_voice_is_counted_in_whatever_steps_it_settles() -> None:
    """The account is settled twice a second: a minute of voice without text is one stretch, not none."""
    voice = timeline((2, 62), until=90)
    one = ledger()
    for tick in range(170):
        one.receive(one.received, samples(0.5))
        one.feed(samples((tick + 1) / 2))
        one.settle(voice)
    assert [(round(span.start / RATE, 1), round(span.end / RATE, 1)) for span in one.unheard] == [(2.0, 62.0)]


def test_a_breath_is_not_called_unheard() -> None:
    """Less than a second passes like any other, but nobody is alarmed."""
    one = ledger(30)
    assert one.settle(timeline((2, 2.9), until=30)) == samples(29.4)
    assert one.unheard == []


def test_voice_under_an_open_result_is_not_unheard() -> None:
    """However long ago it was: the engine works on it."""
    one = ledger(60)
    one.open("a", samples(2))
    assert one.settle(timeline((2, 4), until=60)) == samples(2)
    assert one.unheard == []


def test_at_the_end_everything_settles_and_what_was_not_heard_is_named() -> None:
    """No 0.6 s and no 10 s then, for nothing more will come (SESSIONS 6)."""
    one = ledger(10)
    one.close("a", samples(4))
    assert one.settle(timeline((2, 4), (6, 8), until=10), done=True) == samples(10)
    assert [(round(span.start / RATE), round(span.end / RATE)) for span in one.unheard] == [(6, 8)]


def test_an_end_with_an_open_result_is_not_all_heard() -> None:
    """Settled stays below the end, and the capture is told."""
    one = ledger(10)
    one.open("a", samples(7))
    assert one.settle(timeline((2, 9), until=10), done=True) < samples(7.1)


def test_without_a_voice_timeline_all_sound_counts_as_voice() -> None:
    """With --no-guard only finals and time settle."""
    one = ledger(30)
    one.close("a", samples(12))
    assert one.settle(None) == samples(20)


# Hearing again -------------------------------------------------------------------------------------------------------


def test_the_watermark_stands_below_every_open_result() -> None:
    """A final beyond an open result does not raise it (SESSIONS 16)."""
    one = ledger(20)
    one.open("a", samples(5))
    one.open("b", samples(9))
    one.close("b", samples(12))
    assert one.watermark == samples(5)
    one.close("a", samples(7))
    assert one.watermark == samples(7)
    one.close("c", samples(6))
    assert one.watermark == samples(7)


def test_the_watermark_follows_what_settled_in_silence() -> None:
    """1.2 s behind it, and only while nothing is open: hearing again does not begin in last hour's pause."""
    one = ledger(100)
    one.settle(timeline(until=100))
    assert one.watermark == samples(99.4 - 1.2)
    other = ledger(100)
    other.open("a", samples(99))
    other.settle(timeline(until=100))
    assert other.watermark == 0


def test_after_a_loss_what_was_open_has_no_verdict() -> None:
    """A later line's final does not settle an earlier line whose engine died: it must be heard again first."""
    voice = timeline((5, 13), until=40)
    one = ledger(20)
    one.open("a", samples(6))
    one.open("b", samples(10))
    one.close("b", samples(13))
    one.hear_again(samples(3))
    assert one.heard <= samples(6)
    one.feed(samples(14))
    assert one.settle(voice) <= samples(6)
    assert one.watermark <= samples(6)
    one.open("a2", samples(6))
    one.close("a2", samples(9))
    one.close("b2", samples(13))
    assert one.settle(voice) == samples(13.4)


def test_hearing_again_never_goes_below_settled() -> None:
    """What has its verdict is fed again for the overlap, but keeps its verdict."""
    one = ledger(20)
    one.settle(timeline(until=20))
    one.hear_again(samples(2))
    assert one.heard == one.settled == samples(19.4)


def test_after_a_rewind_sound_and_gaps_come_again() -> None:
    """What the server does not hold any more is asked for again: a gap sent again is news, but stands only once."""
    one = ledger(10)
    one.gap(samples(10), samples(12), "away")
    one.receive(one.received, samples(8))
    one.rewind(samples(11))
    assert one.received == one.heard == samples(11)
    assert one.gap(samples(10), samples(12), "away") == Span(samples(11), samples(12), "away")
    assert sum(gap.end - gap.start for gap in one.gaps) == samples(2)
    one.rewind(samples(4))
    assert one.gaps == []
    assert one.receive(samples(4), samples(6)) == 0
    assert one.gap(samples(10), samples(12), "away") == Span(samples(10), samples(12), "away")


def test_a_session_that_another_server_knew_begins_with_its_watermark() -> None:
    """It goes on from the archive's, and never below the first sample the capture holds."""
    assert Ledger(samples(7), samples(10)).watermark == samples(10)
    assert Ledger(samples(12), samples(10)).watermark == samples(12)
    assert Ledger(samples(7), samples(10)).received == samples(7)
