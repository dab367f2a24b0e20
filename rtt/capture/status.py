"""What the operator of a capture sees: a live line on a terminal, plain lines anywhere else. All of it on stderr."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

FLOOR = -60.0
"""dBFS at which the level bar is empty."""
BAR = 20
"""Characters of the level bar."""
WARM, HOT = -12.0, -3.0
"""dBFS from which the bar turns yellow and red."""


@dataclass(frozen=True, slots=True)
class View:
    """One moment of a capture; levels in dBFS, times in seconds."""

    room: str
    source: str
    state: str
    rms: float
    peak: float
    clipped: int
    captured: float
    ack_lag: float
    """Captured and not yet in the server."""
    heard_lag: float
    """Captured and not yet given to the engine."""
    lost: float
    reconnects: int


class Face(Protocol):
    """Where a capture shows itself; used as `with face: ...`."""

    period: float
    """Seconds between two looks at the level."""

    def say(self, text: str) -> None:
        """Tell the operator of a change."""
        ...

    def show(self, view: View) -> None:
        """Show the moment."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainFace:
    """One time-stamped line per change, for logs; the moment is not shown."""

    period = 1.0

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.time) -> None:
        self._stream, self._now = stream, now

    def say(self, text: str) -> None:
        """Write one line, at once."""
        stamp = time.strftime("%H:%M:%S", time.localtime(self._now()))
        self._stream.write(f"{stamp} {printable(text)}\n")
        self._stream.flush()

    def show(self, view: View) -> None:
        """Show nothing: a log has no moment."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()


class SilentFace:
    """Says nothing: for the demo, where the captions are the message."""

    period = 1.0

    def say(self, text: str) -> None:
        """Say nothing."""

    def show(self, view: View) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""


class LiveFace:
    """Two lines that move at the bottom of a terminal, changes scrolling away above them."""

    period = 0.2

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console, self._now = console, now
        # Transient: what stood there when the capture ended must not go on saying "live".
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def say(self, text: str) -> None:
        """Write one line above the live ones."""
        stamp = time.strftime("%H:%M:%S", time.localtime(self._now()))
        self._console.print(Text(f"{stamp} {printable(text)}"), soft_wrap=True)

    def show(self, view: View) -> None:
        """Draw the moment."""
        self._live.update(drawn(view), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def face(plain: bool, stream: TextIO) -> Face:
    """Return the live face where `stream` is a terminal that can show one, else the plain one."""
    console = Console(file=stream)
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return PlainFace(stream)
    return LiveFace(console)


def printable(text: str) -> str:
    """Return `text` as one line without control characters: what a server says must not steer a terminal."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def drawn(view: View) -> Text:
    """Return the two live lines."""
    live = view.state == "live"
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(f"{printable(view.room)} ", "bold")
    head.append(f" {view.state} ", "black on green" if live else "white on red")
    head.append(f" {printable(view.source)}\n")
    head.append_text(bar(view.rms, view.peak))
    head.append(f" {decibels(view.rms)} dBFS, peak {decibels(view.peak)}")
    if view.clipped:
        head.append(f"  CLIPPED {view.clipped}", "bold red")
    head.append(f"  {clock(view.captured)}")
    head.append(f"  lag {view.ack_lag:.1f} s", "" if view.ack_lag < 2 else "bold red")
    if view.heard_lag - view.ack_lag >= 2:
        head.append(f"  engine {view.heard_lag:.0f} s behind", "bold yellow")
    if view.reconnects:
        head.append(f"  reconnects {view.reconnects}", "yellow")
    if view.lost:
        head.append(f"  LOST {view.lost:.1f} s", "bold red")
    return head


def bar(rms: float, peak: float) -> Text:
    """Return the level bar: filled to the RMS, a mark at the peak that stood out."""
    filled, mark = _position(rms), _position(peak)
    text = Text()
    for index in range(BAR):
        dbfs = FLOOR * (1 - (index + 1) / BAR)
        colour = "red" if dbfs > HOT else "yellow" if dbfs > WARM else "green"
        text.append("█" if index < filled else "│" if mark and index == mark - 1 else "░", colour)
    return text


def _position(dbfs: float) -> int:
    """Return how many of the bar's characters lie at or below `dbfs`."""
    return 0 if dbfs <= FLOOR else min(BAR, max(1, math.ceil(BAR * (1 - dbfs / FLOOR))))


def decibels(dbfs: float) -> str:
    """Return a level as four characters; exact silence has none."""
    return "  --" if dbfs == -math.inf else f"{dbfs:4.0f}"


def clock(seconds: float) -> str:
    """Return a length as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
