"""A recording of all that is captured, whatever the server does (`rtt capture --record`).

Time in the file is time of the capture: what was lost stands in it as silence. A thread of its own writes, through a
bounded queue: a slow disk delays no caption, and what does not fit becomes silence too. A disk that is full ends the
file, not the talk: it goes on in a file with the next number once there is room. The forms of the file: `flac`.
"""

import asyncio
import contextlib
import errno
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rtt.capture.aside import aside
from rtt.capture.flac import Flac, check
from rtt.capture.source import Lost
from rtt.capture.status import clock
from rtt.core.caption import RATE
from rtt.core.errors import SetupError

WAITING = 120 * RATE
"""Samples that wait for the disk at most."""
AGAIN = 30 * RATE
"""Samples between two tries to go on after the disk was full."""
OPEN_SECONDS = 10.0
"""For the disk to make a file."""
CLOSE_SECONDS = 10.0
"""For the disk to take what is left at the end."""
PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""Faults of a disk that pass: full, over a quota, over a limit, out of order."""
SILENCE = bytes(2 * RATE)
"""A second of it: the longest gap is written in such pieces."""


class Record:
    """Takes what `take` is given into a new file at `wanted`; raises `UsageError` for a name that is none.

    `say` gets sentences for the operator, in the event loop; `waiting` is how many samples may wait for the disk,
    `make` how a file is begun, `patience` how many seconds the disk has at the end.
    """

    def __init__(
        self,
        wanted: Path,
        *,
        say: Callable[[str], None],
        room: str = "rtt",
        waiting: int = WAITING,
        make: type[Flac] = Flac,
        patience: float = CLOSE_SECONDS,
    ) -> None:
        check(wanted)
        self._patience = patience
        self._wanted, self._room, self._say, self._limit, self._make = wanted, room, say, waiting, make
        self._news = threading.Condition()
        self._queue: deque[bytes | int] = deque()
        self._waiting = 0
        self._over = self._behind = False
        self._flac: Flac | None = None
        self._position = self._missed = self._again = 0
        self._failed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        try:
            await aside(self._begin, OPEN_SECONDS)
        except TimeoutError as error:
            raise SetupError(
                f"--record {self._wanted} cannot be written",
                f"the disk did not answer for {OPEN_SECONDS:.0f} s",
                "Name a file on another disk, or leave out --record",
            ) from error
        except OSError as error:
            # What may pass must not keep a capture from starting that its supervisor starts again.
            if error.errno not in PASSING:
                raise SetupError(
                    f"--record {self._wanted} cannot be written",
                    error.strerror or str(error),
                    "Name a file in a folder that this user may write",
                ) from error
            self._stops(error)
        threading.Thread(target=self._work, name="rtt-record", daemon=True).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._news:
            self._over = True
            self._news.notify()
        try:
            async with asyncio.timeout(self._patience):
                await self._done
        except TimeoutError:
            self._say(f"The disk does not take the end of the recording {self._wanted}: what it has can be played.")

    def take(self, piece: bytes | Lost) -> None:
        """Take the next piece of sound; never waits."""
        with self._news:
            if isinstance(piece, Lost):
                self._silence(piece.samples)
            elif self._waiting + len(piece) // 2 > self._limit:
                self._silence(len(piece) // 2)
                self._missed += len(piece) // 2
                if not self._behind:
                    self._behind = True
                    self._tell("The disk does not take the recording in time: what it misses is silence in the file.")
            else:
                self._queue.append(piece)
                self._waiting += len(piece) // 2
            self._news.notify()

    def _silence(self, samples: int) -> None:
        if self._queue and isinstance(last := self._queue[-1], int):
            self._queue[-1] = last + samples
        else:
            self._queue.append(samples)

    def _tell(self, sentence: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._say, sentence)
        except RuntimeError:  # the loop is closed: the program is leaving
            return

    def _work(self) -> None:
        while (item := self._next()) is not None:
            self._put(item)
        self._end()
        try:
            self._loop.call_soon_threadsafe(self._finish)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _next(self) -> bytes | int | None:
        with self._news:
            while not self._queue and not self._over:
                self._behind = False
                self._news.wait()
            if not self._queue:
                return None
            item = self._queue.popleft()
            if isinstance(item, bytes):
                self._waiting -= len(item) // 2
            return item

    def _put(self, item: bytes | int) -> None:
        left = 2 * item if isinstance(item, int) else len(item)
        while left > 0:
            part = SILENCE[:left] if isinstance(item, int) else item
            left -= len(part)
            if self._flac is None and self._position >= self._again:
                self._try_again()
            if self._flac is not None:
                try:
                    self._flac.write(part)
                except OSError as error:
                    self._stops(error)
            self._position += len(part) // 2

    def _begin(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._flac = self._make(self._wanted, title=self._room, date=now)
        at = f" from {clock(self._position / RATE)} on" if self._failed else ""
        taken = f" ({self._wanted} is there already)" if self._flac.path != self._wanted and not self._failed else ""
        self._tell(f"{'The recording goes on in' if self._failed else 'Recording to'} {self._flac.path}{at}{taken}.")

    def _try_again(self) -> None:
        self._again = self._position + AGAIN
        try:
            self._begin()
        except OSError:
            return

    def _stops(self, error: OSError) -> None:
        if self._flac is not None:
            flac, self._flac = self._flac, None
            with contextlib.suppress(OSError):  # a disk that failed may fail once more
                flac.abandon()
        self._failed = True
        self._again = self._position + AGAIN
        self._tell(
            f"The recording {self._wanted} stops at {clock(self._position / RATE)}:"
            f" {(error.strerror or str(error)).rstrip('.')}. The captions go on; so does the recording, in a new file,"
            " once it can be written."
        )

    def _end(self) -> None:
        if self._flac is None:
            return
        flac, self._flac = self._flac, None
        try:
            flac.close()
        except OSError as error:
            self._tell(f"The end of the recording {flac.path} was not written: {error.strerror or error}.")
            return
        missed = f"; {self._missed / RATE:.1f} s of it are silence, for the disk was too slow" if self._missed else ""
        self._tell(f"Recorded {clock(flac.samples / RATE)} to {flac.path}{missed}.")
