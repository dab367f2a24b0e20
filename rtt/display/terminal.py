"""Captions in a terminal: a live screen for a person, or one line of output for each final."""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TextIO

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from rtt.core.wire.screen import Mode, State
from rtt.display.address import Server
from rtt.display.follow import Final, News, Partial, Reset, Standing
from rtt.display.reader import Connected, Lost, read_captions

KEPT = 200
"""Finals a live screen holds; more than any terminal has lines."""

_SETTLED = Style(bold=True)
_UNSETTLED = Style(dim=True)
_SIGN = Style(color="yellow")
_QUIET = Style(dim=True)


def one_line(text: str) -> str:
    """Return text fit for one line of a terminal: no control character, which could steer it, and no line break."""
    return " ".join("".join(c if c.isprintable() or _joins(c) else " " for c in text).split())


def sign_of(state: State) -> str:
    """Return what a reader is told of the room's state, or nothing while all is well."""
    if state.paused:
        return "Captions are paused"
    if state.lagging:
        return "Captions are late"
    return "" if state.live else "No sound at the moment"


class Screen:
    """What a live terminal shows: the newest lines at the bottom, wrapped to its width, and one quiet line of state.

    Rich asks it at each painting for exactly the size the terminal has then, so nothing has to be told of a resize.
    """

    def __init__(self, room: str) -> None:
        self.room = room
        self.lost = ""
        self.state: State | None = None
        self._finals: deque[str] = deque(maxlen=KEPT)
        self._partial = ""

    def take(self, news: News | Connected | Lost) -> None:
        """Note what happened."""
        match news:
            case Final(line):
                self._finals.append(one_line(line.text))
            case Partial(partial):
                self._partial = "" if partial is None else one_line(partial.text)
            case Reset():
                self._finals.clear()
                self._partial = ""
            case Standing(state):
                self.state = state
            case Connected():
                self.lost = ""
            case Lost(why):
                self.lost = why

    def sign(self) -> str:
        """Return the line of state, without its colour."""
        if self.lost:
            return f"○ {one_line(self.lost)}; trying again"
        if self.state is None:
            return "○ connecting"
        return sign_of(self.state)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = max(1, options.size.width - 2), max(1, options.size.height - 2)
        rows = self._rows(console, width, height)
        sign = self.sign()
        foot = Text(f"{self.room} · {sign}" if sign else self.room)
        foot.truncate(width, overflow="ellipsis")
        blank = ("", _QUIET)
        whole = [*[blank] * (height - len(rows)), *rows, blank, (foot.plain, _SIGN if self.lost else _QUIET)]
        for index, (text, style) in enumerate(whole):
            if index:
                yield Segment.line()
            yield Segment(f" {text}", style)

    def _rows(self, console: Console, width: int, height: int) -> list[tuple[str, Style]]:
        """Return the newest rows that fit, the oldest first; older lines are not even wrapped."""
        rows: list[tuple[str, Style]] = []
        partial = [(self._partial, _UNSETTLED)] if self._partial else []
        for text, style in [*partial, *((text, _SETTLED) for text in reversed(self._finals))]:
            rows[:0] = [(row.plain.rstrip(), style) for row in Text(text).wrap(console, width)]
            if len(rows) >= height:
                break
        return rows[-height:]


class Plain:
    """One line of output for each final, at once; messages go elsewhere, one for each change of state."""

    def __init__(self, room: str, out: TextIO, messages: TextIO, clock: Callable[[], str]) -> None:
        self._room, self._out, self._messages, self._clock = room, out, messages, clock
        self._sign = ""

    def take(self, news: News | Connected | Lost) -> None:
        """Note what happened, and say it."""
        match news:
            case Final(line):
                self._write(self._out, one_line(line.text))
            case Reset():
                self._say("the server's captions begin anew")
            case Standing(state):
                sign = sign_of(state)
                if sign != self._sign:
                    self._say(sign or "Captions are live")
                self._sign = sign
            case Connected():
                self._say("connected")
            case Lost(why):
                self._say(f"{why.rstrip('.')}; trying again")

    def _say(self, text: str) -> None:
        self._write(self._messages, f"{self._clock()} {self._room}: {one_line(text)}")

    @staticmethod
    def _write(stream: TextIO, line: str) -> None:
        stream.write(line + "\n")
        stream.flush()


async def show_in_terminal(server: Server, room: str, mode: Mode, *, plain: bool) -> None:
    """Show a room's captions until cancelled; raises `LinkError` where the server sends this display away.

    `plain`, or a standard output that is no terminal: one line for each final, which partials are none of.
    """
    if plain or not sys.stdout.isatty():
        lines = Plain(room, sys.stdout, sys.stderr, lambda: time.strftime("%H:%M:%S"))
        async with aclosing(read_captions(server, room)) as every:
            async for news in every:
                lines.take(news)
        return
    screen = Screen(room)
    console = Console(highlight=False, markup=False)
    with (
        Live(screen, console=console, screen=True, auto_refresh=False, redirect_stderr=False) as live,
        _at_resize(lambda: _paint(live)),
    ):
        _paint(live)
        async with aclosing(read_captions(server, room, mode)) as every:
            async for news in every:
                screen.take(news)
                _paint(live)


def _paint(live: Live) -> None:
    # Rich believes COLUMNS and LINES first, which some parents export once and never change.
    live.console.size = ConsoleDimensions(*os.get_terminal_size(sys.stdout.fileno()))
    live.refresh()


@contextmanager
def _at_resize(paint: Callable[[], None]) -> Iterator[None]:
    number = getattr(signal, "SIGWINCH", None)
    if number is None:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, paint)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _joins(character: str) -> bool:
    # Not printable by Python's rule, but letters of Persian and Indic scripts and emoji are held together by them.
    return character in "\u200c\u200d"
