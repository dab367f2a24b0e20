"""A connection between a capture and a server: in order and whole until it breaks, and sometimes silent."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from rtt.core.wire.audio import Ack, Drain, Ended, Gap, Hello, Notice, Ready, ServerMessage
from rtt.core.wire.codes import Close


@dataclass(frozen=True, slots=True)
class Audio:
    """One binary frame."""

    start: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class EndOfTalk:
    """Stands for `end`."""

    samples: int


Up = Hello | Audio | Gap | EndOfTalk
Down = Ack | Drain | Ended | Notice | Ready


class Link:
    """Both ends of it. While a direction is silent its messages wait, as TCP's do in a hole of the network."""

    def __init__(self) -> None:
        self.up: deque[Up] = deque()
        self.down: deque[Down] = deque()
        self.silent_up = self.silent_down = 0.0
        """Until when nothing arrives."""
        self.cut = False
        """True once both ends know that it broke."""
        self.code: Close | None = None
        """With which the server closed it."""

    # The server's end, as a session sees it

    def send(self, message: ServerMessage) -> None:
        """Queue a message for the capture."""
        if self.code is None:
            self.down.append(message)

    def close(self, code: Close, reason: str) -> None:
        """Close after what is queued; the first code counts."""
        self.code = self.code or code

    def arrived_up(self, now: float) -> Iterator[Up]:
        """Yield what reaches the server."""
        while self.up and now >= self.silent_up:
            yield self.up.popleft()

    # The capture's end

    def arrived_down(self, now: float) -> Iterator[Down]:
        """Yield what reaches the capture."""
        while self.down and now >= self.silent_down:
            yield self.down.popleft()

    def closed(self, now: float) -> Close | None:
        """Return the code with which it was closed, once that has arrived."""
        return self.code if now >= self.silent_down and not self.down else None
