"""Makes the service's results of words: partials that grow, and finals that are never taken back."""

import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from tests.emulator.parameters import Parameters
from tests.emulator.settings import Settings
from tests.emulator.speech import Spoken, hearing

UNSTABLE = {"high": 1, "medium": 2, "low": 3}
"""Words at the end of a partial that may still change, by the stability asked for."""
COMMA_EVERY = 4

Event = dict[str, Any]


class Results:
    """What one stream answers to its sound."""

    def __init__(self, settings: Settings, asked: Parameters, number: int) -> None:
        self.finals: list[list[Spoken]] = []
        """The words of each final so far."""
        self.position = 0.0
        """Seconds of sound taken."""
        self._settings, self._asked = settings, asked
        self._random = Random(f"{settings.seed} {number}")
        self._hearing = hearing(settings, asked.rate)
        self._waiting: deque[Spoken] = deque()
        self._open: list[Spoken] = []
        self._heard = 0
        self._id = self._new_id()

    @property
    def fragments(self) -> int:
        """Tone words that came cut."""
        return self._hearing.fragments

    def push(self, pcm: bytes) -> list[Event]:
        """Take sound; return the events it causes, oldest first."""
        self.position += len(pcm) / 2 / self._asked.rate
        self._waiting += map(self._placed, self._hearing.push(pcm))
        return list(self._push())

    def finish(self) -> list[Event]:
        """Return the finals of all that is not final yet."""
        self._waiting += map(self._placed, self._hearing.finish())
        events: list[Event] = []
        while self._waiting:
            events += self._take(self._waiting.popleft())
        return events + list(self._final())

    def _push(self) -> Iterator[Event]:
        news = False
        while self._waiting and self._waiting[0].end + self._settings.behind <= self.position:
            yield from self._take(self._waiting.popleft())
            news = True
        silent = self._open and not self._waiting and not self._hearing.sounding
        if silent and self.position - self._open[-1].end >= max(self._settings.pause, self._settings.behind):
            yield from self._final()
        elif news and self._open:
            yield self._event(partial=True)

    def _take(self, word: Spoken) -> Iterator[Event]:
        if self._open and word.start - self._open[-1].end >= self._settings.pause:
            yield from self._final()
        self._open.append(word)
        if len(self._open) >= self._settings.words_per_final:
            yield from self._final()

    def _final(self) -> Iterator[Event]:
        if self._open:
            yield self._event(partial=False)
            self.finals.append(self._open)
            self._open, self._id = [], self._new_id()

    def _event(self, *, partial: bool) -> Event:
        words = list(self._open)
        if partial and self._settings.guess:
            words[-1] = replace(words[-1], text=words[-1].guess)
        firm = len(words) - UNSTABLE[self._asked.stability] if partial else len(words)
        items: list[Event] = []
        text = ""
        for index, word in enumerate(words):
            mark = self._mark(index, len(words), partial=partial)
            items += self._items(word, mark, stable=index < firm, final=not partial)
            text += (" " if text else "") + word.text + mark
        result = {
            "Alternatives": [{"Items": items, "Transcript": text}],
            "ChannelId": "ch_0",
            "StartTime": round(words[0].start, 3),
            "EndTime": round(words[-1].end, 3),
            "IsPartial": partial,
            "LanguageCode": self._asked.language,
            "ResultId": self._id,
        }
        return {"Transcript": {"Results": [result]}}

    def _mark(self, index: int, count: int, *, partial: bool) -> str:
        if not self._settings.punctuation:
            return ""
        if index + 1 == count:
            return "" if partial else "."
        return "," if (index + 1) % COMMA_EVERY == 0 else ""

    def _items(self, word: Spoken, mark: str, *, stable: bool, final: bool) -> Iterator[Event]:
        item: Event = {
            "Content": word.text,
            "StartTime": round(word.start, 3),
            "EndTime": round(word.end, 3),
            "Type": "pronunciation",
            "VocabularyFilterMatch": False,
        }
        if final or (stable and self._asked.stabilization):
            item["Confidence"] = word.confidence
        if self._asked.stabilization:
            item["Stable"] = stable
        if self._asked.speakers:
            item["Speaker"] = str(word.speaker)
        yield item
        if mark:
            times = {"StartTime": item["EndTime"], "Content": mark, "Type": "punctuation"}
            yield {key: value for key, value in item.items() if key != "Confidence"} | times

    def _placed(self, word: Spoken) -> Spoken:
        wrong = [self._random.uniform(-1, 1) * self._settings.jitter for _ in range(2)]
        start = max(0.0, word.start + wrong[0])
        self._heard += 1
        speaker = (self._heard - 1) // self._settings.turn % 2 if self._settings.turn else 0
        return replace(word, start=start, end=max(start + 0.01, word.end + wrong[1]), speaker=speaker)

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
