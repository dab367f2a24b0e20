"""Messages between the server and a screen (DESIGN 4, SESSIONS F).

A reader that knows only `text` and `is_partial` works: every message of the server carries both. A message that is
not a caption repeats the partial that stands already (or nothing), so that such a reader shows nothing wrong by it.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rtt.core.caption import RATE, Caption
from rtt.core.errors import LinkError
from rtt.core.wire.bounds import TEXT_MAX
from rtt.core.wire.codes import Close


class Mode(StrEnum):
    """What a screen asks for with `?partial=`."""

    FINALS = "false"
    PARTIALS = "true"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class State:
    """What a screen must know of its room beside the captions."""

    live: bool = False
    """Sound is arriving."""
    lagging: bool = False
    """Captions come later than they should."""
    paused: bool = False
    """The operator stopped the captions."""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Since:
    """The last caption a screen has: `EPOCH:NUMBER`."""

    epoch: str
    number: int


def _dump(body: dict[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair in an engine's text would break the connection of every screen.
    return text if text.isascii() else text.encode(errors="replace").decode()


def encode_caption(caption: Caption) -> str:
    """Return the JSON text of a caption; `start` and `end` are seconds of the session."""
    body = {
        "type": "caption",
        "room": caption.room,
        "session": caption.session,
        "epoch": caption.epoch,
        "number": caption.number,
        "line": caption.line,
        "text": caption.text,
        "is_partial": not caption.final,
        "language": caption.language,
        "engine": caption.engine,
        "start": round(caption.start / RATE, 3),
        "end": round(caption.end / RATE, 3),
        "at": round(caption.at, 3),
    }
    if caption.rest:
        body["rest"] = caption.rest
    return _dump(body)


def encode_state(state: State, partial: str = "") -> str:
    """Return the JSON text of a state; `partial` is the unsettled text that stands on the screen."""
    body = {"live": state.live, "lagging": state.lagging, "paused": state.paused, "language": state.language}
    return _dump({"type": "state", **body, "text": partial, "is_partial": True})


def encode_reset(epoch: str) -> str:
    """Return the JSON text that empties a screen: its history is not the room's (SESSIONS 21)."""
    return _dump({"type": "reset", "epoch": epoch, "text": "", "is_partial": True})


def parse_mode(text: str) -> Mode:
    """Read `?partial=`; raises `LinkError` (malformed) for a word that is none of the three."""
    try:
        return Mode(text.lower() or Mode.FINALS)
    except ValueError as error:
        why = "partial is false, true or stable"
        raise LinkError("The screen asks for something unknown", why, code=Close.MALFORMED) from error


def parse_since(text: str) -> Since | None:
    """Read `?since=EPOCH:NUMBER`; None where it is empty or unreadable, as for a screen that has nothing."""
    epoch, _, number = text.rpartition(":")
    if not epoch or not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    return Since(epoch, int(number))


def parse_seen(text: str) -> Since | None:
    """Read a screen's `seen`; None for any other message: a viewer can do nothing to a room."""
    if len(text) > TEXT_MAX:
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or body.get("type") != "seen":
        return None
    epoch, number = body.get("epoch"), body.get("number")
    if not isinstance(epoch, str) or type(number) is not int or number < 0:
        return None
    return Since(epoch, number)
