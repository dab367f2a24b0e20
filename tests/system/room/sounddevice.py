"""A stand-in for the package of this name: a microphone in a room where a recording plays, whoever listens.

What it gives is what plays at that moment by the wall clock, so that a capture which is killed and started again hears
the talk go on. ROOM_SOUND names a WAV of 16 kHz mono; it begins when the first microphone is opened, which notes the
wall-clock time in ROOM_CLOCK.
"""

import os
import threading
import time
import wave
from pathlib import Path
from types import SimpleNamespace


class PortAudioError(Exception):
    """What the package raises."""


default = SimpleNamespace(device=(0, -1))


def query_devices() -> list[dict[str, object]]:
    return [
        {"index": 0, "name": "Desk mic", "hostapi": 0, "max_input_channels": 1, "default_samplerate": 16_000.0},
    ]


def query_hostapis() -> list[dict[str, object]]:
    return [{"name": "room"}]


class RawInputStream:
    def __init__(self, *, samplerate: int, blocksize: int, callback, finished_callback, **_: object) -> None:
        assert samplerate == 16_000
        self._block, self._callback = blocksize, callback
        self._over = threading.Event()
        with wave.open(os.environ["ROOM_SOUND"], "rb") as file:
            self._pcm = file.readframes(file.getnframes())

    def start(self) -> None:
        threading.Thread(target=self._play, daemon=True).start()

    def close(self, ignore_errors: bool = True) -> None:
        self._over.set()

    def _play(self) -> None:
        at, due = round((time.time() - _began()) * 16_000), time.monotonic()
        while not self._over.is_set():
            due += self._block / 16_000
            time.sleep(max(0.0, due - time.monotonic()))
            part = self._pcm[2 * max(0, at) : 2 * max(0, at + self._block)]
            silence = bytes(2 * self._block - len(part))
            whole = part + silence if at > 0 else silence + part
            self._callback(whole, None, None, SimpleNamespace(input_overflow=False))
            at += self._block


def _began() -> float:
    clock = Path(os.environ["ROOM_CLOCK"])
    try:
        with clock.open("x") as file:
            file.write(str(time.time()))
    except FileExistsError:
        pass
    return float(clock.read_text())
