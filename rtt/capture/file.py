"""A recording as a source: WAV, FLAC, OGG, MP3 and whatever else libsndfile reads.

Read block by block, never as a whole. It plays in real time by the monotonic clock, each block when its last sample
would have been spoken, so that no drift adds up; where it was held back for more than a second it goes on from there
without a burst.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rtt.capture.resample import ToSpeech
from rtt.capture.source import BLOCK, Lost
from rtt.core.caption import RATE
from rtt.core.errors import SetupError, SourceError

try:
    import soundfile
except OSError:  # the package is there, the library it loads is not
    soundfile = None

LATE = 1.0
"""Seconds after which a block that was held back moves the whole playback."""


class FileSource:
    """Plays the recording at `path`.

    `loop` begins again at the end, without a seam. `pace` is how many times faster than real time it plays; 0 is as
    fast as it is taken. `clock` returns seconds and never goes back.
    """

    live = False

    def __init__(
        self, path: Path, *, loop: bool = False, pace: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = path.name
        self._path, self._loop, self._pace, self._clock = path, loop, pace, clock
        self._sound: Any = None
        self._head: Any = None

    async def __aenter__(self) -> Self:
        # Opening an MP3 reads through it: not in the loop's thread.
        self._sound = await asyncio.to_thread(_open, self._path)
        try:
            self._head = self._read()
        except SourceError:
            self._sound.close()
            raise
        if not len(self._head):
            self._sound.close()
            raise _empty(self._path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sound.close()

    async def __aiter__(self) -> AsyncIterator[bytes | Lost]:
        speech = ToSpeech(self._sound.samplerate)
        ready, played, begin = b"", 0, self._clock()
        while (frames := self._next()) is not None:
            ready += speech.push(frames)
            while len(ready) >= 2 * BLOCK:
                played += BLOCK
                begin = await self._wait(begin, played)
                block, ready = ready[: 2 * BLOCK], ready[2 * BLOCK :]
                yield block
        ready += speech.end()
        for start in range(0, len(ready), 2 * BLOCK):
            block = ready[start : start + 2 * BLOCK]
            played += len(block) // 2
            begin = await self._wait(begin, played)
            yield block

    async def _wait(self, begin: float, played: int) -> float:
        """Wait until sample `played` of a playback that began at `begin` is due; return the begin from here on."""
        if not self._pace:
            await asyncio.sleep(0)
            return begin
        due = begin + played / RATE / self._pace
        late = self._clock() - due
        await asyncio.sleep(max(0.0, -late))
        return begin + late if late > LATE else begin

    def _next(self) -> Any:
        """Return the next frames, or None at the end."""
        frames, self._head = (self._head, None) if self._head is not None else (self._read(), None)
        if len(frames):
            return frames
        if not self._loop:
            return None
        self._sound.seek(0)
        frames = self._read()
        return frames if len(frames) else None

    def _read(self) -> Any:
        try:
            return self._sound.read(self._sound.samplerate // 10, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise SourceError(f"{self._path.name} cannot be read on", _reason(error), "Check the file") from error


def _open(path: Path) -> Any:
    if soundfile is None:
        raise SetupError(
            "Recordings cannot be read", "the library libsndfile is missing", "Install it: sudo apt install libsndfile1"
        )
    try:
        if path.is_dir():
            raise SourceError(f"{path} is a folder", "", "Name a recording with --file")
        if not path.exists():
            raise SourceError(f"There is no file {path}", "", "Check the name given with --file")
        if not path.is_file():
            raise SourceError(f"{path} is not a file", "", "Send what a pipe or a device gives with --stdin")
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise _empty(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read", error.strerror or str(error), "Check its rights") from error
    try:
        sound = soundfile.SoundFile(path)
    except soundfile.SoundFileError as error:
        raise SourceError(
            f"{path} is no recording that rtt can read", _reason(error), "Convert it to WAV, FLAC, OGG or MP3"
        ) from error
    # A file that says it can seek is moved to where it is after every read. That resets an MP3 decoder, which then
    # forgets half of the sound of each block (measured: -9 dB and clicks).
    sound.seekable = lambda: False
    return sound


def _empty(path: Path) -> SourceError:
    return SourceError(f"{path} is empty", "it holds no sound", "Name another recording with --file")


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", "") or error).rstrip(".")
