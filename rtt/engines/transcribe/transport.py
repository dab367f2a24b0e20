"""The seam between the engine and the way its sound travels: one stream of the service."""

from collections.abc import AsyncIterator
from typing import Protocol

from amazon_transcribe.model import Result


class Stream(Protocol):
    """One open stream.

    Every method raises a `Fault` (see `faults`) where the service or the connection fails.
    """

    async def send(self, pcm: bytes) -> None:
        """Send s16le PCM at 16 kHz; waits while the connection takes no more."""
        ...

    async def end(self) -> None:
        """Say that no sound follows; the service then gives its last final and ends the stream."""
        ...

    def __aiter__(self) -> AsyncIterator[list[Result]]:
        """Yield the results of each event until the stream is properly ended; raises a `Fault` if it is not."""
        ...

    async def close(self) -> None:
        """Give everything back, within 2 s and without raising; iterating ends. May be called twice."""
        ...


class Transport(Protocol):
    """A way to open streams."""

    async def open(self, parameters: dict[str, str]) -> Stream:
        """Open a stream with the service's parameters (see `TranscribeOptions.query`).

        Raises a `Fault`. Cancelled, it leaves nothing behind.
        """
        ...
