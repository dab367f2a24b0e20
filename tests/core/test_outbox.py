import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.outbox import Outbox
from rtt.core.wire.bounds import OUTBOX_BYTES, OUTBOX_FINALS
from rtt.core.wire.screen import Mode
from tests.core.making import unhurried


class Bell:
    """Counts how often somebody was woken."""

    def __init__(self) -> None:
        self.rung = 0

    def __call__(self) -> None:
        self.rung += 1


def outbox(bell: Bell | None = None) -> Outbox:
    return Outbox(Mode.PARTIALS, bell or Bell())


def test_what_waits_is_sent_in_order_and_once() -> None:
    """Finals as they came, then the newest partial and the newest state."""
    box = outbox()
    box.keep("final 1")
    box.partial("partial 1")
    box.keep("final 2")
    box.partial("partial 2")
    box.state("state 1")
    box.partial("partial 3")
    box.state("state 2")
    assert box.take() == ["final 1", "final 2", "partial 3", "state 2"]
    assert box.take() == []


def test_a_state_is_never_sent_after_what_came_later() -> None:
    """It repeats the text that stood when it was made: later it would bring back what a final replaced."""
    box = outbox()
    box.state("nothing stands")
    box.partial("so")
    assert box.take() == ["nothing stands", "so"]
    box.partial("so")
    box.state("so stands")
    box.partial("so it")
    assert box.take() == ["so stands", "so it"]
    box.partial("so it")
    box.state("so it stands")
    box.keep("So it is.")
    box.partial("and")
    assert box.take() == ["so it stands", "So it is.", "and"]


def test_a_final_takes_the_place_of_the_partial_that_waits() -> None:
    """A slow screen never shows a partial below the final that replaced it."""
    box = outbox()
    box.partial("partial")
    box.keep("final")
    assert box.take() == ["final"]


def test_everything_that_is_put_wakes() -> None:
    """Else a screen would sleep on its captions."""
    bell = Bell()
    box = outbox(bell)
    box.catch_up(["final 1"])
    box.keep("final 2")
    box.partial("partial")
    box.state("state")
    assert bell.rung == 4
    box.close()
    assert bell.rung == 5
    assert box.closed


def test_a_screen_that_does_not_take_falls_behind_and_keeps_nothing() -> None:
    """At the 257th final (SESSIONS 27): it is closed, and comes back with `since`."""
    box = outbox()
    for n in range(OUTBOX_FINALS):
        box.keep(f"final {n}")
    assert not box.behind
    box.partial("partial")
    box.state("state")
    box.keep("one too many")
    assert box.behind
    for put in (box.keep, box.partial, box.state):
        put("later")
    box.catch_up(["later"])
    assert box.take() == []


@pytest.mark.parametrize("letter", ["a", "é", "話", "😀"])
def test_bytes_are_bounded_as_they_go_over_the_wire(letter: str) -> None:
    """256 KiB of any script, not of letters."""
    box = outbox()
    frame = letter * (OUTBOX_BYTES // 8 // len(letter.encode()))
    for _ in range(8):
        box.keep(frame)
    assert not box.behind
    box.keep(letter * 8)
    assert box.behind


def test_what_was_taken_waits_no_more() -> None:
    """A screen that keeps up never falls behind, however long the talk."""
    box = outbox()
    for n in range(10 * OUTBOX_FINALS):
        box.keep("x" * 1000)
        if n % 200 == 0:
            assert box.take()
    assert not box.behind


def test_a_screen_that_missed_much_catches_up() -> None:
    """What it missed may be more than what may wait, and live finals go on behind it."""
    box = outbox()
    missed = [f"missed {n}" for n in range(4 * OUTBOX_FINALS)]
    box.partial("partial from before")
    box.catch_up(missed)
    for n in range(OUTBOX_FINALS):
        box.keep(f"live {n}")
    assert box.take() == missed + [f"live {n}" for n in range(OUTBOX_FINALS)]


@unhurried
@given(st.lists(st.sampled_from("FFFPST"), max_size=1500))
def test_no_final_is_lost_doubled_or_reordered_unless_behind(acts: list[str]) -> None:
    """And of partials never more than one waits, after all finals, and never one that a final replaced."""
    box, sent, given_finals = outbox(), list[str](), 0
    newest = ""
    for act in acts:
        if act == "F":
            box.keep(f"f{given_finals}")
            given_finals, newest = given_finals + 1, ""
        elif act == "P":
            newest = f"p{given_finals}"
            box.partial(newest)
        elif act == "S":
            box.state("s")
        else:
            frames = box.take()
            sent += [frame for frame in frames if frame[0] == "f"]
            kinds = "".join(frame[0] for frame in frames)
            assert [frame for frame in frames if frame[0] == "p"] == ([newest] if newest and not box.behind else [])
            assert "p" not in kinds.rstrip("s")[:-1]
            newest = ""
            if box.behind:
                assert frames == []
                return
    if not box.behind:
        sent += [frame for frame in box.take() if frame[0] == "f"]
        assert sent == [f"f{n}" for n in range(given_finals)]
