"""What the operator of the server sees: a live table of the rooms on a terminal, one line per change elsewhere."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console as Terminal
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rtt.server.status import RoomStatus

FRAMES_PER_SECOND = 2
WIDE = 100
"""From so many columns on, the table shows the account too."""


def age(seconds: float | None) -> str:
    """Return a duration as an operator reads it: `7s`, `3:05`, `1:02:03`."""
    if seconds is None:
        return ""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def table(rooms: Sequence[RoomStatus], width: int) -> Table:
    """Return the table of the rooms for a terminal of `width` columns."""
    wide = width >= WIDE
    grid = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bold")
    grid.add_column("", width=1)
    grid.add_column("ROOM", no_wrap=True, max_width=20)
    grid.add_column("LANG", no_wrap=True)
    if wide:
        grid.add_column("ENGINE", no_wrap=True)
        grid.add_column("AUDIO", justify="right", no_wrap=True)
        grid.add_column("HELD BACK", justify="right", no_wrap=True)
    paid = wide and any(room.usd for room in rooms)
    if paid:
        grid.add_column("USD", justify="right", no_wrap=True)
    grid.add_column("LAG", justify="right", no_wrap=True)
    grid.add_column("LAST CAPTION", ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column("AGE", justify="right", no_wrap=True)
    grid.add_column("SCR", justify="right", no_wrap=True)
    for room in rooms:
        sign, style = ("●", "green") if room.live else ("○", "dim")
        if room.alarm:
            sign, style = "▲", "bold yellow"
        cells: list[Text | str] = [Text(sign, style), room.room, room.language]
        if wide:
            withheld = str(room.withheld) if room.withheld else ""
            cells += [room.engine, age(room.received), withheld]
        if paid:
            cells.append(f"{room.usd:.2f}")
        lag = Text(f"{room.lag:.1f}", "yellow" if room.lag > 2 else "")
        cells += [lag, Text(room.last_text), age(room.last_age), str(room.screens)]
        grid.add_row(*cells)
        if room.alarm:
            grid.add_row("", Text(room.alarm, "yellow", overflow="fold"))
    return grid


class PlainConsole:
    """Writes one time-stamped line per change of state: for logs and pipes."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._stream, self._clock = stream, clock

    def tell(self, room: str, sentence: str) -> None:
        """Write a sentence, named by its room if it has one."""
        stamp = time.strftime("%H:%M:%S", time.localtime(self._clock()))
        where = f"{room}: " if room else ""
        safe = "".join(char if char.isprintable() else " " for char in sentence)
        self._stream.write(f"{stamp} {where}{safe}\n")
        self._stream.flush()


class LiveConsole:
    """Draws the table under the lines; `run` keeps it true."""

    def __init__(self) -> None:
        self._terminal = Terminal(stderr=True, highlight=False)

    def tell(self, room: str, sentence: str) -> None:
        """Write a sentence above the table."""
        stamp = time.strftime("%H:%M:%S")
        self._terminal.print(Text(f"{stamp} {room + ': ' if room else ''}{sentence}"), soft_wrap=True)

    async def run(self, rooms: Callable[[], Sequence[RoomStatus]]) -> None:
        """Draw until cancelled."""
        with Live(console=self._terminal, auto_refresh=False, transient=True) as live:
            while True:
                live.update(self.picture(rooms()), refresh=True)
                await asyncio.sleep(1 / FRAMES_PER_SECOND)

    def picture(self, rooms: Sequence[RoomStatus]) -> Table:
        """Return what is drawn: the rooms, or what makes one appear."""
        if rooms:
            return table(rooms, self._terminal.width)
        empty = Table.grid()
        empty.add_row(Text("No room yet. Beside the mixer: rtt capture --room aula1", "dim"))
        return empty
