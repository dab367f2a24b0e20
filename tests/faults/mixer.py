"""The mixer of a run: gives a talk to the capture's standard input, in real time, as long as anybody listens."""

import threading
import time
from contextlib import suppress

from rtt.core.caption import RATE
from tests.harness.process import Process

BLOCK = RATE // 10
"""Samples given at a time."""


class Mixer(threading.Thread):
    """Speaks `pcm` to whichever process is attached; while none is, its sound goes nowhere, as in a room.

    A process that does not read lets it wait: what a pipe cannot take is not lost.
    """

    def __init__(self, pcm: bytes) -> None:
        super().__init__(daemon=True)
        self.position = 0
        """Samples given so far."""
        self.over = threading.Event()
        """Set when all is given."""
        self._pcm = pcm
        self._listener: Process | None = None
        self._left = False

    def attach(self, listener: Process | None) -> None:
        """Let a process hear from now on, or nobody."""
        self._listener = listener

    def leave(self) -> None:
        """End before the talk does."""
        self._left = True

    def run(self) -> None:
        """Speak to the end."""
        due = time.monotonic()
        while self.position * 2 < len(self._pcm) and not self._left:
            time.sleep(max(0.0, due - time.monotonic()))
            listener = self._listener
            if listener is not None:
                with suppress(OSError, ValueError):  # once it is killed nobody hears this block
                    listener.write(self._pcm[self.position * 2 : (self.position + BLOCK) * 2])
            self.position += BLOCK
            due = max(due + BLOCK / RATE, time.monotonic() - 0.5)
        self.over.set()
