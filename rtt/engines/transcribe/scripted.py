"""A service within the process, behind the same seam: it hears the tone words of `core.codedspeech` and fails as told.

For tests of what the engine does with a service, without network and account.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from amazon_transcribe.model import Alternative, Item, Result

from rtt.core.caption import RATE
from rtt.core.codedspeech import Coded, CodedDecoder
from rtt.engines.transcribe.faults import Fault


@dataclass(frozen=True, slots=True)
class Plan:
    """How one stream goes; the `..._after` count seconds of its sound, None is never."""

    refusal: Fault | None = None
    """Instead of opening."""
    silent_open: bool = False
    """Opening is never answered."""
    failure: Fault | None = None
    failure_after: float | None = None
    end_after: float | None = None
    """The stream ends as if it had been asked to."""
    mute_after: float | None = None
    stuck_after: float | None = None
    """Sound is taken no more."""
    last_final: bool = True
    """False: what is open at the end gets no final."""
    ends: bool = True
    """False: the stream stays open after its end."""


@dataclass
class ScriptedService:
    """Opens streams by the plans, in order; a stream without a plan goes well."""

    plans: list[Plan] = field(default_factory=list)
    words_per_final: int = 5
    pause: float = 0.8
    streams: list["ScriptedStream"] = field(default_factory=list)
    """Every stream that was opened."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The parameters of every request."""

    async def open(self, parameters: dict[str, str]) -> "ScriptedStream":
        """Open a stream (see `Transport`)."""
        plan = self.plans[len(self.asked)] if len(self.asked) < len(self.plans) else Plan()
        self.asked.append(parameters)
        if plan.silent_open:
            await asyncio.Event().wait()
        if plan.refusal is not None:
            raise plan.refusal
        stream = ScriptedStream(plan, self.words_per_final, self.pause)
        self.streams.append(stream)
        return stream


class ScriptedStream:
    """One stream (see `Stream`)."""

    def __init__(self, plan: Plan, words_per_final: int, pause: float) -> None:
        self.sent: list[int] = []
        """Samples of every message."""
        self.pcm = bytearray()
        self.ended = self.closed = False
        self._plan, self._most, self._pause = plan, words_per_final, round(pause * RATE)
        self._decoder = CodedDecoder()
        self._events: asyncio.Queue[list[Result] | Fault | None] = asyncio.Queue()
        self._words: list[Coded] = []
        self._line = 0

    async def send(self, pcm: bytes) -> None:
        """Hear sound."""
        if self.closed or self.ended:
            raise Fault("Lost", "")
        self.sent.append(len(pcm) // 2)
        self.pcm += pcm
        seconds = len(self.pcm) / 2 / RATE
        if self._reached(self._plan.stuck_after, seconds):
            await asyncio.Event().wait()
        for word in self._decoder.push(pcm):
            self._hear(word)
        if self._words and self._decoder.onset is None and len(self.pcm) // 2 - self._words[-1].end >= self._pause:
            self._finish_line()
        if self._reached(self._plan.failure_after, seconds):
            self._events.put_nowait(self._plan.failure or Fault("Lost", ""))
        elif self._reached(self._plan.end_after, seconds):
            self._events.put_nowait(None)

    async def end(self) -> None:
        """Say the last, and end."""
        if self.ended:
            return
        self.ended = True
        for word in self._decoder.finish():
            self._hear(word)
        if self._words and self._plan.last_final:
            self._finish_line()
        if self._plan.ends:
            self._events.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[list[Result]]:
        """Yield the events."""
        while (event := await self._events.get()) is not None:
            if isinstance(event, Fault):
                raise event
            yield event

    async def close(self) -> None:
        """Let go of the reader."""
        self.closed = True
        self._events.put_nowait(Fault("Lost", "") if not self.ended else None)

    def _reached(self, after: float | None, seconds: float) -> bool:
        return after is not None and seconds >= after

    def _hear(self, word: Coded) -> None:
        if word.number is None:
            return
        self._words.append(word)
        if len(self._words) >= self._most:
            self._finish_line()
        else:
            self._say(partial=True)

    def _finish_line(self) -> None:
        self._say(partial=False)
        self._words, self._line = [], self._line + 1

    def _say(self, *, partial: bool) -> None:
        if self._reached(self._plan.mute_after, len(self.pcm) / 2 / RATE):
            return
        items = [
            Item(word.start / RATE, word.end / RATE, "pronunciation", f"w{word.number}", confidence=0.9, stable=True)
            for word in self._words
        ]
        start, end = self._words[0].start / RATE, self._words[-1].end / RATE
        if not partial:
            items.append(Item(end, end, "punctuation", "."))
        text = " ".join(f"w{word.number}" for word in self._words) + ("" if partial else ".")
        alternative = Alternative(text, items, None)  # type: ignore[no-untyped-call]
        self._events.put_nowait([Result(f"line-{self._line}", start, end, partial, [alternative])])
