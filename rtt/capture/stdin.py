"""Raw sound from standard input: s16le, mono, 16 kHz."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from rtt.capture.source import BLOCK, Lost
from rtt.core.errors import SourceError, UsageError


class StdinSource:
    """Reads file descriptor `fd` to its end, in blocks of 100 ms.

    It waits for whoever writes and lets the writer wait. A half sample is kept for the byte that follows; one at the
    very end is dropped, for it is no sound.
    """

    name = "standard input"
    live = False

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._pollable = False

    async def __aenter__(self) -> Self:
        try:
            mode = os.fstat(self._fd).st_mode
        except OSError as error:
            raise SourceError("Standard input is closed", "", "Pipe raw 16 kHz mono s16le sound into rtt") from error
        if os.isatty(self._fd):
            raise UsageError(
                "--stdin hears a pipe, not a keyboard",
                "",
                "Pipe raw sound into rtt: arecord -t raw -f S16_LE -r 16000 -c 1 | rtt capture --stdin --room ROOM",
            )
        if stat.S_ISDIR(mode):
            raise SourceError("Standard input is a folder", "", "Pipe raw 16 kHz mono s16le sound into rtt")
        self._pollable = not stat.S_ISREG(mode)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held: standard input belongs to whoever started rtt."""

    async def __aiter__(self) -> AsyncIterator[bytes | Lost]:
        ready = b""
        while data := await self._read():
            ready += data
            while len(ready) >= 2 * BLOCK:
                block, ready = ready[: 2 * BLOCK], ready[2 * BLOCK :]
                yield block
        if len(ready) >= 2:
            yield ready[: len(ready) // 2 * 2]

    async def _read(self) -> bytes:
        while True:
            await self._until_readable()
            try:
                return os.read(self._fd, 4 * BLOCK)
            except BlockingIOError:  # another reader of the same pipe was faster
                continue
            except OSError as error:
                raise SourceError("Standard input cannot be read on", error.strerror or str(error)) from error

    async def _until_readable(self) -> None:
        # Readiness instead of a reader thread: a thread inside read() could not be cancelled by Ctrl-C.
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        try:
            if self._pollable:
                loop.add_reader(self._fd, readable.set)
        except PermissionError:  # /dev/null and its like cannot be waited for, nor need it
            self._pollable = False
        if not self._pollable:
            await asyncio.sleep(0)
            return
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self._fd)
