import json
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import Caption, Word
from rtt.core.journal import Final, Head, Line, Note, Recovered, decode, encode, keeps_epoch, read, recover
from rtt.core.ledger import Span
from tests.core.making import caption, unhurried, words

TEXT = st.text(max_size=20)
AT = st.floats(0, 1e10)
SAMPLE = st.integers(0, 2**53)
HEADS = st.builds(Head, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, AT)
CAPTIONS = st.builds(
    Caption,
    room=TEXT,
    session=TEXT,
    epoch=TEXT,
    number=SAMPLE,
    line=TEXT,
    text=TEXT,
    final=st.just(True),
    language=TEXT,
    engine=TEXT,
    start=SAMPLE,
    end=SAMPLE,
    at=AT,
)
WORDS = st.builds(Word, TEXT, SAMPLE, SAMPLE, st.none() | st.floats(0, 1), speaker=TEXT)
FINALS = st.builds(Final, CAPTIONS, st.lists(WORDS, max_size=5).map(tuple), st.integers(0, 99), SAMPLE)
KINDS = st.sampled_from(["gap", "ended", "stop", "lost"])
NOTES = st.builds(Note, KINDS, TEXT, st.none() | st.builds(Span, SAMPLE, SAMPLE, TEXT), AT)
LINES = st.lists(st.one_of(HEADS, FINALS, NOTES), max_size=8)


def final(number: int, epoch: str = "e1") -> Final:
    return Final(caption(number, epoch=epoch), words("a b"), 0, 100)


def head(at: float, epoch: str = "e1", boot: str = "b1", session: str = "s1") -> Head:
    return Head(epoch, boot, "r", session, f"talk of {session}", "it-IT", at)


# Lines ---------------------------------------------------------------------------------------------------------------


@unhurried
@given(st.one_of(HEADS, FINALS, NOTES))
def test_a_line_comes_back_as_it_was_written(line: Line) -> None:
    """In any script, and on one line of bytes."""
    raw = encode(line)
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    assert decode(raw) == line


@unhurried
@given(LINES, st.data())
def test_a_cut_anywhere_loses_at_most_the_torn_last_line(lines: list[Line], data: st.DataObject) -> None:
    """A torn line was never shown, for it is written before any screen sees it; all before it stand."""
    pieces = [encode(line) for line in lines]
    raw = b"".join(pieces)
    cut = data.draw(st.integers(0, len(raw)))
    found, whole = read(raw[:cut])
    count = sum(len(b"".join(pieces[: n + 1])) <= cut for n in range(len(pieces)))
    assert found == lines[:count]
    assert whole == len(b"".join(pieces[:count]))


@unhurried
@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | TEXT, st.lists).map(lambda j: json.dumps(j).encode())
)
def test_what_is_not_ours_is_no_line_and_no_error(raw: bytes) -> None:
    """A file that something else wrote into does not keep a server from starting."""
    assert decode(raw) is None
    found, whole = read(raw)
    assert found == []
    assert whole <= len(raw)


@unhurried
@given(st.one_of(HEADS, FINALS, NOTES), st.data())
def test_a_line_with_a_field_of_another_kind_is_no_line(line: Line, data: st.DataObject) -> None:
    """Nothing else would fail on it later."""
    body = json.loads(encode(line))
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = {"not": "of this kind"}
    assert decode(json.dumps(body).encode()) is None
    del body[name]
    assert decode(json.dumps(body).encode()) is None or name == "from"


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"type":"final"}', b'{"type":"head","at":0}', b"{}", b"null", b"\xff"]
)
def test_hostile_lines_are_no_lines(raw: bytes) -> None:
    """Deep, short, empty, not text."""
    assert decode(raw) is None


def test_half_a_surrogate_pair_does_not_keep_a_final_from_the_disk() -> None:
    """Engines and captures speak JSON, which can carry one."""
    spoiled = replace(final(1), caption=replace(final(1).caption, text="a\ud800b"))
    back = decode(encode(spoiled))
    assert isinstance(back, Final)
    assert back.caption.text == "a?b"
    assert encode(Note("gap", "s1", Span(0, 1, "\udfff"), 1.0))


def test_a_speaker_is_written_only_where_one_is_known() -> None:
    """Lines without speakers stay as they always were, and older lines are read."""
    line = replace(final(1), words=(replace(words("a")[0], speaker="1:0"), *words("b", 1.0)))
    written = json.loads(encode(line))["words"]
    assert [len(values) for values in written] == [5, 4]
    assert decode(encode(line)) == line
    for spoiled in ([*written[0], "more"], written[0][:3], [*written[1], 7], "abcd", {"text": "a"}, 5):
        body = json.loads(encode(line)) | {"words": [spoiled]}
        assert decode(json.dumps(body).encode()) is None


# Recovering ----------------------------------------------------------------------------------------------------------

DAYS: list[list[Line]] = [
    [head(100), final(1), final(2), Note("ended", "s1", None, 150.0)],
    [head(200, "e2", "b2", "s2"), final(1, "e2"), head(300, "e3", "b3", "s2"), final(1, "e3"), final(2, "e3")],
    [head(310, "e3", "b3", "s3"), final(3, "e3")],
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_files_may_come_in_any_order(order: tuple[int, ...]) -> None:
    """The highest number of the newest epoch is found, its finals in order, and every session's talk."""
    found = recover(DAYS[n] for n in order)
    assert (found.epoch, found.number, found.boot, found.clean) == ("e3", 3, "b3", False)
    assert [one.caption.number for one in found.finals] == [1, 2, 3]
    assert found.talks == {"s1": "talk of s1", "s2": "talk of s2", "s3": "talk of s3"}
    assert found.ended == {"s1": 150.0}


@unhurried
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=12), st.randoms(use_true_random=False))
def test_no_number_of_the_epoch_is_ever_forgotten(epochs: list[tuple[int, int]], dice: object) -> None:
    """Else it would be given twice: whichever files the epoch's finals lie in."""
    files: list[list[Line]] = []
    given_numbers: dict[str, int] = {}
    for at, (epoch, count) in enumerate(sorted(epochs)):
        name = f"e{epoch}"
        numbers = range(given_numbers.get(name, 0) + 1, given_numbers.get(name, 0) + count + 1)
        files.append([head(float(at), name, session=f"s{at}"), *(final(n, name) for n in numbers)])
        given_numbers[name] = numbers[-1]
    newest = f"e{max(epochs)[0]}" if epochs else ""
    dice.shuffle(files)  # type: ignore[attr-defined]
    found = recover(files)
    assert (found.epoch, found.number) == (newest, given_numbers.get(newest, 0))


def test_a_stop_line_counts_only_if_nothing_was_written_after_it() -> None:
    """The next server's head makes it a stop of long ago."""
    stop = Note("stop", "s1", None, 150.0)
    assert recover([[head(100), final(1), stop]]).clean
    assert not recover([[head(100), stop, head(200)]]).clean
    for order in permutations([[head(100), stop], [head(200, session="s2")]]):
        assert not recover(order).clean
    for order in permutations([[head(100), stop], [head(120, session="s2"), stop]]):
        assert recover(order).clean


def test_numbers_go_on_from_the_highest_found() -> None:
    """Not from how many: older files need not be read."""
    assert recover([[head(100), final(41), final(43)]]).number == 43


def test_nothing_found_is_nothing() -> None:
    """A first start; and a folder of torn files."""
    assert recover([]) == Recovered()
    assert recover([[], []]) == Recovered()
    assert not keeps_epoch(Recovered(), "b1")
    assert not keeps_epoch(Recovered(), "")
    assert not keeps_epoch(recover([[Note("stop", "s1", None, 150.0)]]), "b1")


@pytest.mark.parametrize(
    ("clean", "boot", "now", "keeps"),
    [
        (False, "b1", "b1", True),  # the server was killed
        (True, "b1", "b2", True),  # it stopped cleanly, the machine was started anew
        (False, "b1", "b2", False),  # a power cut may have taken lines that screens have seen
        (False, "", "", False),  # a system that does not tell its boots
        (True, "", "", True),
    ],
)
def test_the_epoch_goes_on_only_where_no_line_can_be_missing(clean: bool, boot: str, now: str, keeps: bool) -> None:
    """Else a number would be given a second time, to other words (SESSIONS 21)."""
    assert keeps_epoch(Recovered(epoch="e1", number=7, boot=boot, clean=clean), now) is keeps
