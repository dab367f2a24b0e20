"""Hearing again: which words of a repeated stretch were already shown (SESSIONS 10).

After a loss, sound is heard again from a few seconds before the watermark. Any rule by time alone doubles or loses
words (measured: 153 to 266 of 600 fault schedules), for the second hearing places words up to 0.3 s elsewhere. So
the re-heard words are aligned with the archived ones, in order and one to one, and what comes after the last
aligned word is new. A word truly said twice survives, because an archived word takes only one.
"""

from collections.abc import Sequence

from rtt.core.caption import RATE, Word

NEAR = round(1.2 * RATE)
"""Samples between the middles of two words that may be the same."""
TOLERANCE = NEAR // 2
"""Samples by which one word's time may be wrong between two hearings."""


def last_reheard(archived: Sequence[Word], heard: Sequence[Word]) -> int:
    """Return the index of the last of `heard` that is one of `archived`, or -1.

    The cheapest alignment wins: a word passed over costs 1, one word in another's place 0.9, equal words only their
    distance in time, so that of several equal ones the nearest is taken. Words heard before the first and after the
    last archived one cost nothing. (Edit distance with times: Needleman and Wunsch 1970, with free ends on one
    side.)
    """
    width = len(heard) + 1
    names = [word.bare for word in heard]
    costs = [0.0] * width
    steps: list[list[str]] = [["start"] * width]
    for word in archived:
        name = word.bare
        row = [costs[0] + 1]
        taken = ["archived"]
        for j, other in enumerate(heard):
            choices = [(costs[j + 1] + 1, "archived"), (row[j] + 1, "heard")]
            distance = abs(word.middle - other.middle)
            if distance <= NEAR:
                choices.append((costs[j] + (0.0 if name == names[j] else 0.9) + distance / RATE / 50, "both"))
            cost, step = min(choices)
            row.append(cost)
            taken.append(step)
        costs = row
        steps.append(taken)
    j = min(range(width), key=lambda index: (costs[index], index))
    for i in range(len(archived), 0, -1):
        while steps[i][j] == "heard":
            j -= 1
        if steps[i][j] == "both":
            return j - 1
    return -1


class Rehearing:
    """Sorts the words of one stream that began below the watermark into old and new."""

    def __init__(self, archived: Sequence[Word], watermark: int, start: int) -> None:
        """Take the session's archived words, its watermark and the stream's first sample."""
        self._archived = [word for word in archived if word.start > start - TOLERANCE]
        self._watermark, self._start = watermark, start
        self._heard: list[Word] = []
        self._judged = 0

    def new_words(self, words: Sequence[Word]) -> tuple[Word, ...]:
        """Take the words of the stream's next final; return those that were not archived before."""
        cut = self._watermark
        if not self._archived:
            slack = TOLERANCE if self._start < cut else 8 * TOLERANCE
            return tuple(word for word in words if word.middle > cut - slack)
        self._heard += words
        last = last_reheard(self._archived, self._heard)
        new = self._heard[max(last + 1, self._judged) :]
        self._judged = len(self._heard)
        if last < 0:
            new = [word for word in new if word.middle >= cut]
        if any(word.start > cut + NEAR for word in self._heard):
            self._archived = []
        return tuple(word for word in new if word.middle > cut - TOLERANCE)

    def may_be_new(self, word: Word) -> bool:
        """Tell whether a word of a partial lies beyond what was archived."""
        return word.middle >= self._watermark
