"""A room's finals as something to take away: plain text and JSON."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rtt.core.caption import RATE, Caption
from rtt.core.journal import Final, Line, Note


def as_text(lines: Iterable[Line]) -> str:
    """Return one line for each final, and one in brackets for each gap."""
    written = []
    for line in lines:
        match line:
            case Final(caption=caption):
                written.append(_one_line(caption.text))
            case Note(kind="gap", span=span) if span is not None:
                written.append(f"[{(span.end - span.start) / RATE:.1f} s missing: {_one_line(span.why) or 'no sound'}]")
    return "".join(f"{text}\n" for text in written)


def _one_line(text: str) -> str:
    """Return `text` without line breaks: what a capture gives as a reason must not look like something said."""
    return " ".join(text.split())


def as_json(room: str, lines: Sequence[Line]) -> str:
    """Return the finals and gaps of a room as JSON; times are seconds of the session, `at` is ISO 8601 in UTC."""
    entries = []
    for line in lines:
        match line:
            case Final(caption=caption):
                entries.append(_caption(caption, line))
            case Note(kind="gap", span=span) if span is not None:
                gap = {"start": round(span.start / RATE, 3), "end": round(span.end / RATE, 3), "why": span.why}
                entries.append({"type": "gap", "session": line.session, **gap})
    return json.dumps({"room": room, "entries": entries}, ensure_ascii=False, indent=1) + "\n"


def _caption(caption: Caption, final: Final) -> dict[str, object]:
    return {
        "type": "caption",
        "session": caption.session,
        "epoch": caption.epoch,
        "number": caption.number,
        "text": caption.text,
        "language": caption.language,
        "engine": caption.engine,
        "start": round(caption.start / RATE, 3),
        "end": round(caption.end / RATE, 3),
        "at": _moment(caption.at),
        "words": [
            {
                "text": word.text,
                "start": round(word.start / RATE, 3),
                "end": round(word.end / RATE, 3),
                "confidence": word.confidence,
            }
            for word in final.words
        ],
    }


def _moment(at: float) -> str | None:
    """Return seconds since 1970 as ISO 8601 in UTC, or None where a capture's clock says what no calendar holds."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return None
