"""What may reach a screen. This file is the anchor of rtt: never a word without a voice.

Engines make words out of noise. Measured on 755 s of sound without a speaker: an acoustic decoder that is not
guarded writes 16 words a minute, 52 on music, some even on room tone; a wrong language setting makes 171 words a minute
of fluent nonsense; generative engines invent whole sentences. So nothing an engine reports is believed as it stands.
Each rule below has its reason, and each withheld word is counted and shown to the operator, never silently gone.

1. *No voice, no word.* A word is shown only if at least half of its time lies in human voice, by a detector that
   listened to the same sound. Acting on word times costs no latency. The timeline is widened by the engine's own error
   in time. An engine without word times is judged by the segment, and at `FASTEST` words a second of voice at most.
2. *No doubt hidden.* A final whose words have a mean confidence under the engine's floor is withheld whole: that is
   what a wrong language looks like, and nothing else tells it. The room is *suspect* then, and partials are held too,
   until a segment passes.
3. *Stricter for engines that invent.* They loop and they talk through silence: a phrase said `REPEATS` times in a row,
   or more words than a voice could say, withholds the segment.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from rtt.core.caption import PUNCTUATION, RATE, Heard, Word
from rtt.core.voice import VoiceTimeline

FASTEST = 5.0
"""Words per second of voice that a human can say for longer than a moment."""
REPEATS = 4
"""So often in a row nobody says the same phrase."""
PHRASE_WORDS = 6
"""Longest phrase that is looked at for repetition, in words."""


class Reason(StrEnum):
    """Why words were withheld."""

    NO_VOICE = "no voice"
    DOUBTFUL = "low confidence"
    TOO_FAST = "more words than the voice could say"
    REPEATED = "the same phrase again and again"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the guard must know of an engine."""

    word_times: bool = True
    time_error: int = round(0.2 * RATE)
    """Samples by which its word times may be wrong."""
    confidence_floor: float = 0.0
    invents: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be shown of one report, and what was withheld."""

    shown: Heard | None
    """The report with the words that may be shown, or None."""
    withheld: int = 0
    """Words that may not."""
    reason: Reason | None = None


class Guard:
    """Judges every report of one session's engine; `voice` is None only with ``--no-guard``."""

    def __init__(self, rules: Rules, voice: VoiceTimeline | None) -> None:
        self.rules = rules
        self.voice = voice
        self.suspect = False
        """True after a final was withheld as doubtful, until one passes."""

    def judge(self, heard: Heard) -> Verdict:
        """Return what may be shown of `heard`."""
        if self.voice is None or not heard.text:
            return Verdict(heard)
        verdict = self._by_words(heard) if heard.words and self.rules.word_times else self._by_segment(heard)
        if self.rules.invents and verdict.shown is not None:
            verdict = self._by_habit(verdict)
        if not heard.final:
            return Verdict(None) if self.suspect else verdict
        return self._by_confidence(heard, verdict)

    def _in_voice(self, start: int, end: int) -> bool:
        assert self.voice is not None
        return 2 * self.voice.covered(start, end, self.rules.time_error) >= max(1, end - start)

    def _by_words(self, heard: Heard) -> Verdict:
        kept = tuple(word for word in heard.words if self._in_voice(word.start, word.end))
        lost = len(heard.words) - len(kept)
        unplaced = len(heard.text.split()) - sum(len(word.text.split()) for word in heard.words)
        if unplaced > 0:  # text that no word stands for has no time, and so no voice
            heard = replace(heard, text=" ".join(word.text for word in heard.words))
            lost += unplaced
        reason = Reason.NO_VOICE if lost else None
        return Verdict(heard.keeping(kept) if kept else None, lost, reason)

    def _by_segment(self, heard: Heard) -> Verdict:
        count = len(heard.text.split())
        if not self._in_voice(heard.start, heard.end):
            return Verdict(None, count, Reason.NO_VOICE)
        return self._by_pace(Verdict(heard))

    def _by_pace(self, verdict: Verdict) -> Verdict:
        heard = verdict.shown
        assert heard is not None
        assert self.voice is not None
        count = len(heard.text.split())
        seconds = self.voice.covered(heard.start, heard.end, self.rules.time_error) / RATE
        if count > max(1.0, FASTEST * seconds):
            return Verdict(None, verdict.withheld + count, Reason.TOO_FAST)
        return verdict

    def _by_habit(self, verdict: Verdict) -> Verdict:
        assert verdict.shown is not None
        words = [word.casefold().strip(PUNCTUATION) for word in verdict.shown.text.split()]
        if _repeats(words):
            return Verdict(None, verdict.withheld + len(words), Reason.REPEATED)
        return self._by_pace(verdict)

    def _by_confidence(self, heard: Heard, verdict: Verdict) -> Verdict:
        # The mean is that of all words: dropping those outside voice must not make the rest look surer.
        if verdict.reason is Reason.NO_VOICE and verdict.shown is None:
            return verdict  # noise tells nothing about the language, for better or worse
        confidence = heard.confidence
        if confidence is not None and confidence < self.rules.confidence_floor:
            self.suspect = True
            return Verdict(None, max(len(heard.words), verdict.withheld), Reason.DOUBTFUL)
        if verdict.shown is not None:
            self.suspect = False
        return verdict


def _repeats(words: list[str]) -> bool:
    """Tell whether a phrase of 1 to `PHRASE_WORDS` words stands `REPEATS` times in a row."""
    for size in range(1, PHRASE_WORDS + 1):
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            if run >= size * (REPEATS - 1):
                return True
    return False


def cut_edges(words: tuple[Word, ...], cuts: list[tuple[int, int]], voice: VoiceTimeline | None) -> tuple[Word, ...]:
    """Drop the words that a cut in the sound may have maimed (SESSIONS 15).

    `cuts` are pairs (a, b): sound up to sample a, nothing from a to b, sound again from b. Where voice went on at
    a, the words from 0.6 s before it are not taken, where it went on at b, those until 0.6 s after it: half a word
    sounds like another word.
    """
    edge = round(0.6 * RATE)
    for a, b in cuts:
        # A maimed word may be placed beyond the cut by the engine's error; it begins before it all the same.
        before = tuple(word for word in words if word.start < a or word.start + word.end <= a + b)
        after = tuple(word for word in words if word.start >= a and word.start + word.end > a + b)
        if voice is None or voice.covered(a - RATE // 10, a):
            whole = next((i for i, word in enumerate(before) if word.end > a - edge), len(before))
            before = before[:whole]
        if voice is None or voice.covered(b, b + RATE // 10):
            first = max((i + 1 for i, word in enumerate(after) if word.start < b + edge), default=0)
            after = after[first:]
        words = before + after
    return words
