import io
import math
import os
import pty
import re

import pytest
from rich.console import Console

from rtt.capture.status import BAR, LiveFace, PlainFace, View, bar, clock, decibels, drawn, face, printable


def view(**changes: object) -> View:
    usual: dict[str, object] = {
        "room": "aula1",
        "source": "Mixer",
        "state": "live",
        "rms": -18.0,
        "peak": -6.0,
        "clipped": 0,
        "captured": 3671.0,
        "ack_lag": 0.3,
        "heard_lag": 0.5,
        "lost": 0.0,
        "reconnects": 0,
    }
    return View(**{**usual, **changes})  # type: ignore[arg-type]


def test_plain_lines_have_the_time_in_front_and_are_written_at_once() -> None:
    """A log shows each change when it happens; the moment is not shown."""
    stream = io.StringIO()
    with PlainFace(stream, now=lambda: 0.0) as plain:
        plain.say("one")
        plain.show(view())
        plain.say("two")
    assert re.fullmatch(r"\d\d:\d\d:\d\d one\n\d\d:\d\d:\d\d two\n", stream.getvalue())


def test_what_a_server_says_cannot_steer_a_terminal_or_forge_a_line() -> None:
    """Escape sequences and line ends become harmless characters."""
    assert printable("a\x1b[2Jb\nc\rd\té") == "a?[2Jb c d é"
    stream = io.StringIO()
    PlainFace(stream).say("x\n12:00:00 forged\x07")
    assert stream.getvalue().count("\n") == 1
    assert "\x07" not in stream.getvalue()


def test_all_the_operator_needs_is_on_two_lines() -> None:
    """Room, state, source, level, peak, time, lag; what is zero and should be is not shown."""
    text = drawn(view()).plain
    assert len(text.splitlines()) == 2
    for part in ("aula1", "live", "Mixer", "-18 dBFS", "peak   -6", "1:01:11", "lag 0.3 s"):
        assert part in text
    assert not re.search("CLIP|LOST|reconnects|behind", text)


def test_what_is_wrong_is_shown() -> None:
    """Clipping, lost sound, a slow engine, reconnects, no connection."""
    text = drawn(
        view(state="no connection", clipped=7, lost=1.5, heard_lag=12.0, reconnects=2, rms=-math.inf, peak=-math.inf)
    ).plain
    for part in ("no connection", "CLIPPED 7", "LOST 1.5 s", "engine 12 s behind", "reconnects 2", "-- dBFS"):
        assert part in text


@pytest.mark.parametrize(
    ("rms", "peak", "full", "marks"),
    [(-math.inf, -math.inf, 0, 0), (-60.0, -60.0, 0, 0), (-30.0, -12.0, 10, 1), (0, 0, BAR, 0)],
)
def test_the_bar_is_filled_to_the_level_and_marks_the_peak(rms: float, peak: float, full: int, marks: int) -> None:
    """Empty at -60 dBFS and below, full at 0."""
    text = bar(rms, peak).plain
    assert (len(text), text.count("█"), text.count("│")) == (BAR, full, marks)


def test_lengths_and_levels_are_written_as_operators_read_them() -> None:
    """Hours, minutes, seconds; whole decibels."""
    assert [clock(0), clock(59.9), clock(36_000)] == ["0:00:00", "0:00:59", "10:00:00"]
    assert [decibels(-7.6), decibels(-math.inf)] == ["  -8", "  --"]


def test_the_live_view_is_for_terminals_only() -> None:
    """A pipe, --plain and a dumb terminal get lines."""
    assert isinstance(face(False, io.StringIO()), PlainFace)
    leader, follower = pty.openpty()
    try:
        with open(follower, "w", closefd=False) as terminal:
            assert isinstance(face(True, terminal), PlainFace)
    finally:
        os.close(leader)
        os.close(follower)


def test_the_live_view_draws_the_moment_and_lets_changes_scroll_above() -> None:
    """What was said stays as one line; the moment is drawn over itself; the cursor comes back."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=70, height=20, color_system=None, _environ={"TERM": "xterm"}
    )
    with LiveFace(console, now=lambda: 0.0) as live:
        live.show(view())
        live.say("Connected [to] somewhere")
        live.show(view(rms=-30.0, source="a very long name of a source " * 5))
    out = stream.getvalue()
    assert "Connected [to] somewhere" in out
    assert "-18 dBFS" in out
    assert "-30 dBFS" in out
    assert out.rpartition("dBFS")[2].count("\x1b[?25h") == 1
    assert out.endswith("\x1b[2K"), "the moment is wiped at the end: nothing goes on saying live"
    assert LiveFace.period >= 0.2
