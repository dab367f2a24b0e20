"""A FLAC file that can be played up to about its last half second at any time, whatever ends its writer.

A FLAC file's head says how long it is. The library writes that when it closes the file; with the 0 it leaves until
then sox plays the file, and libsndfile (so Audacity, and rtt) does not open it: it takes it for 576 billion seconds
long. There is no command of libsndfile that writes the head of a FLAC file earlier. So the count is written here,
after each frame of 4096 samples that has reached the file; libsndfile, sox and others then play what is there. The
library holds back up to two frames: with kill -9 the last 0.5 s are missing at most, and the writes are in the
system's hands before the count says so. Layout: RFC 9639, section 8.2.
"""

import contextlib
import os
from pathlib import Path
from typing import Any

from rtt.core.caption import RATE
from rtt.core.errors import SetupError, UsageError

try:
    import soundfile
except OSError:  # the package is there, the library it loads is not
    soundfile = None

NAMES = 10_000
"""Names that are tried beside one that is taken."""
ROOM = 1 << 20
"""Bytes that have to fit onto the disk before a recording begins: half a minute of it."""
SYNC = 10 * RATE
"""Samples between two syncs to the disk itself: what a power cut takes at most."""
BLOCK_SIZE, TOTAL, CHECKSUM = 8, 18, 26
"""Where the smallest frame, the count of samples (low 36 bits of 8 bytes) and the checksum stand in the head."""
TOTAL_BITS = 36
NO_CHECKSUM = bytes(16)


class Flac:
    """A new file at `wanted`, or at `wanted` with -2, -3, ... where that is taken: nothing is ever overwritten.

    16 kHz, mono, 16 bit, readable by its owner only; `title` and `date` stand in it and must not be empty. Every call
    may block. Raises OSError where it cannot be written: a full disk among others.
    """

    def __init__(self, wanted: Path, *, title: str = "rtt", date: str = "unknown") -> None:
        if soundfile is None:
            raise SetupError(
                "The sound cannot be recorded to a file",
                "the library libsndfile is missing",
                "Install it: sudo apt install libsndfile1 (Debian, Ubuntu), sudo dnf install libsndfile (Fedora)",
            )
        self.path, self._file = _create(wanted)
        self.samples = 0
        """Samples written so far."""
        self._whole = self._size = self._synced = 0
        try:
            _probe(self._file)
            self._sound: Any = soundfile.SoundFile(self._file, "w", RATE, 1, "PCM_16", format="FLAC", closefd=False)
            self._sound.title, self._sound.date = title, date
        except BaseException as error:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
            if isinstance(error, soundfile.SoundFileError):
                raise OSError(0, str(error)) from error
            raise

    def write(self, pcm: bytes) -> None:
        """Append s16le."""
        try:
            self._sound.buffer_write(pcm, dtype="int16")
        except (soundfile.SoundFileError, AssertionError) as error:  # it asserts that all was written
            raise self._reason() from error
        self.samples += len(pcm) // 2
        size = os.fstat(self._file).st_size
        if size != self._size:
            self._size = size
            frame = int.from_bytes(os.pread(self._file, 2, BLOCK_SIZE), "big")
            # A frame is written when the sample after it has come.
            self._whole = (self.samples - 1) // frame * frame
            self._count(self._whole)
        if self.samples - self._synced >= SYNC:
            self._synced = self.samples
            os.fsync(self._file)

    def close(self) -> None:
        """Finish the file; the last samples are written now."""
        try:
            self._sound.close()
            os.fsync(self._file)
        except soundfile.SoundFileError as error:
            raise self._reason() from error
        finally:
            os.close(self._file)

    def abandon(self) -> None:
        """Close the file where it could not be written on: it keeps its whole frames, and none that is torn."""
        with contextlib.suppress(soundfile.SoundFileError, OSError):  # it has failed already, and was told
            self._sound.close()
        try:
            if self._size:
                os.ftruncate(self._file, self._size)
                self._count(self._whole)
                os.pwrite(self._file, NO_CHECKSUM, CHECKSUM)
        finally:
            os.close(self._file)
        if not self._whole:
            self.path.unlink(missing_ok=True)

    def _count(self, samples: int) -> None:
        head = int.from_bytes(os.pread(self._file, 8, TOTAL), "big")
        head = head >> TOTAL_BITS << TOTAL_BITS | samples
        os.pwrite(self._file, head.to_bytes(8, "big"), TOTAL)

    def _reason(self) -> OSError:
        """Return why a write failed: libsndfile says "system error", the system itself says more."""
        try:
            _probe(self._file)
        except OSError as error:
            return error
        return OSError(0, "the system refused a write")


def check(wanted: Path) -> None:
    """Raise `UsageError` for a name that cannot be meant."""
    if wanted.suffix.lower() != ".flac":
        raise UsageError(f"--record {wanted} is no FLAC file", "", f"Name one: --record {wanted.with_suffix('.flac')}")
    if not wanted.parent.is_dir():
        raise UsageError(
            f"--record {wanted} cannot be written",
            f"there is no folder {wanted.parent}",
            f"Make it: mkdir -p {wanted.parent}",
        )


def _create(wanted: Path) -> tuple[Path, int]:
    for number in range(1, NAMES):
        path = wanted if number == 1 else wanted.with_stem(f"{wanted.stem}-{number}")
        try:
            return path, os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            continue
    raise FileExistsError(17, f"{NAMES} recordings of that name are there already")


def _probe(file: int) -> None:
    """Find out whether there is room, at the file's end; raises OSError if not."""
    size = os.fstat(file).st_size
    try:
        left = ROOM
        while left > 0:
            left -= os.pwrite(file, bytes(left), size + ROOM - left)
    finally:
        os.ftruncate(file, size)
