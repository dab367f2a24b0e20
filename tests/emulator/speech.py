"""Turns sound into words: tone words exactly, or any loud sound into words from a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from typing import Protocol

import numpy as np

from rtt.core.caption import RATE
from rtt.core.codedspeech import NUMBERS, Coded, CodedDecoder
from tests.emulator.settings import Settings

NAMES = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
    "yankee", "zulu",
)  # fmt: skip
INVENTIONS = (
    "thanks", "for", "watching", "please", "like", "and", "subscribe", "to", "our", "channel",
)  # fmt: skip
HOPS = 50
"""Pieces a second in which loudness is measured."""
BRIDGE = 0.2
"""Seconds of quiet inside one word."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word that was heard; times in seconds of the stream."""

    text: str
    start: float
    end: float
    confidence: float
    guess: str
    """The wrong word that a first partial shows for it."""
    invented: bool = False
    speaker: int = 0


class Hearing(Protocol):
    """Finds words in sound that comes in pieces."""

    fragments: int
    """Tone words that were cut."""

    @property
    def sounding(self) -> bool:
        """True while something is being listened to."""
        ...

    def push(self, pcm: bytes) -> list[Spoken]:
        """Take sound; return the words that are over."""
        ...

    def finish(self) -> list[Spoken]:
        """Return what the end of the sound cut off."""
        ...


def hearing(settings: Settings, rate: int) -> Hearing:
    """Return what hears one stream in the mode that is set."""
    return CodedHearing(settings) if settings.mode == "coded" else LoudHearing(settings, rate)


class CodedHearing:
    """Hears tone words: number 17 is the word "w17"."""

    def __init__(self, settings: Settings) -> None:
        self.fragments = 0
        self._settings = settings
        self._decoder = CodedDecoder()

    @property
    def sounding(self) -> bool:
        return self._decoder.onset is not None

    def push(self, pcm: bytes) -> list[Spoken]:
        return list(self._spoken(self._decoder.push(pcm)))

    def finish(self) -> list[Spoken]:
        return list(self._spoken(self._decoder.finish()))

    def _spoken(self, found: list[Coded]) -> Iterator[Spoken]:
        for coded in found:
            start, end = coded.start / RATE, coded.end / RATE
            if coded.number is None:
                self.fragments += 1
                if self._settings.fragment:
                    text = self._settings.fragment
                    yield Spoken(text, start, end, self._settings.foreign_confidence, text)
            elif coded.number < NUMBERS:
                text = str(coded.number)
                yield Spoken(f"w{text}", start, end, self._settings.confidence, f"x{text}")


class LoudHearing:
    """Hears a word in every stretch of loud sound, in order of a list; invents more of them if so set."""

    def __init__(self, settings: Settings, rate: int) -> None:
        self.fragments = 0
        self._settings = settings
        first = settings.first_name % len(NAMES)
        self._names, self._inventions = cycle(NAMES[first:] + NAMES[:first]), cycle(INVENTIONS)
        self._hop = rate // HOPS
        self._seconds = self._hop / rate
        self._held = b""
        self._counter = count()
        self._start: float | None = None
        self._end = 0.0
        self._loud = 0
        self._quiet = 0.0
        mode = settings.mode
        self._invents = mode == "invent"
        self._confidence = settings.foreign_confidence if mode == "foreign" else settings.confidence

    @property
    def sounding(self) -> bool:
        return self._start is not None

    def push(self, pcm: bytes) -> list[Spoken]:
        self._held += pcm
        whole = len(self._held) // (2 * self._hop)
        cut = whole * 2 * self._hop
        hops = np.frombuffer(self._held[:cut], dtype="<i2").astype(np.float64).reshape(whole, self._hop)
        self._held = self._held[cut:]
        floor = (32768 * 10 ** (self._settings.loud / 20)) ** 2
        found: list[Spoken] = []
        for loud in (hops * hops).mean(axis=1) > floor if whole else ():
            found += self._hear(next(self._counter) * self._seconds, loud=bool(loud))
        return found

    def finish(self) -> list[Spoken]:
        return list(self._word())

    def _hear(self, at: float, *, loud: bool) -> Iterator[Spoken]:
        end = at + self._seconds
        if loud:
            self._start = at if self._start is None else self._start
            self._end, self._quiet = end, 0.0
            self._loud += 1
            if self._loud * self._seconds >= self._settings.word_seconds - self._seconds / 2:
                yield from self._word()
            return
        self._quiet += self._seconds
        if self._start is not None and end - self._end >= BRIDGE:
            yield from self._word()
        if self._invents and self._quiet >= self._settings.invent_every:
            self._quiet = 0.0
            text = next(self._inventions)
            yield Spoken(text, max(0.0, end - self._settings.word_seconds), end, self._confidence, text, invented=True)

    def _word(self) -> Iterator[Spoken]:
        """Yield the word that is open, if it was long enough for one."""
        start, loud = self._start, self._loud
        self._start, self._loud = None, 0
        if start is not None and loud * self._seconds >= self._settings.word_seconds / 2:
            text = next(self._names)
            yield Spoken(text, start, self._end, self._confidence, text[::-1])
