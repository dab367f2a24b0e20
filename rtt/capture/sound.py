"""The seam between rtt and a computer's sound system.

`portaudio.PortAudio` is the real one; `scripted.ScriptedSound` plays what a test or a rehearsal gives it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Input:
    """One input as the sound system names it."""

    name: str
    system: str
    """Which part of the sound system offers it: ALSA, JACK, Core Audio."""
    channels: int
    rate: int
    """Samples per second it prefers."""
    default: bool = False
    key: int = 0
    """What the sound system calls it among its own; worth nothing after a restart, never shown."""


class Stream(Protocol):
    """An open input."""

    def close(self) -> None:
        """Let go of the input at once."""
        ...


class SoundSystem(Protocol):
    """Inputs of this computer; every call may block, none may be made in the event loop's thread."""

    def inputs(self) -> list[Input]:
        """Return all inputs; empty where there is none. Raises `SetupError` where there is no sound system."""
        ...

    def open(
        self,
        chosen: Input,
        rate: int,
        channels: int,
        frames: int,
        on_block: Callable[[bytes, bool], None],
        on_finished: Callable[[], None],
    ) -> Stream:
        """Open `chosen` and begin.

        `on_block` gets interleaved s16le PCM of `frames` frames and whether sound was lost before it, `on_finished`
        says that no more will come; both come from another thread and must not block. Raises `SourceError`.
        """
        ...
