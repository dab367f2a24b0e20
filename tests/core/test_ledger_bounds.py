"""The account of a session under whatever happens to it."""

from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.ledger import Ledger
from tests.core.making import samples, timeline, unhurried

SECONDS = st.integers(0, 40)
ACTS = st.one_of(
    st.tuples(st.just("receive"), SECONDS),
    st.tuples(st.just("gap"), SECONDS),
    st.tuples(st.just("feed"), SECONDS),
    st.tuples(st.just("open"), st.sampled_from("abc"), SECONDS),
    st.tuples(st.just("close"), st.sampled_from("abc"), SECONDS),
    st.tuples(st.just("write"), SECONDS),
    st.tuples(st.just("sync"), st.integers(0, 9)),
    st.tuples(st.just("lose"), SECONDS),
)
VOICES = st.lists(st.tuples(SECONDS, st.integers(1, 9)), max_size=3).map(lambda found: [(a, a + b) for a, b in found])


@unhurried
@given(st.lists(ACTS, max_size=25), VOICES)
def test_whatever_happens_settled_keeps_its_bounds(
    acts: list[tuple[object, ...]], voices: list[tuple[int, int]]
) -> None:
    """Never back; never beyond an open result, an unsynced final, the last 0.6 s fed. The watermark never goes back."""
    one, voice = Ledger(0), timeline(*voices, until=60)
    open_, unsynced, order, before, mark = dict[str, int](), dict[int, int](), 0, 0, 0
    for act in acts:
        match act:
            case ("receive", int(seconds)):
                one.receive(one.received, seconds * RATE)
            case ("gap", int(seconds)) if seconds:
                one.gap(one.received, one.received + seconds * RATE, "")
            case ("feed", int(seconds)):
                one.feed(min(one.received, seconds * RATE))
            case ("open", str(line), int(seconds)):
                start = one.settled + seconds * RATE
                one.open(line, start)
                open_[line] = min(start, open_.get(line, start))
            case ("close", str(line), int(seconds)):
                one.close(line, min(one.heard, one.settled + seconds * RATE))
                open_.pop(line, None)
            case ("write", int(seconds)):
                order += 1
                unsynced[order] = one.settled + seconds * RATE
                one.write(order, unsynced[order])
            case ("sync", int(upto)):
                one.synced(upto)
                unsynced = {key: start for key, start in unsynced.items() if key > upto}
            case ("lose", int(seconds)):
                one.hear_again(seconds * RATE)
                open_ = {}
        settled = one.settle(voice)
        assert before <= settled <= max(before, one.heard - samples(0.6))
        assert settled == before or settled <= min([one.received, *open_.values(), *unsynced.values()])
        assert one.watermark >= mark
        assert one.watermark == mark or one.watermark <= min([one.received, *open_.values()])
        assert one.safe == (not unsynced)
        before, mark = settled, one.watermark


def test_the_most_that_was_heard_does_not_go_back() -> None:
    """What a capture may send is measured by it: a lost engine makes nothing forbidden that was sent before."""
    ledger = Ledger(RATE)
    assert ledger.reached == RATE
    ledger.receive(RATE, 20 * RATE)
    ledger.feed(15 * RATE)
    ledger.hear_again(3 * RATE)
    assert (ledger.heard, ledger.reached) == (3 * RATE, 15 * RATE)
    ledger.feed(16 * RATE)
    assert ledger.reached == 16 * RATE


def test_voice_is_unheard_only_once_the_engine_had_time_for_it() -> None:
    """Half a minute that is fed at once, after an outage, is not passed over because nothing came in a moment."""
    ledger = Ledger(0)
    ledger.receive(0, 30 * RATE)
    ledger.feed(30 * RATE)
    for tick in range(20):  # half-seconds
        assert ledger.settle(None, now=100 + tick / 2) == 0
    assert ledger.settle(None, now=110) == 20 * RATE
    assert [(span.start, span.end) for span in ledger.unheard] == [(0, 20 * RATE)]


def test_an_engine_that_was_lost_gets_its_time_anew() -> None:
    """What is fed to the next stream was not passed over by it yet."""
    ledger = Ledger(0)
    ledger.receive(0, 30 * RATE)
    ledger.feed(30 * RATE)
    ledger.settle(None, now=100)
    ledger.hear_again(0)
    ledger.feed(30 * RATE)
    assert ledger.settle(None, now=111) == 0
    assert ledger.settle(None, now=121) == 20 * RATE


def test_an_engine_that_takes_nothing_passes_over_nothing() -> None:
    """Until it is known to be lost or alive: what it was fed before may have to be heard again."""
    ledger = Ledger(0)
    ledger.receive(0, 30 * RATE)
    ledger.feed(25 * RATE)
    for tick in range(60):
        assert ledger.settle(None, now=100 + tick / 2) == 0
    ledger.feed(30 * RATE)
    assert ledger.settle(None, now=130.5) == 20 * RATE
