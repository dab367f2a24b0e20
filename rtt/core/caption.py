"""What an engine heard, and what a screen shows.

All times are samples of the session at 16 kHz (`RATE`); only the wire and the exports speak of seconds.
"""

from dataclasses import dataclass, replace

RATE = 16_000
"""Samples per second of every stream inside rtt."""
PUNCTUATION = ".,;:!?…\"'“”„‘’«»()¿¡。，、！？"
"""What may stand before or after a word without being said."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as an engine heard it, with its punctuation attached."""

    text: str
    start: int
    """First sample of the word, in the session."""
    end: int
    """First sample after the word."""
    confidence: float | None = None
    """0 to 1, or None where the engine does not report it."""
    stable: bool = False
    """True where the engine promises not to take the word back."""
    speaker: str = ""
    """Who says it, by a label that means one voice within one engine stream; empty where nobody tells voices apart."""

    @property
    def middle(self) -> float:
        """Sample in the middle of the word, by which it is placed in time."""
        return (self.start + self.end) / 2

    @property
    def bare(self) -> str:
        """The word without case and punctuation: two hearings of one word differ in them."""
        return self.text.casefold().strip(PUNCTUATION) or self.text


@dataclass(frozen=True, slots=True)
class Heard:
    """One report of an engine: the newest state of one line.

    A partial without text says "I am listening here" (an open result); a final without text says
    "nothing was said here". `words` is empty where the engine has no word times.
    """

    line: str
    """Names the engine's result; the same for all its partials and its final."""
    text: str
    final: bool
    start: int
    """First sample the result speaks of."""
    end: int
    """First sample after it."""
    words: tuple[Word, ...] = ()

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the words, or None where none is reported."""
        known = [word.confidence for word in self.words if word.confidence is not None]
        return sum(known) / len(known) if known else None

    def keeping(self, words: tuple[Word, ...]) -> "Heard":
        """Return the same report with only these of its words, the text made anew if any is missing."""
        if len(words) == len(self.words):
            return self
        return replace(self, words=words, text=" ".join(word.text for word in words))


@dataclass(frozen=True, slots=True)
class Caption:
    """One numbered line of a room; (room, epoch, number) names it for ever.

    A partial carries the number of the caption it follows.
    """

    room: str
    session: str
    epoch: str
    number: int
    line: str
    text: str
    final: bool
    language: str
    engine: str
    start: int
    end: int
    at: float
    """Wall-clock time of `start`, in seconds since 1970, by the capture's clock."""
    stable: str = ""
    """Of a partial: the words of it that will not be taken back."""
    rest: str = ""
    """Stable words already shown that lie beyond this final: they begin the next line (SESSIONS 26)."""
