import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.capture.records import HEAD, Mark, Missing, Sound, Stretch, encode, read, stretches, title
from tests.capture.sounds import ramp

ALL = [
    Sound(7, ramp(100, 7)),
    Missing(107, 900, 'the "café" was closed'),
    Mark(5, 6, 7, 1_700_000_000.25),
    Sound(900, b""),
]


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "1.sound"
    path.write_bytes(data)
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Sound, gaps and marks, in order; the first line says what the file is."""
    path = written(tmp_path, title() + b"".join(encode(record) for record in ALL))
    assert list(read(path)) == ALL
    assert json.loads(path.read_bytes().partition(b"\n")[0])["rate"] == 16_000


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 400))
def test_a_torn_end_costs_no_more_than_what_is_torn(tmp_path_factory, cut: int) -> None:
    """Cut anywhere: every record that is whole counts, and nothing is made up."""
    ends, data = [], title()
    for record in ALL:
        data += encode(record)
        ends.append(len(data))
    path = written(tmp_path_factory.mktemp("torn"), data[:cut])
    assert list(read(path)) == ALL[: sum(end <= cut for end in ends)]


def test_what_does_not_match_its_sum_ends_the_file(tmp_path: Path) -> None:
    """A flipped bit in head or body, a length of gigabytes, another kind of file: nothing beyond it is believed."""
    whole = title() + encode(ALL[0]) + encode(ALL[1])
    for at in (len(title()), len(title()) + 3, len(title()) + HEAD.size + 5):
        broken = bytearray(whole)
        broken[at] ^= 1
        assert list(read(written(tmp_path, bytes(broken)))) == []
    assert list(read(written(tmp_path, title() + HEAD.pack(b"A", 0, 2**32 - 1, 0)))) == []
    assert list(read(written(tmp_path, b"RIFF" + whole))) == []


def test_a_kind_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    """What this version does not know costs none of what it knows."""
    strange = bytearray(encode(Sound(0, b"ab")))
    head = encode(ALL[0])
    del strange[:]
    from zlib import crc32

    body = b"later"
    strange += HEAD.pack(b"Z", 3, len(body), crc32(body, crc32(b"Z" + (3).to_bytes(8, "big")))) + body
    assert list(read(written(tmp_path, title() + bytes(strange) + head))) == [ALL[0]]


def test_the_row_has_no_holes_and_gaps_count_before_sound() -> None:
    """What is neither sound nor gap becomes a gap; gaps that touch are one, with every reason once."""
    row = stretches([(0, 10), (20, 30), (30, 40)], [Missing(25, 32, "late"), Missing(40, 50, "late")], "cut off")
    assert row == [
        Stretch(0, 10, None),
        Stretch(10, 20, "cut off"),
        Stretch(20, 25, None),
        Stretch(25, 32, "late"),
        Stretch(32, 40, None),
        Stretch(40, 50, "late"),
    ]
    assert stretches([], [Missing(0, 5, "a"), Missing(0, 9, "a; b")], "x") == [Stretch(0, 9, "a; b")]
    assert stretches([], [], "x") == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=12),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=6),
)
def test_every_sample_is_what_was_written_of_it(sound: list, gaps: list) -> None:
    """Sample by sample, against the plain rule: a gap if any gap covers it, sound if any sound does, else a hole."""
    taken: set[int] = set()
    spans = []
    for start, size in sound:  # of one session's sound no two stretches overlap
        if not taken & set(range(start, start + size)):
            taken |= set(range(start, start + size))
            spans.append((start, start + size))
    missing = [Missing(start, start + size, "gap") for start, size in gaps]
    row = stretches(spans, missing, "hole")
    covered = {sample for gap in missing for sample in range(gap.start, gap.end)}
    got = {sample: stretch.why for stretch in row for sample in range(stretch.start, stretch.end)}
    assert sum(stretch.end - stretch.start for stretch in row) == len(got)
    if taken | covered:
        assert sorted(got) == list(range(min(taken | covered), max(taken | covered) + 1))
    for sample, why in got.items():
        assert (why is None) == (sample in taken and sample not in covered)
