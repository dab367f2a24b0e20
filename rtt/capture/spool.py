"""The spool: a session's sound on disk as soon as it is captured, until it is settled (SESSIONS 4, 17).

All writing and reading is done by one daemon thread, so that a dead disk stops neither the capture nor its exit. What
was given is handed to the system at once (kill -9 loses nothing of it) and synced once a second (a power cut costs
about a second). While the disk is full or does not answer, memory goes on alone; the operator is told once.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from rtt.capture import records
from rtt.capture.folder import SUFFIX, Contents, Folder, Segment
from rtt.capture.records import Mark, Missing, Record, Sound
from rtt.core.caption import RATE

T = TypeVar("T")

SYNC_SECONDS = 1.0
"""Time between two syncs: what a power cut may cost."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a spool; all but the first two in seconds."""

    segment: int = 10 * RATE
    """Samples of a segment; a settled one is deleted."""
    waiting: int = 60 * RATE
    """Samples that may wait for a disk that does not answer."""
    retry: float = 10.0
    """Until a disk that could not be written is tried again."""
    sign: float = 2.0
    """A connection waits so long for its attempt to be on disk."""
    read: float = 10.0
    """Sound that lies on disk is waited for so long."""
    close: float = 5.0
    """A capture that leaves waits so long for its spool."""


class Spool:
    """Keeps one session's sound in `folder`; `say` gets sentences for the operator, in the event loop's thread."""

    def __init__(
        self, folder: Folder, say: Callable[[str], None], contents: Contents | None = None, limits: Limits | None = None
    ) -> None:
        self._folder, self._say, self._limits = folder, say, limits or Limits()
        self.fresh = contents is None
        """True unless it goes on with what an earlier process left."""
        self._loop = asyncio.get_running_loop()
        self._closed = list(contents.segments) if contents else []
        self._written = [(s.start, s.end) for s in contents.row if s.why is None] if contents else []
        """Stretches of sound that were written, joined where they touch."""
        self._number = int(self._closed[-1].path.stem) if self._closed else 0
        self._file: int | None = None
        self._current = Segment(folder.path, 0, 0)
        self._jobs: deque[Callable[[], object]] = deque()
        self._waiting = 0
        self._news = threading.Condition()
        self._mark: Mark | None = None
        self._marked: Mark | None = None
        self._released = 0
        self._dirty = self._over = False
        self._synced_at = time.monotonic()
        self._broken_until: float | None = None
        self._slow = False
        self._cache: tuple[str, list[Sound]] = ("", [])
        self._thread = threading.Thread(target=self._work, name="rtt-spool", daemon=True)
        self._thread.start()

    # The capture's side: none of these waits for the disk, but those that are awaited, and those not for ever ---------

    def put(self, start: int, end: int, pcm: bytes | None, why: str = "") -> None:
        """Keep sound, or a gap where `pcm` is None; a gap counts before any sound of its samples."""
        record: Record = Missing(start, end, why) if pcm is None else Sound(start, pcm)
        if self._waiting > self._limits.waiting:
            if not self._slow:
                self._slow = True
                self._say(f"The disk under {self._folder.path} does not answer: sound is kept in memory only.")
            return
        count = end - start if pcm is not None else 0
        with self._news:
            self._waiting += count
        self._do(partial(self._store, record, count))

    def has(self, start: int, end: int) -> bool:
        """Tell whether all of this sound was written."""
        with self._news:
            return any(a <= start and end <= b for a, b in reversed(self._written))

    def release(self, sample: int) -> None:
        """Note that nothing before `sample` is needed any more."""
        self._released = max(self._released, sample)

    def note(self, first: int, settled: int, sample: int, at: float) -> None:
        """Note how the session stands; `at` is the wall-clock time of `sample`. Written with the next sync."""
        self._mark = Mark(first, settled, sample, at)

    async def sign(self, session: str, attempt: int) -> None:
        """Write down which session it is and how often it connected, before the server hears of it."""

        def write() -> None:
            self._folder.write(replace(self._folder.card, session=session, attempt=attempt))

        try:
            await self._ask(write, self._limits.sign)
        except (OSError, TimeoutError):
            return  # a disk that fails is told where sound is written

    async def read(self, start: int, end: int) -> bytes | None:
        """Return sound as PCM, or None where it cannot be had."""
        try:
            return await self._ask(partial(self._read, start, end), self._limits.read)
        except (OSError, TimeoutError):
            return None

    def finish(self, samples: int) -> None:
        """Write down that the source has ended: a capture that is started again begins a session of its own."""

        def write() -> None:
            if self._folder.card.samples is None:
                self._folder.write(replace(self._folder.card, samples=samples))

        self._do(write)

    async def close(self, *, remove: bool) -> bool:
        """Leave it on disk, or delete it; return False where the disk does not answer."""
        try:
            await self._ask(partial(self._close, remove), self._limits.close)
        except (OSError, TimeoutError):
            return False
        finally:
            self._over = True
            self._do(int)  # wakes the thread
        return True

    # The thread's side --------------------------------------------------------------------------------------------

    def _do(self, job: Callable[[], object]) -> None:
        with self._news:
            self._jobs.append(job)
            self._news.notify()

    async def _ask(self, call: Callable[[], T], seconds: float) -> T:
        """Return what `call` returns in the thread; TimeoutError after `seconds`."""
        answer: asyncio.Future[T] = self._loop.create_future()

        def hand(give: Callable[[Any], None], what: Any) -> None:
            if not answer.done():
                give(what)

        def job() -> None:
            try:
                result = call()
            except Exception as error:
                self._tell(hand, answer.set_exception, error)
            else:
                self._tell(hand, answer.set_result, result)

        self._do(job)
        return await asyncio.wait_for(answer, seconds)

    def _tell(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _work(self) -> None:
        while not self._over:
            with self._news:
                if not self._jobs:
                    self._news.wait(SYNC_SECONDS)
                job = self._jobs.popleft() if self._jobs else int
            try:
                job()
                if time.monotonic() - self._synced_at >= SYNC_SECONDS:
                    self._sync()
            except OSError as error:
                self._fail(error)

    def _store(self, record: Record, count: int) -> None:
        with self._news:
            self._waiting -= count
        if self._broken_until is not None and time.monotonic() < self._broken_until:
            return
        self._append(record)
        if self._slow or self._broken_until is not None:
            self._slow, self._broken_until = False, None
            self._tell(self._say, "The disk takes sound again.")
        if isinstance(record, Sound):
            with self._news:
                if self._written and self._written[-1][1] == record.start:
                    self._written[-1] = (self._written[-1][0], record.end)
                else:
                    self._written.append((record.start, record.end))
        elif isinstance(record, Missing):
            self._drop(lambda s: record.start <= max(s.start, self._released) and s.end <= record.end)

    def _append(self, record: Record) -> None:
        full = self._current.end - self._current.start > self._limits.segment
        if self._file is None or (full and isinstance(record, Sound)):
            self._rotate()
        assert self._file is not None
        records.write(self._file, records.encode(record))
        self._dirty = True
        if isinstance(record, Sound | Missing):
            now = self._current
            start = record.start if now.end == 0 else min(now.start, record.start)
            self._current = Segment(now.path, start, max(now.end, record.end))

    def _rotate(self) -> None:
        self._end_segment()
        self._number += 1
        path = self._folder.path / f"{self._number:08}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._current = Segment(path, 0, 0)
        records.write(self._file, records.title())
        if self._mark is not None:  # segments before this one are deleted, and with them what they noted
            records.write(self._file, records.encode(self._mark))

    def _end_segment(self) -> None:
        if self._file is None:
            return
        descriptor, self._file = self._file, None
        self._closed.append(self._current)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def _sync(self) -> None:
        self._synced_at = time.monotonic()
        if self._file is not None and self._mark is not None and self._mark != self._marked:
            self._marked = self._mark
            records.write(self._file, records.encode(self._mark))
            self._dirty = True
        if self._file is not None and self._dirty:
            self._dirty = False
            os.fdatasync(self._file)
        self._drop(lambda segment: segment.end <= self._released)
        with self._news:
            self._written = [(a, b) for a, b in self._written if b > self._released]

    def _drop(self, unneeded: Callable[[Segment], bool]) -> None:
        for segment in [segment for segment in self._closed if unneeded(segment)]:
            self._closed.remove(segment)
            segment.path.unlink(missing_ok=True)

    def _fail(self, error: OSError) -> None:
        """Stop writing for a while; what is torn ends its segment."""
        if self._broken_until is None:
            why = (error.strerror or str(error)).rstrip(".")
            sentence = f"Sound cannot be written to {self._folder.path}: {why}. It is kept in memory only."
            self._tell(self._say, f"{sentence} Make room on the disk; rtt tries again by itself.")
        self._broken_until = time.monotonic() + self._limits.retry
        if self._file is not None:
            os.close(self._file)
            self._file = None
            self._closed.append(self._current)

    def _read(self, start: int, end: int) -> bytes | None:
        pcm = bytearray()
        for segment in [*self._closed, self._current]:
            if segment.end <= start + len(pcm) // 2 or segment.start >= end:
                continue
            for sound in self._sound(segment):
                at = start + len(pcm) // 2
                if sound.start <= at < min(sound.end, end):
                    pcm += sound.pcm[2 * (at - sound.start) : 2 * (min(end, sound.end) - sound.start)]
        return bytes(pcm) if len(pcm) == 2 * (end - start) else None

    def _sound(self, segment: Segment) -> list[Sound]:
        """Return a segment's sound; the one read last is kept, for the next request is for the same."""
        if self._cache[0] != segment.path.name or segment is self._current:
            found = [record for record in records.read(segment.path) if isinstance(record, Sound)]
            self._cache = (segment.path.name, found)
        return self._cache[1]

    def _close(self, remove: bool) -> None:
        if remove:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._folder.remove()
            return
        try:
            self._sync()
            self._end_segment()
        finally:
            self._folder.release()
