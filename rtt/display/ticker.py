"""Captions as lines that run upwards in a terminal: finals stay, what is unsettled stands below them."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rtt.display.follow import Final, News, Partial
from rtt.display.reader import Connected, Lost
from rtt.display.terminal import one_line


class Ticker:
    """Used as `with Ticker(console) as ticker: ticker.take(news)`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(Text(""), console=console, auto_refresh=False, transient=True)

    def take(self, news: News | Connected | Lost) -> None:
        """Show what is new; states and connections are not."""
        match news:
            case Final(line):
                self._live.update(Text(""))
                self._console.print(Text(one_line(line.text), "bold"))
                self._live.refresh()
            case Partial(line):
                self._live.update(Text(one_line(line.text) if line else "", "dim"), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
