"""A room's finals as something to take away: plain text and JSON.

Where the engine tells voices apart, they are named in the order in which they are first heard. It knows a voice only
within one of its streams: what comes after a change of streams has new names, for else two people might share one.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rtt.core.caption import RATE, Caption
from rtt.core.journal import Final, Head, Line, Note


class _Speakers:
    """The names of the voices in a room's lines."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, int, str], str] = {}
        self._heads = 0

    def begin(self) -> None:
        """Note that a session, or a server that goes on with one, begins: streams are counted anew."""
        self._heads += 1

    def of(self, final: Final) -> list[str]:
        """Return who says each word of a final; nothing where it is not known."""
        return [
            self._names.setdefault((self._heads, final.stream, word.speaker), f"speaker {len(self._names) + 1}")
            if word.speaker
            else ""
            for word in final.words
        ]


def as_text(lines: Iterable[Line]) -> str:
    """Return one line for each final, and one in brackets for each gap; in brackets too who speaks, if that changes."""
    written = []
    speakers, last = _Speakers(), ""
    for line in lines:
        match line:
            case Head():
                speakers.begin()
            case Final():
                text, last = _marked(line, speakers.of(line), last)
                written.append(_one_line(text))
            case Note(kind="gap", span=span) if span is not None:
                written.append(f"[{(span.end - span.start) / RATE:.1f} s missing: {_one_line(span.why) or 'no sound'}]")
    return "".join(f"{text}\n" for text in written)


def _marked(final: Final, names: Sequence[str], last: str) -> tuple[str, str]:
    """Return the text with a mark wherever another one than `last` begins to speak, and who speaks at its end."""
    text, marked, done, at = final.caption.text, "", 0, 0
    for word, name in zip(final.words, names, strict=True):
        found = text.find(word.text, at)
        place = found if found >= 0 else at
        if name and name != last:
            marked += f"{text[done:place]} [{name}] "
            done, last = place, name
        at = place + (len(word.text) if found >= 0 else 0)
    return marked + text[done:], last


def _one_line(text: str) -> str:
    """Return `text` without line breaks: what a capture gives as a reason must not look like something said."""
    return " ".join(text.split())


def as_json(room: str, lines: Sequence[Line]) -> str:
    """Return the finals and gaps of a room as JSON; times are seconds of the session, `at` is ISO 8601 in UTC."""
    entries = []
    speakers = _Speakers()
    for line in lines:
        match line:
            case Head():
                speakers.begin()
            case Final(caption=caption):
                entries.append(_caption(caption, line, speakers.of(line)))
            case Note(kind="gap", span=span) if span is not None:
                gap = {"start": round(span.start / RATE, 3), "end": round(span.end / RATE, 3), "why": span.why}
                entries.append({"type": "gap", "session": line.session, **gap})
    return json.dumps({"room": room, "entries": entries}, ensure_ascii=False, indent=1) + "\n"


def _caption(caption: Caption, final: Final, speakers: Sequence[str]) -> dict[str, object]:
    told: dict[str, object] = {"speakers": list(dict.fromkeys(filter(None, speakers)))} if any(speakers) else {}
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
                **({"speaker": speaker} if speaker else {}),
            }
            for word, speaker in zip(final.words, speakers, strict=True)
        ],
        **told,
    }


def _moment(at: float) -> str | None:
    """Return seconds since 1970 as ISO 8601 in UTC, or None where a capture's clock says what no calendar holds."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return None
