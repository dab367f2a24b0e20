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
