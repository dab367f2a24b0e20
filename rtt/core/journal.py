"""The journal's lines and its rules about numbers and epochs (SESSIONS E); the files are in server/archive.

One file holds one session, one JSON object a line. A line is written before any screen sees its caption, so a killed
server loses nothing; a torn last line was never shown and is dropped. (room, epoch, number) names a caption for ever.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rtt.core.caption import Caption, Word
from rtt.core.ledger import Span


@dataclass(frozen=True, slots=True)
class Head:
    """First line of a file, and again where its epoch or the machine's boot changes."""

    epoch: str
    boot: str
    room: str
    session: str
    talk: str
    language: str
    at: float
    """Wall-clock time, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Final:
    """A numbered caption with what is needed to hear again after a loss."""

    caption: Caption
    words: tuple[Word, ...]
    stream: int
    """Generation of the engine stream that heard it."""
    watermark: int
    """No open result of the session began below this sample."""


@dataclass(frozen=True, slots=True)
class Note:
    """Anything else worth keeping: a gap, the end of a session, a clean stop of the server."""

    kind: str
    session: str = ""
    span: Span | None = None
    at: float = 0.0


Line = Head | Final | Note

Fields = dict[str, type | tuple[type, ...]]
"""Names of a line's fields, with the kinds of value they hold."""
HEAD: Fields = {
    "epoch": str,
    "boot": str,
    "room": str,
    "session": str,
    "talk": str,
    "language": str,
    "at": (int, float),
}
FINAL: Fields = {
    "number": int,
    "epoch": str,
    "room": str,
    "session": str,
    "line": str,
    "text": str,
    "language": str,
    "engine": str,
    "start": int,
    "end": int,
    "at": (int, float),
}
WORD: Fields = {"text": str, "start": int, "end": int, "confidence": (int, float, type(None)), "speaker": str}


def encode(line: Line) -> bytes:
    """Return the journal's bytes for a line, newline included."""
    body: dict[str, Any]
    match line:
        case Head():
            body = {"type": "head"} | {name: getattr(line, name) for name in HEAD}
        case Final(caption=caption):
            body = {"type": "final"} | {name: getattr(caption, name) for name in FINAL}
            body |= {"stream": line.stream, "watermark": line.watermark}
            body["words"] = [_values(word) for word in line.words]
        case Note():
            body = {"type": line.kind, "session": line.session, "at": line.at}
            if line.span is not None:
                body |= {"from": line.span.start, "to": line.span.end, "why": line.span.why}
    # Half a surrogate pair in a text must not keep a final from the disk: it becomes a question mark.
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace") + b"\n"


def decode(raw: bytes) -> Line | None:
    """Return the line that `raw` holds, or None where it is torn or not one of ours."""
    try:
        body = json.loads(raw)
        match body["type"]:
            case "head":
                return Head(**_fields(body, HEAD))
            case "final":
                caption = Caption(final=True, **_fields(body, FINAL))
                words = tuple(_word(*values) for values in body["words"])
                return Final(caption, words, **_fields(body, {"stream": int, "watermark": int}))
            case str(kind):
                span = _fields(body, {"from": int, "to": int, "why": str}) if "from" in body else None
                note = _fields(body, {"session": str, "at": (int, float)})
                return Note(kind, note["session"], Span(*span.values()) if span else None, note["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def _values(word: Word) -> list[Any]:
    """Return what a line holds of a word; a fifth value only where a speaker is known."""
    return [word.text, word.start, word.end, word.confidence, *([word.speaker] if word.speaker else [])]


def _word(text: Any, start: Any, end: Any, confidence: Any, speaker: Any = "") -> Word:
    """Return the word of these values; raises TypeError where one is not of its kind."""
    body = {"text": text, "start": start, "end": end, "confidence": confidence, "speaker": speaker}
    return Word(**_fields(body, WORD))


def _fields(body: dict[str, Any], kinds: Fields) -> dict[str, Any]:
    """Return these fields of a line; raises TypeError where one is not of its kind."""
    wrong = [name for name, kind in kinds.items() if not isinstance(body[name], kind)]
    if wrong:
        raise TypeError(wrong)
    return {name: body[name] for name in kinds}


def read(raw: bytes) -> tuple[list[Line], int]:
    """Return the lines of a file and the number of bytes that are whole; what follows them is a torn line."""
    whole = raw.rfind(b"\n") + 1
    lines = (decode(piece) for piece in raw[:whole].splitlines())
    return [line for line in lines if line is not None], whole


@dataclass(slots=True)
class Recovered:
    """What the files of a room say when a server starts."""

    epoch: str = ""
    number: int = 0
    """Highest number given in the epoch."""
    boot: str = ""
    """Boot of the machine in which the newest lines were written."""
    clean: bool = False
    """True if the server that wrote them stopped cleanly."""
    finals: list[Final] = field(default_factory=list)
    """The epoch's finals in the files that were read, in order of their numbers."""
    talks: dict[str, str] = field(default_factory=dict)
    """Talk of each session in them."""
    ended: dict[str, float] = field(default_factory=dict)
    """When a session of them ended, wall-clock."""


def recover(files: Iterable[list[Line]]) -> Recovered:
    """Put together what the newest files of a room hold; any order of files is right."""
    found = Recovered()
    newest = float("-inf")
    finals: list[Final] = []
    for lines in files:
        for line in lines:
            match line:
                case Head():
                    found.talks[line.session] = line.talk
                    if line.at >= newest:
                        newest, found.epoch, found.boot, found.clean = line.at, line.epoch, line.boot, False
                case Final():
                    finals.append(line)
                case Note(kind="stop") if line.at >= newest:
                    newest, found.clean = line.at, True
                case Note(kind="ended"):
                    found.ended[line.session] = line.at
    found.finals = sorted((f for f in finals if f.caption.epoch == found.epoch), key=lambda f: f.caption.number)
    found.number = found.finals[-1].caption.number if found.finals else 0
    return found


def keeps_epoch(found: Recovered, boot: str) -> bool:
    """Tell whether a starting server may go on with the epoch it found.

    After another boot without a clean stop, a power cut may have taken lines that screens have seen: their numbers
    would be given a second time. Unknown boots (empty) are trusted only after a clean stop.
    """
    return bool(found.epoch) and (found.clean or (found.boot == boot and boot != ""))
