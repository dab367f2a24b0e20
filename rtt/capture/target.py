"""Which room of which server a capture speaks into, the commands an operator is told for it, and how a talk ended."""

import shlex
from dataclasses import dataclass

from rtt.capture.address import shown


def resume_command(room: str, server: str) -> str:
    """Return the command that sends what is not settled later; `server` is shown without any password in it."""
    return shlex.join(["rtt", "capture", "--resume", "--room", room, "--server", shown(server)])


@dataclass(frozen=True, slots=True)
class Target:
    """Which room of which server."""

    server: str
    room: str
    language: str = ""
    token: str = ""
    takeover: str = ""
    """The command that takes the room over from whoever is live in it, for the operator."""

    @property
    def later(self) -> str:
        """The command that sends what is not settled later."""
        return resume_command(self.room, self.server)


@dataclass(frozen=True, slots=True)
class Result:
    """How a talk ended, in samples of the session."""

    samples: int
    settled: int
    unheard: tuple[tuple[int, int], ...] = ()
    """Stretches of voice that gave no text."""
