"""From the service's results to what the engine heard."""

from dataclasses import replace

from amazon_transcribe.model import Item, Result

from rtt.core.caption import RATE, Heard, Word
from rtt.engines.transcribe.streamtime import StreamTime

OPENING = "¿¡«„“‘([{"
"""Punctuation that belongs to the word behind it."""
LABEL_MAX = 40
"""Longest label of a speaker, in characters."""


class Results:
    """Reads the results of one stream."""

    def __init__(self, name: str, time: StreamTime) -> None:
        """Name the lines after the stream; `time` turns its times into the session's."""
        self.open: dict[str, bool] = {}
        """Lines that wait for their final; true where they had text."""
        self._name, self._time = name, time

    def heard(self, result: Result) -> Heard | None:
        """Return what a result reports, or None where it says nothing of a line nobody knows."""
        line = f"{self._name}-{result.result_id or result.start_time}"
        alternative = result.alternatives[0] if result.alternatives else None
        words = self._words(alternative.items or []) if alternative else ()
        text = (alternative.transcript or "").strip() if alternative else ""
        final = result.is_partial is False
        if not text and line not in self.open:
            return None
        if final:
            self.open.pop(line, None)
        else:
            self.open[line] = bool(text)
        start = self._time.session(result.start_time or 0.0)
        end = self._time.session(result.end_time or 0.0)
        return Heard(
            line=line,
            text=text,
            final=final,
            start=min([start, *(word.start for word in words)]),
            end=max([start, end, *(word.end for word in words)]),
            words=words,
        )

    def _words(self, items: list[Item]) -> tuple[Word, ...]:
        words: list[Word] = []
        before = ""
        for item in items:
            content = (item.content or "").strip()
            if not content:
                continue
            if item.item_type == "punctuation":
                if content in OPENING or not words:
                    before += content
                else:
                    last = words[-1]
                    words[-1] = replace(last, text=last.text + content)
                continue
            begins, ends = item.start_time or 0.0, item.end_time or 0.0
            end = self._time.session(ends)
            # A time that is a little wrong must not stretch a word over a silence that was left out.
            start = max(self._time.session(begins), end - round(max(0.0, ends - begins) * RATE))
            confidence = None if item.confidence is None else min(1.0, max(0.0, item.confidence))
            # Each stream of the service counts its speakers anew: its "0" is not the one of the stream before.
            speaker = f"{self._name}:{item.speaker}"[:LABEL_MAX] if item.speaker else ""
            words.append(Word(before + content, start, max(start + 1, end), confidence, bool(item.stable), speaker))
            before = ""
        return tuple(words)
