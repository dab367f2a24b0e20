"""Finals on disk: one folder a room, one folder a day, one file a session (SESSIONS E).

A final is written before any screen sees it and synced to the disk within a second, off the event loop: a slow card
must not delay captions. While the disk cannot be written finals go on under a new epoch and wait in memory.
"""

import asyncio
import errno
import fcntl
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rtt.core import journal
from rtt.core.caption import Caption, Word
from rtt.core.errors import ArchiveError
from rtt.core.journal import Final, Head, Line, Note, Recovered
from rtt.core.ledger import Span
from rtt.core.wire.bounds import UNWRITTEN_MAX

NEWEST = 32
"""Files that are read at a start: those written last, whatever their day; the highest number is among them."""
SYNC_SECONDS = 0.5
"""Time between two syncs of what was written."""


@dataclass(slots=True)
class _File:
    """One session's file, opened for appending."""

    path: Path
    head: Head
    descriptor: int = -1
    size: int = 0
    """Bytes that are whole; what stands beyond them is torn."""
    headed: bool = False
    late: bool = False
    """True for sound of an earlier talk: its head says when it was said, not when it was written."""


class RoomArchive:
    """The journal of one room; give it `run()` a task, and call `close()` at the end.

    `on_synced` is called with a count when so many of the finals that were appended are safe on disk.
    """

    def __init__(
        self,
        folder: Path,
        *,
        boot: str,
        clock: Callable[[], float],
        new_epoch: Callable[[], str],
        on_synced: Callable[[int], None],
    ) -> None:
        self.folder = folder
        self.epoch, self.number = "", 0
        self.appended = 0
        """Finals taken since the start, whatever their epoch: what `on_synced` counts."""
        self.fault = ""
        """Why the disk cannot be written, as a sentence; empty while it can."""
        self._boot, self._clock, self._new_epoch, self._on_synced = boot, clock, new_epoch, on_synced
        self._files: dict[str, _File] = {}
        self._unwritten: deque[tuple[str, Line]] = deque()
        self._fallen = 0
        self._distrusted = ""
        self._dirty: set[str] = set()
        self._over: list[str] = []
        self._lock = -1

    def recover(self) -> Recovered:
        """Read the newest files and take up epoch and numbers, or begin an epoch; reads the disk.

        What was found may be of another epoch than the one that begins: it is history all the same.
        """
        paths = sorted(self.folder.glob("????-??-??/*.jsonl"), key=lambda path: path.stat().st_mtime)
        found = journal.recover(journal.read(path.read_bytes())[0] for path in paths[-NEWEST:])
        if journal.keeps_epoch(found, self._boot):
            self.epoch, self.number = found.epoch, found.number
            return found
        if not self.epoch or found.epoch != self._distrusted:
            self.epoch, self.number, self._distrusted = self._new_epoch(), 0, found.epoch
        return found

    async def claim(self) -> None:
        """Become the room's only writer; waits while another server still drains it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise ArchiveError(
                f"The captions' folder {self.folder} cannot be used", error.strerror or "", "Choose one with --data-dir"
            ) from error
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return

    def find(self, session: str) -> list[Line]:
        """Return what is written of a session, or nothing; reads the disk."""
        path = self._path_of(session)
        return journal.read(path.read_bytes())[0] if path else []

    def lines(self, *, last_talk: bool = False) -> list[Line]:
        """Return every line of the room, or of the talk that began last, with what waits for the disk; reads the disk.

        Oldest day first. Of a long conference only the heads are read to find its last talk.
        """
        paths = sorted(self.folder.glob("????-??-??/*.jsonl"), key=lambda path: path.parent.name)
        waiting = list(self._unwritten)
        if last_talk:
            found = [(path, head) for path in paths if (head := _head(path)) is not None]
            heads = [
                *(head for _, head in found),
                *(file.head for name, _ in waiting if (file := self._files.get(name))),
            ]
            newest = max(heads, key=lambda head: head.at, default=None)
            talk = newest.talk if newest is not None else ""
            sessions = {head.session for head in heads if head.talk == talk}
            paths = [path for path, head in found if head.talk == talk]
            waiting = [(session, line) for session, line in waiting if session in sessions]
        lines = [line for path in paths for line in journal.read(path.read_bytes())[0]]
        return lines + [line for _, line in waiting]

    def begin(self, room: str, session: str, talk: str, language: str, at: float | None = None) -> None:
        """Open the session's file; one that is there is gone on with. `at` is when it was said, if that is not now."""
        late, at = at is not None, self._clock() if at is None else at
        head = Head(self.epoch, self._boot, room, session, talk, language, at)
        day = datetime.fromtimestamp(at).date().isoformat()
        path = self._path_of(session) or self.folder / day / f"{session}.jsonl"
        self._files[session] = _File(path, head, late=late)

    def append(self, caption: Caption, words: tuple[Word, ...], stream: int, watermark: int) -> Caption:
        """Give a final its number and write it; returns it with epoch and number. Never fails, never waits."""
        self.appended += 1
        if not self._unwritten:
            numbered = replace(caption, epoch=self.epoch, number=self.number + 1)
            if self._write(caption.session, Final(numbered, words, stream, watermark)):
                self.number += 1
                return numbered
            # A number on a screen but not on disk would be given again after a crash: SESSIONS 21.
            self.epoch, self.number = self._new_epoch(), 0
        self.number += 1
        numbered = replace(caption, epoch=self.epoch, number=self.number)
        self._wait(caption.session, Final(numbered, words, stream, watermark))
        return numbered

    def note(self, kind: str, session: str, span: Span | None = None) -> None:
        """Write a line that is no caption."""
        line = Note(kind, session, span, self._clock())
        if self._unwritten or not self._write(session, line):
            self._wait(session, line)

    def end(self, session: str) -> None:
        """Write that a session is over; its file is closed with a later sync."""
        self.note("ended", session)
        self._over.append(session)

    def _wait(self, session: str, line: Line) -> None:
        self._unwritten.append((session, line))
        while len(self._unwritten) > UNWRITTEN_MAX:
            self._unwritten.popleft()
            self._fallen += 1

    def _path_of(self, session: str) -> Path | None:
        return next(self.folder.glob(f"????-??-??/{session}.jsonl"), None)

    def _write(self, session: str, line: Line) -> bool:
        """Append a line, with a head where one is due; on failure nothing of it stays in the file."""
        file = self._files[session]
        head, data = file.head, journal.encode(line)
        if not file.headed or head.epoch != self.epoch:
            head = replace(head, epoch=self.epoch, at=head.at if file.late else self._clock())
            data = journal.encode(head) + data
        try:
            if file.descriptor < 0:
                self._open(file)
            written = os.write(file.descriptor, data)
            if written != len(data):
                os.ftruncate(file.descriptor, file.size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.fault = f"The captions' folder cannot be written ({error.strerror}); captions go on and wait in memory"
            return False
        file.size += written
        file.head, file.headed = head, True
        self._dirty.add(session)
        return True

    def _open(self, file: _File) -> None:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.descriptor = os.open(file.path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        file.size = journal.read(file.path.read_bytes())[1]
        os.ftruncate(file.descriptor, file.size)

    async def run(self) -> None:
        """Sync what was written, and write what waits, until cancelled."""
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            await self.sync()

    async def sync(self) -> None:
        """Write what waits and bring all that is written safely to the disk; a failure is kept in `fault`."""
        self._write_waiting()
        appended, dirty = self.appended, self._dirty
        self._dirty = set()
        waiting = bool(self._unwritten)
        try:
            for session in dirty:
                await asyncio.to_thread(os.fsync, self._files[session].descriptor)
        except OSError as error:
            self._dirty |= dirty
            self.fault = f"The disk does not keep what is written ({error.strerror})"
            return
        if not waiting:
            self._on_synced(appended)
            self._close_files(keep=1)  # the newest takes the line that says the server stopped cleanly

    @property
    def safe(self) -> bool:
        """True when nothing waits for the disk."""
        return not self._unwritten and not self._dirty

    def _write_waiting(self) -> None:
        if not self._unwritten:
            return
        session = self._unwritten[0][0]
        if self._fallen:
            lost = Note("lost", session, Span(0, self._fallen, "finals that fell out"), self._clock())
            if not self._write(session, lost):
                return
            self._fallen = 0
        while self._unwritten and self._write(*self._unwritten[0]):
            self._unwritten.popleft()
        if not self._unwritten:
            self.fault = ""

    def _close_files(self, keep: int) -> None:
        while len(self._over) > keep:
            file = self._files.pop(self._over.pop(0), None)
            if file is not None and file.descriptor >= 0:
                os.close(file.descriptor)

    async def close(self) -> None:
        """Write that the server stopped cleanly, sync, and give the room to the next writer."""
        if not self._unwritten:
            for session in self._files:
                self._write(session, Note("stop", session, None, self._clock()))
        await self.sync()
        self._over = list(self._files)
        self._close_files(keep=0)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _head(path: Path) -> Head | None:
    """Return the first line of a session's file; None where it is torn."""
    with path.open("rb") as file:
        head = journal.decode(file.readline())
    return head if isinstance(head, Head) else None


def boot_id() -> str:
    """Return what tells this run of the machine from the last one, or nothing where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
