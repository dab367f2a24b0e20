"""A sound system that plays what it is given: for tests and rehearsals on computers without one."""

import threading
from collections.abc import Callable, Sequence

from rtt.capture.sound import Input, Stream
from rtt.core.errors import SourceError


class ScriptedSound:
    """Has the given inputs and, once one is opened, the caller's hand on it: `give`, `vanish`.

    `rates` are those it opens at (all where None), `hang` makes opening hang until `release` is called, as a frozen
    sound server does.
    """

    def __init__(self, inputs: Sequence[Input] = (), *, rates: Sequence[int] | None = None, hang: bool = False) -> None:
        self._inputs, self._rates, self._hang = list(inputs), rates, hang
        self._released = threading.Event()
        self.opened = threading.Event()
        """Set while an input is open."""
        self.rate = self.channels = self.frames = 0
        """What it was opened with."""
        self.closed = 0
        """How often it was closed."""
        self._on_block: Callable[[bytes, bool], None] | None = None
        self._on_finished: Callable[[], None] | None = None

    def inputs(self) -> list[Input]:
        """Return the inputs it was made with."""
        return list(self._inputs)

    def open(
        self,
        chosen: Input,
        rate: int,
        channels: int,
        frames: int,
        on_block: Callable[[bytes, bool], None],
        on_finished: Callable[[], None],
    ) -> Stream:
        """Open an input; nothing comes before `give`."""
        if self._hang:
            self._released.wait()
        if self._rates is not None and rate not in self._rates:
            raise SourceError(f"The input {chosen.name!r} does not open", "Invalid sample rate")
        self.rate, self.channels, self.frames = rate, channels, frames
        self._on_block, self._on_finished = on_block, on_finished
        self.opened.set()
        return self

    def give(self, pcm: bytes, lost: bool = False) -> None:
        """Deliver interleaved s16le PCM, as the sound system's thread would."""
        assert self._on_block is not None, "no input is open"
        self._on_block(pcm, lost)

    def vanish(self) -> None:
        """End the stream, as an unplugged input does."""
        assert self._on_finished is not None, "no input is open"
        self._on_finished()

    def release(self) -> None:
        """Let a hanging `open` go on."""
        self._released.set()

    def close(self) -> None:
        """Close the open input, as its stream."""
        self.closed += 1
        self.opened.clear()
