"""An engine that hears what is in the sound it is fed, late and with wrong times, and one that says where voice is."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from rtt.core.caption import RATE, Heard, Word
from rtt.core.voice import WINDOW
from rtt.engines.base import Chunk, Engine, Request, Spent, Traits
from rtt.server.voice import Ear, Loudness
from tests.system.schedules.talk import GRAIN, Said, Talk, mark

NOBODY = -1
"""Index of a word that nobody said: what a maimed one sounds like."""
REACTION = RATE // 5
"""Samples after a word's end that an engine takes before it reports the word."""
PAUSE = 7 * RATE // 10
"""Samples of silence that end a line."""
LINE = 10
"""Words that end a line."""
MISHEARD = 0.03
"""Probability that a word is another one in a second hearing."""


@dataclass(frozen=True, slots=True)
class Caught(Word):
    """A word as it was heard, and which of those said it is."""

    said: int = NOBODY


@dataclass(frozen=True, slots=True)
class Ability:
    """How well an engine hears: `jitter` is the most by which its word times are wrong, in seconds."""

    jitter: float
    pace: float


class SteppedEngine:
    """Declares an engine; its streams are fed by the world, step by step, for nothing here waits."""

    def __init__(self, ability: Ability) -> None:
        error = max(0.2, ability.jitter)
        self.traits = Traits("stepped", ("it-IT",), time_error=error, pace=ability.pace)

    def spent(self, room: str) -> Spent:
        return Spent()

    async def probe(self) -> None:
        return

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        raise AssertionError("this engine's streams are stepped")

    async def close(self) -> None:
        return


def engine(ability: Ability) -> Engine:
    """Return the engine as the server knows it."""
    return SteppedEngine(ability)


class TrueEar(Ear):
    """Reads voice off the sound itself, a window at a time."""

    def __init__(self) -> None:
        super().__init__(Loudness)

    def listen(self, pcm: bytes) -> tuple[float, ...]:
        heard = tuple(map(float, pcm[WINDOW :: 2 * WINDOW]))
        missing = -(-len(pcm) // (2 * WINDOW)) - len(heard)
        return heard + (float(pcm[-2]),) * missing


@dataclass(slots=True)
class _Line:
    name: str
    words: list[Caught] = field(default_factory=list)
    said_until: int = 0
    due: float = 0.0


class Stream:
    """One stream: takes sound, gives reports when they are due; `again` is true where words may be misheard."""

    def __init__(self, talk: Talk, rng: random.Random, ability: Ability, start: int, *, again: bool) -> None:
        self.lag = 0.0
        """Seconds by which results come later than they should."""
        self._talk, self._rng, self._ability, self._again = talk, rng, ability, again
        self._at = start
        self._spans: list[list[int]] = []
        self._open: dict[str, _Line] = {}
        self._due: list[tuple[float, int, Heard]] = []
        self._count = 0
        self._told = 0.0
        words = talk.by_end
        self._next = next((i for i, word in enumerate(words) if word.end > start), len(words))

    @property
    def busy(self) -> bool:
        """True while results are still to come."""
        return bool(self._open or self._due)

    def feed(self, chunk: Chunk, now: float) -> None:
        """Hear a chunk; `now` in seconds of the world."""
        marks = chunk.pcm[1 :: 2 * GRAIN]
        if (
            0 not in marks
            and marks[0] == mark(chunk.start)
            and marks[-1] == mark(chunk.start + GRAIN * (len(marks) - 1))
        ):
            self._take(chunk.start, chunk.start + len(chunk.pcm) // 2)
        else:
            end = chunk.start + len(chunk.pcm) // 2
            for index, one in enumerate(marks):
                at = chunk.start + index * GRAIN
                if one == mark(at):
                    self._take(at, min(end, at + GRAIN))
        self._at = chunk.start + len(chunk.pcm) // 2
        self._listen(self._at - REACTION, now)

    def flush(self, now: float) -> None:
        """Give all that is left: the sound of this stream is over."""
        self._listen(self._at, now)
        words = self._talk.by_end
        for word in words[self._next :]:
            if word.start < self._at:
                self._hear(word, now)
        self._next = len(words)
        for who in list(self._open):
            self._close(who, now)

    def mute(self, now: float) -> None:
        """Hear nothing more, and say what was heard later: this stream is lost."""
        self._next = len(self._talk.by_end)
        for who in list(self._open):
            self._close(who, now + self._rng.uniform(0.0, 4.0))

    def reports(self, now: float) -> list[Heard]:
        """Return the reports that are due."""
        due = []
        while self._due and self._due[0][0] <= now:
            due.append(heappop(self._due)[2])
        return due

    def _take(self, start: int, end: int) -> None:
        if self._spans and self._spans[-1][1] == start:
            self._spans[-1][1] = end
        else:
            self._spans.append([start, end])

    def _listen(self, until: int, now: float) -> None:
        words = self._talk.by_end
        while self._next < len(words) and words[self._next].end <= until:
            word = words[self._next]
            self._next += 1
            line = self._open.get(word.who)
            if line is not None and word.start - line.said_until >= PAUSE:
                self._close(word.who, now)
            self._hear(word, now)
        for who, line in list(self._open.items()):
            if len(line.words) >= LINE or until - line.said_until >= PAUSE:
                self._close(who, now)

    def _hear(self, word: Said, now: float) -> None:
        covered = sum(max(0, min(word.end, end) - max(word.start, start)) for start, end in self._spans)
        share, rng = covered / (word.end - word.start), self._rng
        if share > 0.99:
            text, said = word.text, word.index
            if self._again and rng.random() < MISHEARD:
                text += "x"
        elif share > 0.6 and rng.random() < 0.5:
            text, said = word.text, word.index
        elif share > 0.25 and rng.random() < 0.3:
            text, said = "~", NOBODY
        else:
            return
        line = self._open.get(word.who)
        if line is None:
            self._count += 1
            line = self._open[word.who] = _Line(str(self._count))
        error = self._ability.jitter * RATE
        start = max(0, word.start + round(rng.uniform(-error, error)))
        if line.words:
            start = max(start, line.words[-1].start + GRAIN)
        end = max(start + GRAIN, word.end + round(rng.uniform(-error, error)))
        line.words.append(Caught(text, start, end, said=said))
        line.said_until = word.end
        if len(line.words) % 4 == 1:
            self._told = line.due = max(self._told, now + self.lag)
            self._report(line, final=False)

    def _close(self, who: str, now: float) -> None:
        line = self._open.pop(who)
        slow = self._rng.uniform(0.5, 3.0) if self._rng.random() < 0.2 else self._rng.uniform(0.0, 0.4)
        line.due = max(line.due, now + self.lag + slow)
        self._report(line, final=True)

    def _report(self, line: _Line, *, final: bool) -> None:
        words = tuple(line.words)
        heard = Heard(line.name, " ".join(w.text for w in words), final, words[0].start, words[-1].end, words)
        self._count += 1
        heappush(self._due, (line.due, self._count, heard))
