"""The recordings that are too big or too free-spirited for the repository: `../shared/data`, or RTT_TEST_DATA.

Tests ask `need("data")` first. `RTT_TEST_DATA=none` says that this machine has none and that this is known.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: WAV, 16 kHz, mono, 16 bit."""

    id: str
    path: Path
    kind: str
    """`speech`, `noise` or `vad` (speech of which only the stretches of voice are known)."""
    set: str
    seconds: float
    language: str
    """`en`, `it`, or empty."""
    text: str
    """What is said, or empty."""


def renounced() -> bool:
    """Tell whether the machine's owner says that there are no recordings."""
    return os.environ.get("RTT_TEST_DATA") == "none"


def folder() -> Path | None:
    """Return the folder with `manifest.json`, or None where there is none."""
    named = os.environ.get("RTT_TEST_DATA")
    where = Path(named) if named else ROOT.parent / "shared" / "data"
    return where if (where / "manifest.json").is_file() else None


def clips(kind: str = "", set: str = "", language: str = "") -> list[Clip]:  # noqa: A002 - the manifest's word
    """Return the recordings of this kind, set and language, in the manifest's order."""
    where = folder()
    if where is None:
        raise FileNotFoundError("no recordings: call need('data') first")
    found = [
        Clip(
            id=entry["id"],
            path=where / entry["path"],
            kind=entry["kind"],
            set=entry["set"],
            seconds=entry["dur"],
            language=entry.get("lang") or "",
            text=entry.get("text") or "",
        )
        for entry in json.loads((where / "manifest.json").read_text(encoding="utf-8"))
    ]
    wanted = {"kind": kind, "set": set, "language": language}
    return [clip for clip in found if all(not value or getattr(clip, key) == value for key, value in wanted.items())]
