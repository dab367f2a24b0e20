from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.capture.ring import Piece, Ring
from rtt.core.caption import RATE
from rtt.core.wire.bounds import KEEP_SECONDS
from tests.capture.sounds import ramp

FAR = 2**40


def joined(pieces: list[Piece], start: int) -> list[bytes | None]:
    """Return samples from `start` on, None where a gap is; fails where pieces do not follow each other."""
    out: list[bytes | None] = []
    at = start
    for piece in pieces:
        assert piece.start == at, "pieces follow each other without hole or overlap"
        assert piece.end > piece.start
        if piece.pcm is None:
            out += [None] * (piece.end - piece.start)
        else:
            assert len(piece.pcm) == 2 * (piece.end - piece.start)
            out += [piece.pcm[i : i + 2] for i in range(0, len(piece.pcm), 2)]
        at = piece.end
    return out


def samples(pcm: bytes) -> list[bytes]:
    return [pcm[i : i + 2] for i in range(0, len(pcm), 2)]


def test_what_is_pushed_comes_out_in_frames_of_a_tenth_of_a_second() -> None:
    """A long block is cut into frames the protocol knows; a short last one stays short."""
    ring = Ring(patient=True)
    ring.push(ramp(4000))
    pieces = list(ring.frames(0, FAR))
    assert [(p.start, p.end) for p in pieces] == [(0, 1600), (1600, 3200), (3200, 4000)]
    assert b"".join(p.pcm or b"" for p in pieces) == ramp(4000)


def test_nothing_is_sent_beyond_the_limit_and_a_gap_below_it_is_sent_whole() -> None:
    """Audio must end by the limit; a gap takes no room in the server, so it only has to begin below it."""
    ring = Ring(patient=False)
    ring.push(ramp(1600))
    ring.lose(100_000, "busy")
    ring.push(ramp(1600))
    assert [p.end for p in ring.frames(0, 1599)] == []
    assert [p.end for p in ring.frames(0, 1600)] == [1600]
    assert [p.end for p in ring.frames(0, 1601)] == [1600, 101_600]
    assert [p.end for p in ring.frames(0, 103_200)] == [1600, 101_600, 103_200]


def test_sending_may_begin_in_the_middle_of_a_frame_and_of_a_gap() -> None:
    """A server resumes at any sample."""
    ring = Ring(patient=False)
    ring.push(ramp(1600))
    ring.lose(1000, "busy")
    assert [(p.start, p.end) for p in ring.frames(1599, FAR)] == [(1599, 1600), (1600, 2600)]
    assert [(p.start, p.end) for p in ring.frames(1700, FAR)] == [(1700, 2600)]
    assert list(ring.frames(2600, FAR)) == []


def test_sound_is_kept_five_seconds_below_settled() -> None:
    """What a lost server would ask for again is still there, and memory does not grow."""
    ring = Ring(patient=False)
    for second in range(60):
        ring.push(ramp(RATE, second * RATE))
        ring.settle(ring.next, ring.next)
        assert ring.held <= KEEP_SECONDS * RATE + 1600
    assert ring.next - ring.first == KEEP_SECONDS * RATE
    assert ring.lost == 0


def test_a_full_ring_drops_the_oldest_unsent_sound_as_one_growing_gap() -> None:
    """What the server has not yet received goes first, oldest first; gaps side by side are one."""
    ring = Ring(patient=False, capacity=10_000, drop=3200)
    ring.push(ramp(4800))
    ring.settle(3200, 0)
    dropped = [ring.push(ramp(1600, 4800 + 1600 * n)) for n in range(8)]
    assert dropped == [0, 0, 0, 3200, 0, 3200, 0, 3200]
    pieces = list(ring.frames(0, FAR))
    assert [(p.start, p.end) for p in pieces if p.pcm is None] == [(3200, 12_800)]
    assert ring.lost == 9600
    assert ring.next == 17_600


def test_sound_the_server_has_but_does_not_settle_is_let_go_without_being_called_lost() -> None:
    """A server that settles nothing costs no fresh sound."""
    ring = Ring(patient=False, capacity=10_000, drop=3200)
    for n in range(20):
        ring.push(ramp(1600, 1600 * n))
        ring.settle(ring.next, 0)
    assert ring.lost == 0
    assert ring.held <= 10_000
    pieces = list(ring.frames(0, FAR))
    assert pieces[0].pcm is None
    assert pieces[-1].end == 32_000


def test_a_patient_source_is_told_when_to_wait_and_loses_nothing() -> None:
    """Full means wait; what was pushed all the same is kept."""
    ring = Ring(patient=True, capacity=3200)
    ring.push(ramp(1600))
    assert not ring.full
    ring.push(ramp(1600))
    assert ring.full
    assert ring.push(ramp(1600)) == 0
    assert ring.held == 4800
    ring.settle(4800, 4800 + KEEP_SECONDS * RATE)
    assert not ring.full


def test_a_new_session_begins_at_exactly_the_settled_sample() -> None:
    """Nothing that is settled is heard twice, not even a part of a frame."""
    ring = Ring(patient=True)
    ring.push(ramp(4800))
    ring.forget_before(1700)
    assert ring.first == 1700
    assert ring.held == 3100
    assert b"".join(p.pcm or b"" for p in ring.frames(1700, FAR)) == ramp(3100, 1700)
    ring.forget_before(9_999_999)
    assert (ring.first, ring.held) == (4800, 0)
    ring.push(ramp(10))
    assert [(p.start, p.end) for p in ring.frames(0, FAR)] == [(4800, 4810)]


def test_reasons_of_joined_gaps_are_all_named_once() -> None:
    """The operator reads every cause, but no cause a hundred times."""
    ring = Ring(patient=False)
    for why in ("a", "b", "a", "a"):
        ring.lose(5, why)
    ring.lose(0, "nothing")
    assert list(ring.frames(0, FAR)) == [Piece(0, 20, None, "a; b")]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 2000)),
        st.tuples(st.just("lose"), st.integers(0, 500)),
        st.tuples(st.just("settle"), st.floats(0, 1)),
        st.tuples(st.just("send"), st.floats(0, 1)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans())
def test_nothing_is_lost_doubled_or_reordered_and_every_gap_is_exact(steps: list, patient: bool) -> None:
    """Whatever happens, the pieces are the sound in order, and each missing sample is in a gap of its place."""
    ring = Ring(patient=patient, capacity=6000, drop=1700)
    truth: list[bytes | None] = []
    received = settled = 0
    for kind, amount in steps:
        if kind == "push":
            dropped = ring.push(ramp(amount, len(truth)))
            truth += samples(ramp(amount, len(truth)))
            assert not (patient and dropped)
        elif kind == "lose":
            ring.lose(amount, "busy")
            truth += [None] * amount
        elif kind == "settle":
            settled = max(settled, round(received * amount))
            ring.settle(received, settled + KEEP_SECONDS * RATE)
        else:
            received = received + round((ring.next - received) * amount)
            ring.settle(received, settled + KEEP_SECONDS * RATE)
        pieces = list(ring.frames(ring.first, FAR))
        held = joined(pieces, ring.first)
        assert ring.next == len(truth)
        assert ring.first + len(held) == ring.next
        assert ring.first <= settled or not held
        assert ring.held == sum(p.end - p.start for p in pieces if p.pcm is not None)
        assert patient or ring.held <= 6000
        for got, said in zip(held, truth[ring.first :], strict=True):
            assert got == said or got is None
        assert not any(a.pcm is None and b.pcm is None for a, b in pairwise(pieces))
        if patient:
            assert held == truth[ring.first :]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 1600), min_size=1, max_size=20), st.data())
def test_frames_from_anywhere_to_any_limit_are_a_prefix_of_the_rest(sizes: list[int], data: st.DataObject) -> None:
    """In order, without hole, never beyond the limit, and nothing is held back needlessly."""
    ring = Ring(patient=True)
    for size in sizes:
        ring.push(ramp(size, ring.next))
    start = data.draw(st.integers(0, ring.next))
    limit = data.draw(st.integers(0, ring.next + 1600))
    pieces = list(ring.frames(start, limit))
    got = joined(pieces, start)
    assert b"".join(s or b"" for s in got) == ramp(len(got), start)
    end = start + len(got)
    assert end <= max(limit, start)
    assert end == ring.next or limit - end < 1600
