import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.outbox import Outbox
from rtt.core.room import Room
from rtt.core.wire.bounds import HISTORY_MAX, JOIN_MAX, JOIN_SECONDS, OUTBOX_FINALS, STALE_SECONDS
from rtt.core.wire.screen import Mode, Since, State
from tests.core.making import caption, unhurried

NOW = 1000.0


class Screen:
    """A screen that reads all that waits, and a reader that knows only `text` and `is_partial`."""

    def __init__(self, mode: Mode = Mode.FINALS) -> None:
        self.outbox = Outbox(mode, lambda: None)
        self.finals: list[str] = []
        self.below = ""
        """What stands below the finals for such a reader."""

    def read(self) -> list[dict[str, Any]]:
        frames = [json.loads(frame) for frame in self.outbox.take()]
        for frame in frames:
            assert isinstance(frame["text"], str)
            assert isinstance(frame["is_partial"], bool)
            if frame["is_partial"]:
                self.below = frame["text"]
            else:
                self.finals.append(frame["text"])
                self.below = ""
        return frames

    def texts(self) -> list[str]:
        """Return what came: finals, partials in brackets, `reset`; states left out."""
        names = {True: "({text})", False: "{text}"}
        return [
            "reset" if frame["type"] == "reset" else names[frame["is_partial"]].format(**frame)
            for frame in self.read()
            if frame["type"] != "state"
        ]


def running(*numbers: int, screens: tuple[Screen, ...] = ()) -> Room:
    """Return a room whose talk runs, with these finals."""
    room = Room("r", "e1")
    room.begin_talk("s1", "s1")
    for screen in screens:
        room.join(screen.outbox, None, NOW)
    for number in numbers:
        room.publish(caption(number), NOW)
    return room


def join(room: Room, since: Since | None = None, mode: Mode = Mode.FINALS, now: float = NOW) -> list[str]:
    """Return what a screen that joins gets."""
    screen = Screen(mode)
    room.join(screen.outbox, since, now)
    return screen.texts()


# Joining --------------------------------------------------------------------------------------------------------------


@unhurried
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_joining_with_since_has_no_hole_and_no_double(before: int, have: int, after: int) -> None:
    """What was missed comes first, then all that is live (SESSIONS 24)."""
    room, screen, have = running(*range(1, before + 1)), Screen(), min(have, before)
    room.join(screen.outbox, Since("e1", have), NOW)
    for number in range(before + 1, before + after + 1):
        room.publish(caption(number), NOW)
    assert screen.texts() == [f"t{n}" for n in range(have + 1, before + after + 1)]


def test_a_screen_without_past_gets_the_last_of_the_running_talk() -> None:
    """Twenty at most, and no reset: there is nothing to empty."""
    assert join(running(*range(1, 31))) == [f"t{n}" for n in range(31 - JOIN_MAX, 31)]


def test_an_earlier_talk_is_not_history() -> None:
    """Who comes into the next talk does not read the one before."""
    room = running(1, 2)
    room.begin_talk("s2", "s2")
    room.publish(caption(3, session="s2"), NOW)
    assert join(room) == ["t3"]


def test_sessions_of_one_talk_are_one_history() -> None:
    """A capture that began anew goes on with its talk."""
    room = running(1, 2)
    room.begin_talk("s2", "s1")
    room.publish(caption(3, session="s2"), NOW)
    assert join(room) == ["t1", "t2", "t3"]


@pytest.mark.parametrize(("ago", "texts"), [(JOIN_SECONDS - 1, ["t1"]), (JOIN_SECONDS + 1, [])])
def test_a_talk_that_ended_is_history_for_two_minutes(ago: float, texts: list[str]) -> None:
    """Then the room is empty for who comes; who was there may still catch up."""
    room = running(1)
    room.end_talk(NOW)
    assert join(room, now=NOW + ago) == texts
    assert join(room, Since("e1", 0), now=NOW + ago) == ["t1"]


@pytest.mark.parametrize("since", [Since("e0", 1), Since("e1", 99), Since("", 0)])
def test_a_screen_of_another_epoch_or_a_number_above_is_reset(since: Since) -> None:
    """What it holds is not what the numbers mean here (SESSIONS 21)."""
    assert join(running(1, 2), since) == ["reset", "t1", "t2"]


def test_a_screen_that_missed_more_than_is_remembered_is_reset() -> None:
    """Rather than left with a hole."""
    room = running(*range(1, HISTORY_MAX + 11))
    assert len(join(room, Since("e1", 10))) == HISTORY_MAX
    assert join(room, Since("e1", 9))[0] == "reset"


def test_a_screen_that_missed_more_than_may_wait_still_comes_back() -> None:
    """Else it would be closed as too slow at every return."""
    room, screen = running(*range(1, HISTORY_MAX + 1)), Screen()
    room.join(screen.outbox, Since("e1", 1), NOW)
    assert not screen.outbox.behind
    assert len(screen.texts()) == HISTORY_MAX - 1 > OUTBOX_FINALS


def test_a_restarted_server_knows_from_where_it_remembers() -> None:
    """Numbers below what it read again are a reset, those above no hole."""
    room = Room("r", "e1", 44)
    room.remember([caption(n) for n in range(41, 45)], {"s1": "s1"})
    room.begin_talk("s1", "s1")
    assert join(room, Since("e1", 42)) == ["t43", "t44"]
    assert join(room, Since("e1", 40)) == ["t41", "t42", "t43", "t44"]
    assert join(room, Since("e1", 39)) == ["reset", "t41", "t42", "t43", "t44"]
    room.publish(caption(44), NOW)
    room.publish(caption(45), NOW)
    assert join(room, Since("e1", 44)) == ["t45"]
    assert room.last is not None
    assert room.last.number == 45


def test_after_a_power_cut_the_talk_is_still_history() -> None:
    """Finals of the epoch before are shown again to whoever comes back, and take no number of the new one."""
    room = Room("r", "e2", 0)
    room.remember([caption(n) for n in (7, 8)], {"s1": "s1"})
    room.begin_talk("s1", "s1")
    assert join(room, Since("e1", 8)) == ["reset", "t7", "t8"]
    room.publish(caption(1, epoch="e2"), NOW)
    assert join(room, Since("e1", 8)) == ["reset", "t7", "t8", "t1"]
    assert join(room, Since("e2", 0)) == ["t1"]


def test_a_new_epoch_loses_nothing_and_empties_only_who_was_away() -> None:
    """The first final that could not be written changes it; who was there reads on, who comes back is reset."""
    there = Screen()
    room = running(1, 2, 3, screens=(there,))
    room.publish(caption(1, epoch="e2"), NOW)
    assert there.texts() == ["t1", "t2", "t3", "t1"]
    assert (room.epoch, room.number) == ("e2", 1)
    assert join(room, Since("e1", 2)) == ["reset", "t1", "t2", "t3", "t1"]
    assert join(room, Since("e2", 0)) == ["t1"]
    assert join(room, Since("e2", 1)) == []


# Publishing -----------------------------------------------------------------------------------------------------------


def test_a_final_published_twice_is_shown_once() -> None:
    """A broker may deliver again, and out of order."""
    screen = Screen()
    room = running(1, 2, 2, 1, screens=(screen,))
    assert screen.texts() == ["t1", "t2"]
    assert join(room) == ["t1", "t2"]


def test_finals_of_old_sound_are_not_shown() -> None:
    """Older than five minutes: the archive only; its number is not given again (SESSIONS 24)."""
    screen = Screen()
    room = running(screens=(screen,))
    room.publish(caption(1, at=NOW - STALE_SECONDS - 1), NOW)
    room.publish(caption(2, at=NOW - STALE_SECONDS + 1), NOW)
    assert screen.texts() == ["t2"]
    assert join(room, Since("e1", 0)) == ["t2"]


def test_nothing_of_a_session_that_does_not_hold_the_room_is_shown() -> None:
    """Neither finals nor partials of a late spool stand in another talk."""
    screen = Screen(Mode.PARTIALS)
    room = running(screens=(screen,))
    room.begin_talk("s2", "s2")
    room.publish(caption(0, "late", final=False, session="s1"), NOW)
    room.publish(caption(0, "old", final=False, session="s2", at=NOW - STALE_SECONDS - 1), NOW)
    room.publish(caption(1, session="s1"), NOW)
    room.publish(caption(2, session="s2"), NOW)
    assert screen.texts() == ["t2"]
    assert join(room, mode=Mode.PARTIALS) == ["t2"]


def test_finals_only_means_finals_only() -> None:
    """No partial, no rest, no standing text in a state."""
    screen = Screen()
    room = running(screens=(screen,))
    room.publish(caption(0, "par", final=False, line="l1", stable="par"), NOW)
    room.change_state(State(live=True))
    room.publish(caption(1, line="l1", rest="beyond"), NOW)
    frames = screen.read()
    assert [frame["text"] for frame in frames] == ["", "t1"]
    assert all("rest" not in frame for frame in frames)
    assert join(room) == ["t1"]


def test_a_screen_that_joins_sees_what_stands_unsettled() -> None:
    """As it asks for it."""
    room = running(1)
    room.publish(caption(1, "raw text", final=False, line="l2", stable="raw"), NOW)
    assert join(room, mode=Mode.PARTIALS) == ["t1", "(raw text)"]
    assert join(room, mode=Mode.STABLE) == ["t1", "(raw)"]
    assert join(room, mode=Mode.FINALS) == ["t1"]


def test_the_state_is_told_at_every_change_and_on_demand() -> None:
    """On joining, when it changes, when it is repeated; and not when it stays."""
    screen = Screen()
    room = running(screens=(screen,))
    assert [frame["live"] for frame in screen.read()] == [False]
    room.change_state(State(live=True, language="it-IT"))
    assert [(frame["live"], frame["language"]) for frame in screen.read()] == [(True, "it-IT")]
    room.change_state(State(live=True, language="it-IT"))
    assert screen.read() == []
    room.repeat_state()
    assert [frame["type"] for frame in screen.read()] == ["state"]
    room.leave(screen.outbox)
    room.repeat_state()
    assert screen.read() == []
