"""What the operator of the server sees."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from rtt.server.console import LiveConsole, PlainConsole, age, table
from rtt.server.status import RoomStatus

ROOM = RoomStatus(
    room="auditorium",
    live=True,
    language="it-IT",
    engine="pocketsphinx",
    session="s",
    epoch="e",
    number=9,
    received=2472.0,
    lag=0.6,
    settled=2470.0,
    captions=9,
    withheld=3,
    reasons={"no voice": 3},
    gaps=0.0,
    unheard=0.0,
    screens=39,
    age_at_glass=0.2,
    last_text="quindi il punto è che il modello [bold]non[/bold] inventa niente di niente mai",
    last_age=2.0,
    minutes_paid=0.0,
    usd=0.0,
    alarm="",
)


def drawn(rooms: list[RoomStatus], width: int) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None)
    console.print(table(rooms, width))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_room_is_one_line_at_every_width(width: int) -> None:
    """Name, language, last words, age and screens fit, and nothing is read as markup."""
    head, line = drawn([ROOM], width)
    assert len(line) <= width
    for part in ("auditorium", "it-IT", "quindi il punto", "2s", "39", "●"):
        assert part in line
    assert "LAST CAPTION" in head
    assert "[bold]" in line or width == 80


def test_what_is_paid_for_has_a_column() -> None:
    """A paid engine shows what each room cost; a free one takes no space for it."""
    head, line = drawn([replace(ROOM, usd=0.9888)], 120)
    assert "USD" in head
    assert "0.99" in line
    assert "USD" not in drawn([ROOM], 120)[0]


def test_an_alarm_stands_under_its_room() -> None:
    """What must be known now is a sentence of its own."""
    lines = drawn([replace(ROOM, alarm="No sound arrives although the capture is connected."), ROOM], 80)
    assert "▲" in lines[1]
    assert "No sound arrives" in " ".join(lines[2:4])


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (7.9, "7s"), (65, "1:05"), (3723, "1:02:03")])
def test_durations_as_an_operator_reads_them(seconds: float | None, text: str) -> None:
    """Short, and never ambiguous."""
    assert age(seconds) == text


def test_plain_lines_are_stamped_and_cannot_steer_a_terminal() -> None:
    """One line per change, whatever a client's words contain."""
    stream = io.StringIO()
    PlainConsole(stream, lambda: 0.0).tell("aula1", "two\nlines \x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "aula1: two lines" in stream.getvalue()


def test_an_empty_server_says_what_to_do() -> None:
    """Before the first room the picture names the command that makes one."""
    stream = io.StringIO()
    Console(file=stream, width=80).print(LiveConsole().picture([]))
    assert "rtt capture --room" in stream.getvalue()
