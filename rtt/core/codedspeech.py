"""Numbers coded as tones: speech for tests, in which every lost, doubled or moved piece of sound shows in the text.

A word is ten symbols of 32 ms: a start tone, the number as four hexadecimal digits, its CRC-16 as four more, an end
tone; then silence. Each symbol is one tone of 18, from 600 to 2300 Hz in steps of 100, so that over 20 ms (the middle
of a symbol) all are orthogonal. What is cut, spliced or drowned is never another number: a splice of two words differs
from either by one burst of at most 16 bits, which a CRC-16 always finds. It is a *fragment* instead.

The code expects 16 kHz s16le mono and nothing else in the sound; it stands resampling and levels from -40 dBFS.
"""

import math
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from operator import mul

from rtt.core.caption import RATE

SYMBOL = 512
"""Samples of one symbol (32 ms)."""
SYMBOLS = 10
WORD = SYMBOL * SYMBOLS
"""Samples of one word (320 ms)."""
NUMBERS = 65_520
"""Numbers run from 0 to this, less one; what lies above are commands."""
COMMANDS = {name: 65_535 - index for index, name in enumerate(("error", "refuse", "mute", "speak", "die"))}
"""Words that tell the scripted engine to do something instead of naming a number."""
AMPLITUDE = 0.25
"""Peak of the tones, as a part of full scale (-12 dBFS)."""
GAP = 0.08
"""Seconds of silence after a word, at the least."""

_LISTEN = 320
_HOP = 160
_RAMP = 32
_LOUD = 0.01 * 32768
"""RMS above which a hop is sound (-40 dBFS)."""
_PURE = 0.6
"""Part of a window's energy that its tone must hold."""
_LONGEST = 2 * RATE
_TONES = [600 + 100 * index for index in range(18)]
_START, _END = 16, 17
_WAVES = [
    (
        [math.cos(2 * math.pi * tone * n / RATE) for n in range(_LISTEN)],
        [math.sin(2 * math.pi * tone * n / RATE) for n in range(_LISTEN)],
    )
    for tone in _TONES
]


@dataclass(frozen=True, slots=True)
class Coded:
    """A word found in sound; `number` is None for a fragment. Times are samples."""

    number: int | None
    start: int
    end: int


def crc16(data: bytes) -> int:
    """Return the CRC-16 (CCITT: polynomial 0x1021, begun with 0xFFFF) of `data`."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _symbols(number: int) -> list[int]:
    whole = number << 16 | crc16(number.to_bytes(2, "big"))
    return [_START, *((whole >> shift) & 15 for shift in range(28, -1, -4)), _END]


def _tone(symbol: int) -> list[float]:
    wave = []
    for n in range(SYMBOL):
        edge = min(1.0, (min(n, SYMBOL - 1 - n) + 1) / _RAMP)
        wave.append(math.sin(2 * math.pi * _TONES[symbol] * n / RATE) * (1 - math.cos(math.pi * edge)) / 2)
    return wave


_SHAPES = [_tone(symbol) for symbol in range(len(_TONES))]


def encode(numbers: Iterable[int | str], gap: float = GAP, amplitude: float = AMPLITUDE) -> bytes:
    """Return s16le PCM that says `numbers` (or names of COMMANDS), each followed by `gap` seconds of silence."""
    pcm = array("h")
    silence = array("h", bytes(2 * round(gap * RATE)))
    for said in numbers:
        number = COMMANDS[said] if isinstance(said, str) else said
        if not 0 <= number < 65_536:
            raise ValueError(f"{number} cannot be coded")
        for symbol in _symbols(number):
            pcm.extend(round(sample * amplitude * 32767) for sample in _SHAPES[symbol])
        pcm.extend(silence)
    return struct.pack(f"<{len(pcm)}h", *pcm)


class CodedDecoder:
    """Finds coded words in a stream of PCM that is pushed in pieces of any size."""

    def __init__(self, start: int = 0) -> None:
        """Begin at sample `start`."""
        self._samples = array("h")
        self._origin = start
        self._looked = 0
        self._onset: int | None = None

    @property
    def onset(self) -> int | None:
        """First sample of the sound that is still being listened to, or None in silence."""
        return None if self._onset is None else self._origin + self._onset

    def push(self, pcm: bytes) -> list[Coded]:
        """Take s16le PCM; return the words and fragments that are over."""
        self._samples.extend(struct.unpack(f"<{len(pcm) // 2}h", pcm))
        found: list[Coded] = []
        while self._looked + _HOP <= len(self._samples):
            hop = self._samples[self._looked : self._looked + _HOP]
            loud = sum(map(mul, hop, hop)) > _LOUD * _LOUD * _HOP
            if loud and self._onset is None:
                self._onset = self._looked
            elif self._onset is not None and (not loud or self._looked - self._onset >= _LONGEST):
                found += self._burst(self._onset, self._looked + _HOP)
                self._onset = None
            self._looked += _HOP
        self._forget()
        return found

    def finish(self) -> list[Coded]:
        """End the stream; return what its end cut off."""
        onset, self._onset = self._onset, None
        return [] if onset is None else self._burst(onset, len(self._samples))

    def _forget(self) -> None:
        done = (self._looked if self._onset is None else self._onset) - _HOP
        if done > 0:
            del self._samples[:done]
            self._origin += done
            self._looked -= done
            if self._onset is not None:
                self._onset -= done

    def _burst(self, start: int, end: int) -> list[Coded]:
        """Return the words, and the fragments between them, of uninterrupted sound."""
        found: list[Coded] = []
        at = spoiled = start
        # A word's first hop may be too quiet to count; half a hop of error either way is within a symbol's edges.
        at = max(0, at - _HOP // 2)
        while at + WORD <= end + SYMBOL // 2:
            number = self._word(at)
            if number is None:
                at += _HOP // 2
                continue
            self._fragment(found, spoiled, at)
            found.append(Coded(number, self._origin + at, self._origin + at + WORD))
            at = spoiled = at + WORD
        self._fragment(found, spoiled, end - _HOP)
        return found

    def _fragment(self, found: list[Coded], start: int, end: int) -> None:
        if end - start >= SYMBOL:
            found.append(Coded(None, self._origin + start, self._origin + end))

    def _word(self, at: int) -> int | None:
        """Return the number of the word that begins about here, or None."""
        if self._symbol(at, 0) != _START or self._symbol(at, SYMBOLS - 1) != _END:
            return None
        whole = 0
        for index in range(1, SYMBOLS - 1):
            symbol = self._symbol(at, index)
            if symbol is None or symbol > 15:
                return None
            whole = whole << 4 | symbol
        number = whole >> 16
        return number if whole & 0xFFFF == crc16(number.to_bytes(2, "big")) else None

    def _symbol(self, at: int, index: int) -> int | None:
        """Return which tone fills the middle of a word's symbol, or None where none does."""
        first = at + index * SYMBOL + (SYMBOL - _LISTEN) // 2
        window = self._samples[first : first + _LISTEN]
        energy = sum(map(mul, window, window))
        if len(window) < _LISTEN or energy < _LOUD * _LOUD * _LISTEN:
            return None
        powers = [sum(map(mul, window, cos)) ** 2 + sum(map(mul, window, sin)) ** 2 for cos, sin in _WAVES]
        best = max(powers)
        # A pure tone of amplitude a has energy a^2 n / 2 and correlation a n / 2.
        return powers.index(best) if best * 2 / _LISTEN >= _PURE * energy else None
