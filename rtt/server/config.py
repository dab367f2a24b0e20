"""What a server is told at its start."""

from dataclasses import dataclass, field
from pathlib import Path

from rtt.core.access import is_loopback
from rtt.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """All settings of one server; the command line fills it."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    language: str = ""
    """Of rooms that name none."""
    room_languages: dict[str, str] = field(default_factory=dict)
    guard: bool = True
    open: bool = False
    """True turns every check of who may speak and read off."""

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.open:
            raise UsageError(
                f"rtt does not listen on {self.host} without a lock",
                "everyone who reaches it could speak into a room and read every room, and tokens are not built yet",
                "On a network where you trust everyone, add --open; else leave --host away",
            )
