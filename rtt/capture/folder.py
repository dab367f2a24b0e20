"""The folder of one session on this machine: its card, its sound, and the lock that makes it one process's own.

`ROOT/spool/NAME/` holds `lock`, `card.json` and segments (`records`). It is made under another name and locked before
it gets its own, so that nobody ever finds one half made. Folders are 0700, files 0600: speech is personal data.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self
from uuid import uuid4

from rtt.capture import records
from rtt.capture.records import Mark, Missing, Sound, Stretch, stretches
from rtt.core.caption import RATE

FOLDER = "spool"
"""Name of the folder that holds all of them."""
SUFFIX = ".sound"
"""How a segment's name ends."""
MAKING = "new-"
"""How the name of one that is being made begins."""
MAKING_SECONDS = 60.0
"""One that is still being made after so long never will be."""
HOLE = "the capture was stopped before it was on disk"
"""Why sound is missing that was neither written nor announced."""


@dataclass(frozen=True, slots=True)
class Card:
    """Whose sound it is."""

    session: str
    attempt: int
    room: str
    server: str
    language: str
    live: bool
    """True where the sound went on while nobody captured it: a microphone, not a recording."""
    samples: int | None = None
    """Samples of the whole session once its source has ended, else None."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of records."""

    path: Path
    start: int
    """First sample any of its records speaks of."""
    end: int
    """First sample after them."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds of its session."""

    row: tuple[Stretch, ...]
    mark: Mark
    segments: tuple[Segment, ...]

    @property
    def next(self) -> int:
        """First sample that was never captured."""
        return self.row[-1].end if self.row else self.mark.first

    @property
    def unsettled(self) -> int:
        """Samples of sound that nobody has settled; gaps are not counted."""
        return sum(s.end - max(s.start, self.mark.settled) for s in self.row if s.why is None and self._open(s))

    def _open(self, stretch: Stretch) -> bool:
        return stretch.end > self.mark.settled

    @property
    def ended_at(self) -> float:
        """Wall-clock time of `next`, in seconds since 1970; 0 where it is not known."""
        return self.mark.at + (self.next - self.mark.sample) / RATE if self.mark.at else 0.0


class Folder:
    """A session's folder, held by this process until `release` or `remove`; a bad disk is an OSError."""

    def __init__(self, path: Path, lock: int, card: Card) -> None:
        self.path, self.card, self._lock = path, card, lock

    @classmethod
    def make(cls, root: Path, card: Card) -> Self:
        """Make the folder of a new session below `root`."""
        above = root / FOLDER
        above.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(uuid4())
        making = above / f"{MAKING}{name}"
        making.mkdir(mode=0o700)
        lock = _open_lock(making, os.O_CREAT)
        assert _locked(lock)
        folder = cls(making, lock, card)
        try:
            folder.write(card)
            folder.path = making.rename(above / name)
        except OSError:
            folder.remove()
            raise
        return folder

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """Take over the folder at `path`; None where another process has it, or where it holds no session."""
        lock = -1
        try:
            lock = _open_lock(path)
            if _locked(lock) and (path / "lock").stat().st_ino == os.fstat(lock).st_ino:
                return cls(path, lock, _read_card(path))
        except (OSError, ValueError, TypeError, KeyError):
            pass  # gone meanwhile, of another user, or written by nobody who keeps the rules: not ours
        if lock >= 0:
            os.close(lock)
        return None

    def write(self, card: Card) -> None:
        """Write the card anew; after a power cut the old one or this one is there, never half of it."""
        self.card = card
        beside = self.path / "card.json.new"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(asdict(card)).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.rename(self.path / "card.json")

    def contents(self) -> Contents:
        """Read all records; sound is checked and not kept in memory."""
        sound: list[tuple[int, int]] = []
        gaps: list[Missing] = []
        segments: list[Segment] = []
        mark = Mark(0, 0, 0, 0.0)
        for path in sorted(self.path.glob(f"*{SUFFIX}")):
            spans: list[tuple[int, int]] = []
            for record in records.read(path):
                match record:
                    case Sound():
                        sound.append((record.start, record.end))
                        spans.append(sound[-1])
                    case Missing():
                        gaps.append(record)
                        spans.append((record.start, record.end))
                    case Mark():
                        mark = record
            segments.append(Segment(path, min((a for a, _ in spans), default=0), max((b for _, b in spans), default=0)))
        row = stretches(sound, gaps, HOLE)
        needed = [s for s in row if s.end > mark.first]
        if needed and needed[0].start < mark.first:
            needed[0] = Stretch(mark.first, needed[0].end, needed[0].why)
        return Contents(tuple(needed), mark, tuple(segments))

    def release(self) -> None:
        """Leave it as it is, for whoever comes next."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def remove(self) -> None:
        """Delete it: all is settled, or nobody wants it."""
        with suppress(OSError):  # under this name nobody looks for it, and what cannot be deleted now is deleted later
            self.path = self.path.rename(self.path.with_name(MAKING + self.path.name.removeprefix(MAKING)))
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def folders(root: Path) -> Iterator[Path]:
    """Yield the folders below `root`, oldest first; what was never made to its end is deleted."""
    try:
        found = [(path.stat().st_mtime, path) for path in (root / FOLDER).iterdir() if path.is_dir()]
    except OSError:
        return
    for at, path in sorted(found):
        if not path.name.startswith(MAKING):
            yield path
        elif time.time() - at > MAKING_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _open_lock(path: Path, create: int = 0) -> int:
    return os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC | create, 0o600)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_card(path: Path) -> Card:
    body = json.loads((path / "card.json").read_bytes())
    return Card(**{field.name: body[field.name] for field in fields(Card)})
