"""What stands unsettled in a room (SESSIONS 26), seen by a reader that knows only `text` and `is_partial`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.room import Room
from rtt.core.wire.screen import Mode
from tests.core.making import caption, unhurried
from tests.core.test_room import NOW, Screen, join, running


def partial(room: Room, text: str, *, line: str = "l", stable: str = "", number: int | None = None) -> None:
    follows = room.number if number is None else number
    room.publish(caption(follows, text, final=False, line=line, stable=stable), NOW)


def test_of_partials_only_the_newest_waits() -> None:
    """A slow screen reads the present."""
    screen = Screen(Mode.PARTIALS)
    room = running(screens=(screen,))
    for text in ("a", "a b", "a b c"):
        partial(room, text)
    assert screen.texts() == ["(a b c)"]


def test_a_withheld_line_is_withdrawn_by_an_empty_partial() -> None:
    """From every screen that shows partials."""
    raw, stable = Screen(Mode.PARTIALS), Screen(Mode.STABLE)
    room = running(screens=(raw, stable))
    partial(room, "a b", stable="a")
    assert raw.texts() + stable.texts() == ["(a b)", "(a)"]
    partial(room, "")
    assert raw.texts() + stable.texts() == ["()", "()"]
    assert join(room, mode=Mode.PARTIALS) == []


def test_an_empty_partial_of_another_line_withdraws_nothing() -> None:
    """The one that stands is newer than the one that is taken back."""
    screen = Screen(Mode.PARTIALS)
    room = running(screens=(screen,))
    partial(room, "old", line="x")
    partial(room, "new", line="y")
    partial(room, "", line="x")
    assert screen.texts() == ["(new)"]
    assert join(room, mode=Mode.PARTIALS) == ["(new)"]


def test_a_final_ends_its_line_and_no_other() -> None:
    """Another line that stands is told again, as what follows the new final."""
    screen = Screen(Mode.PARTIALS)
    room = running(screens=(screen,))
    partial(room, "other", line="y", stable="other")
    room.publish(caption(1, line="x"), NOW)
    frames = [frame for frame in screen.read() if frame["type"] == "caption"]
    assert [(frame["text"], frame["number"]) for frame in frames] == [("t1", 1), ("other", 1)]
    room.publish(caption(2, line="y"), NOW)
    assert screen.texts() == ["t2"]
    assert screen.below == ""


def test_stable_screens_hear_only_of_what_changed() -> None:
    """A raw partial that adds nothing stable costs them nothing."""
    screen = Screen(Mode.STABLE)
    room = running(screens=(screen,))
    partial(room, "a b", stable="a")
    assert screen.texts() == ["(a)"]
    partial(room, "a c", stable="a")
    assert screen.texts() == []


def test_the_rest_of_a_final_stands_on_stable_screens() -> None:
    """In the same message, and in the states after it; gone with the next line or the talk."""
    screen = Screen(Mode.STABLE)
    room = running(screens=(screen,))
    partial(room, "a b c", line="x", stable="a b c")
    room.publish(caption(1, line="x", rest="c"), NOW)
    frames = [frame for frame in screen.read() if not frame["is_partial"]]
    assert [frame["rest"] for frame in frames] == ["c"]
    room.repeat_state()
    assert [frame["text"] for frame in screen.read()] == ["c"]
    room.end_talk(NOW)
    assert screen.texts() == ["()"]


@pytest.mark.parametrize("how", ["end", "next"])
def test_what_stands_unsettled_goes_with_its_talk(how: str) -> None:
    """No final will ever settle it."""
    screen = Screen(Mode.PARTIALS)
    room = running(1, screens=(screen,))
    partial(room, "unsettled", line="x")
    assert screen.texts() == ["t1", "(unsettled)"]
    room.end_talk(NOW) if how == "end" else room.begin_talk("s2", "s2")
    frames = [frame for frame in screen.read() if frame["type"] == "caption"]
    assert [(frame["text"], frame["line"], frame["number"]) for frame in frames] == [("", "x", 1)]
    assert join(room, mode=Mode.PARTIALS)[:1] != ["(unsettled)"]


def test_a_session_that_goes_on_with_the_talk_keeps_what_stands() -> None:
    """A capture that came back is no new talk."""
    screen = Screen(Mode.PARTIALS)
    room = running(screens=(screen,))
    partial(room, "unsettled")
    room.begin_talk("s2", "s1")
    assert screen.texts() == ["(unsettled)"]


def test_a_state_repeats_what_stands() -> None:
    """A reader that knows only `text` and `is_partial` shows nothing wrong by it."""
    for mode, text in ((Mode.FINALS, ""), (Mode.PARTIALS, "a b"), (Mode.STABLE, "a")):
        screen = Screen(mode)
        room = running(screens=(screen,))
        partial(room, "a b", stable="a")
        room.repeat_state()
        state = screen.read()[-1]
        assert (state["type"], state["text"], state["is_partial"]) == ("state", text, True)


ACTS = st.lists(st.sampled_from(["grow", "raw", "final", "state", "read"]), max_size=40)


@unhurried
@given(ACTS)
def test_stable_text_is_append_only_until_its_final(acts: list[str]) -> None:
    """For the simplest reader, whatever it reads when."""
    screen, said, count = Screen(Mode.STABLE), list[str](), 0
    room = running(screens=(screen,))
    before = ""
    for act in acts:
        line = f"l{room.number + 1}"
        if act in ("grow", "raw"):
            said += [f"w{count}"] if act == "grow" else []
            count += 1
            partial(room, " ".join([*said, f"raw{count}"]), line=line, stable=" ".join(said))
        elif act == "final":
            room.publish(caption(room.number + 1, line=line), NOW)
            said = []
        elif act == "state":
            room.repeat_state()
        else:
            shown = len(screen.finals)
            screen.read()
            assert screen.finals == [f"t{n}" for n in range(1, room.number + 1)]
            assert screen.below == " ".join(said)
            assert len(screen.finals) > shown or screen.below.startswith(before)
            before = screen.below
