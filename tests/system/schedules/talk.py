"""What is said in a schedule: words with their true times, and the sound that carries them.

Every sample of the sound tells where it belongs and whether there is voice in it, so that an engine that is fed the
wrong stretch, or nothing, cannot hear the right words: low byte 1 where there is voice, high byte the number of the
frame (1 to 250); digital silence (the filling of a gap) is 0.
"""

import random
from dataclasses import dataclass
from functools import cache

from rtt.capture.source import BLOCK
from rtt.core.caption import RATE

GRAIN = 160
"""Samples by which voice is placed: 10 ms."""
EDGE = RATE // 20
"""Samples of voice before and after a word."""
VOCABULARY = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Said:
    """One word that was said: the `index`-th of the talk by its start."""

    index: int
    text: str
    start: int
    end: int
    who: str


@dataclass(frozen=True, slots=True)
class Talk:
    """All that is said in a room; `samples` is the length of the sound, in whole frames."""

    words: tuple[Said, ...]
    by_end: tuple[Said, ...]
    samples: int
    voiced: bytes
    """1 for each `GRAIN` with voice in it."""

    def pcm(self, start: int) -> bytes:
        """Return the frame that begins at `start`."""
        at = start // GRAIN
        return _frame(self.voiced[at : at + BLOCK // GRAIN], mark(start))


@cache
def _frame(voiced: bytes, number: int) -> bytes:
    return b"".join(bytes((voice, number)) * GRAIN for voice in voiced)


def mark(sample: int) -> int:
    """Return what the high byte of the sound at `sample` is."""
    return 1 + sample // BLOCK % 250


def say(rng: random.Random, seconds: int, *, second_voice: bool) -> Talk:
    """Return a talk: words with repeats, pauses, voice without words, and now and then a second voice over it."""
    said: list[tuple[int, int, str, str]] = []
    voiced = bytearray(seconds * RATE // GRAIN)
    end = (seconds - 2) * RATE
    _one_voice(rng, said, voiced, "A", rng.randint(RATE // 2, 2 * RATE), end)
    at = rng.randint(2, 20) * RATE
    while second_voice and at < end:
        until = min(end, at + rng.randint(2, 8) * RATE)
        _one_voice(rng, said, voiced, "B", at, until)
        at = until + rng.randint(5, 25) * RATE
    said.sort()
    words = tuple(Said(index, text, start, end, who) for index, (start, end, text, who) in enumerate(said))
    for word in words:
        _voice(voiced, word.start - EDGE, word.end + EDGE)
    return Talk(words, tuple(sorted(words, key=lambda word: word.end)), seconds * RATE, bytes(voiced))


def _one_voice(
    rng: random.Random, said: list[tuple[int, int, str, str]], voiced: bytearray, who: str, at: int, end: int
) -> None:
    before = ""
    while True:
        if rng.random() < 0.12:
            at += rng.randint(7 * RATE // 10, 2 * RATE)
        if rng.random() < 0.01:  # somebody mumbles; no engine makes words of it
            at += 17 * RATE // 10
            mumbled = at + rng.randint(RATE, 5 * RATE // 2)
            if mumbled < end:
                _voice(voiced, at, mumbled)
            at = mumbled + 17 * RATE // 10
        length = rng.randint(RATE // 5, 2 * RATE // 5)
        if at + length > end:
            return
        text = before if before and rng.random() < 0.12 else rng.choice(VOCABULARY)
        said.append((at, at + length, text, who))
        before = text
        at += length + rng.choice((0, 0, 0, RATE // 20, RATE // 10))


def _voice(voiced: bytearray, start: int, end: int) -> None:
    low, high = max(0, start // GRAIN), min(len(voiced), -(-end // GRAIN))
    voiced[low:high] = b"\1" * (high - low)
