from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.capture.ring import Piece, Ring
from rtt.core.caption import RATE
from rtt.core.wire.bounds import KEEP_SECONDS
from tests.capture.sounds import ramp
from tests.capture.test_ring import FAR


class Board:
    """A shelf in memory that stands for the disk: it has what was put there while it `works`."""

    def __init__(self) -> None:
        self.works = True
        self.sound: dict[int, bytes] = {}
        self.gaps: list[tuple[int, int, str]] = []
        self.released = 0

    def put(self, start: int, end: int, pcm: bytes | None, why: str = "") -> None:
        assert end > start
        if pcm is None:
            self.gaps.append((start, end, why))
        elif self.works:
            self.sound |= {start + n: pcm[2 * n : 2 * n + 2] for n in range(end - start)}

    def has(self, start: int, end: int) -> bool:
        return all(sample in self.sound for sample in range(start, end))

    def release(self, sample: int) -> None:
        self.released = max(self.released, sample)

    def read(self, piece: Piece) -> bytes:
        return b"".join(self.sound[sample] for sample in range(piece.start, piece.end))


def test_what_leaves_memory_stays_on_the_shelf() -> None:
    """Beyond the memory nothing is dropped; it comes out in its order, to be read from the shelf."""
    shelf = Board()
    ring = Ring(patient=False, capacity=4800, drop=1600, shelf=shelf)
    for n in range(10):
        assert ring.push(ramp(1600, 1600 * n)) == 0
        assert ring.held <= 4800
    pieces = list(ring.frames(0, FAR))
    assert [piece.away for piece in pieces] == [True] * 7 + [False] * 3
    assert b"".join(piece.pcm or shelf.read(piece) for piece in pieces) == ramp(16_000)
    assert (ring.lost, ring.away, ring.held) == (0, 11_200, 4800)
    assert shelf.read(next(iter(ring.frames(1000, FAR)))) == ramp(600, 1000), "from the middle of a frame, too"


def test_beyond_its_reach_the_oldest_sound_becomes_a_gap_on_the_shelf_too() -> None:
    """The bound of half an hour: announced, and exact."""
    shelf = Board()
    ring = Ring(patient=False, capacity=3200, drop=1600, shelf=shelf, reach=8000)
    dropped = [ring.push(ramp(1600, 1600 * n)) for n in range(8)]
    assert dropped == [0] * 5 + [1600] * 3
    assert [(p.start, p.end) for p in ring.frames(0, FAR) if not p.audio] == [(0, 4800)]
    assert [gap[:2] for gap in shelf.gaps] == [(0, 1600), (0, 3200), (0, 4800)]
    assert ring.held + ring.away == 8000


def test_a_shelf_that_fails_leaves_memory_as_it_was_without_one() -> None:
    """What is not safe there never leaves memory before it has to be dropped."""
    shelf = Board()
    shelf.works = False
    ring = Ring(patient=False, capacity=4800, drop=1600, shelf=shelf)
    dropped = [ring.push(ramp(1600, 1600 * n)) for n in range(5)]
    assert dropped == [0, 0, 0, 1600, 1600]
    assert ring.away == 0
    assert not ring.safe(0)
    shelf.works = True
    ring.push(ramp(1600, 8000))
    assert ring.safe(8000)


def test_sound_that_cannot_be_read_back_is_an_announced_gap() -> None:
    """The disk died: the piece becomes a gap in its place, even when it was sent in part."""
    ring = Ring(patient=False, capacity=3200, drop=1600, shelf=Board())
    for n in range(5):
        ring.push(ramp(1600, 1600 * n))
    ring.miss(next(iter(ring.frames(1700, FAR))), "dead")
    assert [(p.start, p.end, p.why) for p in ring.frames(0, FAR) if not p.audio] == [(1600, 3200, "dead")]
    assert ring.lost == 1600
    ring.miss(next(iter(ring.frames(1700, FAR))), "dead")
    assert ring.lost == 1600


def test_skipping_makes_one_gap_of_all_from_a_sample_on() -> None:
    """In memory or on the shelf, from the middle of a frame, with the gaps in it."""
    shelf = Board()
    ring = Ring(patient=False, capacity=3200, drop=1600, shelf=shelf)
    ring.push(ramp(3200))
    ring.lose(100, "busy")
    ring.push(ramp(3200, 3300))
    assert ring.skip(1000, "late") == 2200 + 3200
    assert [(p.start, p.end, p.why) for p in ring.frames(0, FAR) if not p.audio] == [(1000, 6500, "late; busy")]
    assert ring.audio_from(0) == 1000
    assert ring.audio_from(990) == 10
    assert shelf.gaps[-1] == (1000, 6500, "late; busy")
    assert ring.skip(6500, "late") == ring.skip(9999, "late") == 0


def test_what_an_earlier_process_left_goes_on() -> None:
    """Its pieces come first, the new sound follows them."""
    left = [Piece(8000, 9600, None, away=True), Piece(9600, 10_000, None, "cut off")]
    ring = Ring(patient=False, pieces=left, shelf=Board())
    assert (ring.first, ring.next, ring.away, ring.held) == (8000, 10_000, 1600, 0)
    ring.lose(50, "not running")
    ring.push(ramp(1600))
    assert [(p.start, p.end) for p in ring.frames(0, FAR)] == [(8000, 9600), (9600, 10_050), (10_050, 11_650)]


def test_what_is_settled_leaves_the_shelf() -> None:
    """Five seconds below settled, as in memory."""
    shelf = Board()
    ring = Ring(patient=False, capacity=16_000, drop=1600, shelf=shelf)
    for n in range(100):
        ring.push(ramp(1600, 1600 * n))
    ring.settle(160_000, 160_000)
    assert ring.first == shelf.released == 160_000 - KEEP_SECONDS * RATE
    assert ring.held + ring.away == KEEP_SECONDS * RATE


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.integers(1, 2000)),
            st.tuples(st.just("lose"), st.integers(1, 500)),
            st.tuples(st.just("skip"), st.integers(0, 3000)),
            st.tuples(st.just("works"), st.integers(0, 1)),
            st.tuples(st.just("miss"), st.integers(0, 9000)),
        ),
        max_size=40,
    )
)
def test_whatever_happens_the_row_is_whole_and_the_counts_are_true(steps: list) -> None:
    """Every sample is the one that was captured or in a gap; pieces follow each other; held and away are exact."""
    shelf = Board()
    ring = Ring(patient=False, capacity=4000, drop=800, shelf=shelf, reach=9000)
    truth = 0
    for kind, amount in steps:
        if kind == "push":
            ring.push(ramp(amount, truth))
            truth += amount
        elif kind == "lose":
            ring.lose(amount, "busy")
            truth += amount
        elif kind == "skip":
            ring.skip(max(0, truth - amount), "late")
        elif kind == "works":
            shelf.works = bool(amount)
        elif kind == "miss" and (away := [piece for piece in ring.frames(amount, FAR) if piece.away]):
            ring.miss(away[0], "dead")
        pieces = list(ring.frames(0, FAR))
        assert (ring.next, pieces[0].start if pieces else 0) == (truth, 0)
        assert all(a.end == b.start for a, b in pairwise(pieces))
        assert ring.held == sum(p.audio for p in pieces if p.pcm is not None) <= 4000
        assert ring.away == sum(p.audio for p in pieces if p.away)
        assert ring.held + ring.away <= 9000
        for piece in pieces:
            if piece.audio:
                assert (piece.pcm or shelf.read(piece)) == ramp(piece.audio, piece.start)
