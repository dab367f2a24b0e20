"""What a reader has of a room, as messages come in: every final once and in order, and at most one partial.

Pure: no socket, no clock. The display page follows the same rules in `templates/captions.js`; one set of stories
(tests/display/stories.py) holds both to them.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from rtt.core.wire.bounds import OFFSET_MAX
from rtt.core.wire.screen import Since, State


@dataclass(frozen=True, slots=True)
class Line:
    """One line to be seen."""

    text: str
    final: bool
    language: str
    line: str | None
    """The engine's name of the line; None where the next partial, whatever its name, goes on with it."""
    epoch: str
    number: int
    """A final's own number, or the one a partial follows."""
    start: float = 0.0
    """Seconds of the session at which it was begun to be said."""
    end: float = 0.0
    """Seconds of the session at which it ended."""
    at: float = 0.0
    """Wall-clock time of `start`, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Final:
    """A final that was not there before."""

    line: Line


@dataclass(frozen=True, slots=True)
class Partial:
    """What stands unsettled below the finals now: a line, or None where it was withdrawn."""

    line: Line | None


@dataclass(frozen=True, slots=True)
class Reset:
    """All that was shown so far is not the room's any more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The room's state, said anew."""

    state: State


News = Final | Partial | Reset | Standing
"""What one message may mean to a reader."""


class Follower:
    """Tells what of each message is new; `partials`: whether this reader asked for them."""

    def __init__(self, *, partials: bool) -> None:
        self.partials = partials
        self.last: Since | None = None
        """The newest final, from which the server is asked to go on."""
        self.partial: Line | None = None
        self._stale = False

    @property
    def since(self) -> str:
        """`EPOCH:NUMBER` for the next connection, or nothing where there is no final yet."""
        return "" if self.last is None else f"{self.last.epoch}:{self.last.number}"

    def reconnected(self) -> None:
        """Believe a partial of the old connection only if the new one goes on with it."""
        self._stale = self.partial is not None

    def take(self, data: str | bytes) -> list[News]:
        """Return what a message brings: nothing for what was seen before or cannot be read."""
        message = _read(data)
        match message.get("type"):
            case "caption":
                return self._caption(message)
            case "reset":
                self.last, self.partial, self._stale = None, None, False
                return [Reset()]
            case "state":
                return [*self._withdraw_stale(), Standing(_state(message))]
            case None:
                return []
            case _:
                return self._withdraw_stale()

    def _caption(self, message: dict[str, Any]) -> list[News]:
        line = _line(message)
        if line is None:
            return []
        if line.final:
            return self._final(line, message.get("rest"))
        return self._unsettled(line) if self.partials else []

    def _final(self, line: Line, rest: object) -> list[News]:
        if self.last is not None and self.last.epoch == line.epoch and line.number <= self.last.number:
            return self._withdraw_stale()
        self.last = Since(line.epoch, line.number)
        had = self.partial
        if self._owns(line):
            self.partial = None
        self._stale = False
        if self.partials and self.partial is None and isinstance(rest, str) and rest:
            self.partial = replace(line, text=rest, final=False, line=None)
        news: list[News] = [Final(line)] if line.text else []
        return [*news, Partial(self.partial)] if self.partial != had else news

    def _unsettled(self, line: Line) -> list[News]:
        if self.last is not None and self.last.epoch == line.epoch and line.number < self.last.number:
            return self._withdraw_stale()
        if not line.text and not self._owns(line):
            return []
        self.partial = line if line.text else None
        self._stale = False
        return [Partial(self.partial)]

    def _owns(self, line: Line) -> bool:
        standing = self.partial
        return standing is not None and (self._stale or standing.line is None or standing.line == line.line)

    def _withdraw_stale(self) -> list[News]:
        if not self._stale:
            return []
        self.partial, self._stale = None, False
        return [Partial(None)]


def _read(data: str | bytes) -> dict[str, Any]:
    if isinstance(data, bytes):
        return {}
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return {}
    return message


def _state(message: dict[str, Any]) -> State:
    language = message.get("language")
    return State(
        live=message.get("live") is True,
        lagging=message.get("lagging") is True,
        paused=message.get("paused") is True,
        language=language if isinstance(language, str) else "",
    )


def _line(message: dict[str, Any]) -> Line | None:
    text, epoch, number = message.get("text"), message.get("epoch"), message.get("number")
    if not isinstance(text, str) or not isinstance(epoch, str) or type(number) is not int:
        return None
    if not 0 <= number < OFFSET_MAX:
        return None
    language, name = message.get("language"), message.get("line")
    return Line(
        text=text,
        final=message.get("is_partial") is False,
        language=language if isinstance(language, str) else "",
        line=name if isinstance(name, str) else None,
        epoch=epoch,
        number=number,
        start=_seconds(message.get("start")),
        end=_seconds(message.get("end")),
        at=_seconds(message.get("at")),
    )


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
