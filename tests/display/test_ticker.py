"""Captions that run upwards in a terminal."""

import io

from rich.console import Console

from rtt.display.follow import Final, Line, Partial
from rtt.display.ticker import Ticker


def shown(*news: Final | Partial, terminal: bool = True) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60, color_system=None, highlight=False, markup=False)
    with Ticker(console) as ticker:
        for one in news:
            ticker.take(one)
    return stream.getvalue()


def line(text: str, *, final: bool = True) -> Line:
    return Line(text, final, "en-US", "l", "e", 1)


def test_finals_stay_in_order() -> None:
    """Every final is written once, as it is, whatever stands in it."""
    text = shown(Final(line("one [bold]two[/bold]")), Final(line("three")), terminal=False)
    assert [part for part in text.splitlines() if part.strip()] == ["one [bold]two[/bold]", "three"]


def test_what_is_unsettled_is_taken_back() -> None:
    """A partial is drawn below the finals and is gone when its final comes or it is withdrawn."""
    text = shown(Partial(line("maybe", final=False)), Partial(None), Final(line("sure")))
    assert "maybe" in text
    assert text.rstrip().splitlines()[-1].strip().endswith("sure") or "sure" in text.split("maybe")[-1]


def test_control_characters_cannot_steer_the_terminal() -> None:
    """What an engine or a server says is text."""
    assert "\x1b[2J" not in shown(Final(line("a\x1b[2Jb")))
