"""Partials that never flicker: `?partial=stable`.

Raw partials rewrite themselves (measured: 197 erasing updates a minute with an acoustic decoder). A word becomes stable
when the engine promises it, or when `AGREE` successive partials of one stream agree on it and on all words before it
(6.6 a minute, half a second later). Stable text only grows until its final comes, which is the truth.
"""

from collections import deque
from dataclasses import dataclass, field

from rtt.core.align import last_reheard
from rtt.core.caption import Heard, Word

AGREE = 3
"""Successive partials that must agree on a word."""


@dataclass(slots=True)
class _Line:
    recent: deque[tuple[Word, ...]]
    shown: list[Word] = field(default_factory=list)


class Stabiliser:
    """Turns the partials of one session's streams into text that is append-only within its line."""

    def __init__(self, agree: int = AGREE) -> None:
        self._agree = agree
        self._lines: dict[str, _Line] = {}

    def partial(self, heard: Heard) -> str:
        """Take a guarded partial; return the stable text of its line, which begins with what it was before."""
        line = self._lines.setdefault(heard.line, _Line(deque(maxlen=self._agree)))
        line.recent.append(heard.words)
        sure = 0
        for index, word in enumerate(heard.words):
            agreed = len(line.recent) >= self._agree and all(
                index < len(words) and words[index].text == word.text for words in line.recent
            )
            if not (agreed or word.stable):
                break
            sure = index + 1
        line.shown += _beyond(line.shown, heard.words[:sure])
        return " ".join(word.text for word in line.shown)

    def final(self, heard: Heard) -> str:
        """End the line of a final; return its *rest*: stable words already shown that lie beyond its end."""
        line = self._lines.pop(heard.line, None)
        if line is None:
            return ""
        return " ".join(word.text for word in line.shown if word.middle >= heard.end)

    def withdraw(self, name: str) -> None:
        """Forget a line that was taken back."""
        self._lines.pop(name, None)


def _beyond(shown: list[Word], sure: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the sure words that come after those shown.

    Where the engine changed its mind about words already shown, their count says nothing: a word put in or left out
    before them would show the next one twice, or never.
    """
    if all(old.text == new.text for old, new in zip(shown, sure, strict=False)):
        return sure[len(shown) :]
    fresh = sure[last_reheard(shown, sure) + 1 :]
    return tuple(word for word in fresh if word.middle > shown[-1].end)
