"""An engine whose speech is tones: every lost, doubled or moved piece of sound is visible as text.

It hears the code of `rtt.core.codedspeech`: number 17 becomes the word "w17", a word that was cut becomes "~". It
behaves like a streaming service: partials that grow, a final after a few words or a pause, results that come late,
times that are a little wrong; and it fails on command. Commands come from its `Script`, from `Scripted.command`, or
in the sound itself (`encode(["error"])`):

error   the stream is lost (`EngineError`, retry)
refuse  the engine gives up (`EngineError`, no retry)
mute    it goes on taking sound and reports nothing more, not even for what is open; `speak` ends that
die     it takes no more sound and says nothing, like a dead connection
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields
from random import Random
from typing import Any

from rtt.core.caption import RATE, Heard, Word
from rtt.core.codedspeech import COMMANDS, NUMBERS, Coded, CodedDecoder
from rtt.core.errors import EngineError, UsageError
from rtt.engines.base import Chunk, Request, Spent, Traits

FRAGMENT = "~"
"""The text of a word that was cut."""
COMMAND_OF = {number: name for name, number in COMMANDS.items()}
REMEMBERED = 1000
"""Commands in the sound whose places are remembered, lest they are obeyed again when the sound is heard again."""


@dataclass(frozen=True, slots=True)
class Script:
    """How the engine behaves; durations in seconds. The `..._after` count the sound of one stream."""

    words_per_final: int = 5
    pause: float = 0.8
    """So much silence ends a line."""
    lag: float = 0.0
    """So long after the sound a report comes, by the clock."""
    jitter: float = 0.0
    """Word times are wrong by up to this much, either way."""
    seed: int = 0
    """Of the jitter."""
    guess: bool = False
    """The newest word of a partial is first guessed wrong ("x17")."""
    error_after: float = 0.0
    mute_after: float = 0.0
    die_after: float = 0.0
    times: int = 0
    """Only so many streams obey the `..._after`; 0 means all of them."""

    @classmethod
    def parse(cls, text: str) -> "Script":
        """Read `lag=0.3,words_per_final=4`; raises `UsageError` for what it cannot be."""
        kinds: dict[str, Any] = {field.name: field.type for field in fields(cls)}
        values: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = part.partition("=")
            try:
                number = float(value)
                values[name] = kinds[name](number)
            except (KeyError, ValueError, OverflowError) as error:
                known = ", ".join(kinds)
                raise UsageError(
                    f"RTT_SCRIPTED cannot be {part!r}", mend=f"Set it to NAME=NUMBER,... with these names: {known}"
                ) from error
        return cls(**values)


class Scripted:
    """Hears coded tones; one engine for all rooms."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.streams = 0
        """Streams opened so far."""
        self._running: list[Stream] = []
        self._obeyed: dict[tuple[str, int, str], None] = {}

    @property
    def traits(self) -> Traits:
        """What this engine is like: it speaks every language ("*"), for numbers are the same in all."""
        return Traits(
            name="scripted",
            languages=("*",),
            time_error=0.2 + self.script.jitter,
            pace=50.0,
            tones=True,
        )

    def command(self, name: str, room: str = "") -> None:
        """Make the running streams (of one room) obey a command at once; raises `UsageError` for an unknown one."""
        if name not in COMMANDS:
            raise UsageError(
                f"The scripted engine knows no command {name!r}", mend=f"Use one of: {', '.join(COMMANDS)}"
            )
        for stream in self._running:
            if room in ("", stream.request.room):
                stream.obey(name)

    def spent(self, room: str) -> Spent:
        """Cost nothing."""
        return Spent()

    async def probe(self) -> None:
        """Need no proof: what is installed can be run."""

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        """Hear one stream to its end (see `Engine`)."""
        self.streams += 1
        stream = Stream(self, request, report, self.streams)
        self._running.append(stream)
        try:
            await stream.run(sound)
        finally:
            self._running.remove(stream)

    async def close(self) -> None:
        """Hold nothing, so give nothing back."""

    def first_time(self, session: str, start: int, name: str) -> bool:
        """Tell whether a command in the sound is new, and remember it: heard again, it must not be obeyed again."""
        place = round(start / RATE)
        if any((session, near, name) in self._obeyed for near in (place - 1, place, place + 1)):
            return False
        self._obeyed[session, place, name] = None
        if len(self._obeyed) > REMEMBERED:
            del self._obeyed[next(iter(self._obeyed))]
        return True


class Stream:
    """One stream of the scripted engine."""

    def __init__(self, engine: Scripted, request: Request, report: Callable[[Heard], None], number: int) -> None:
        self.request = request
        self._engine, self._script, self._report = engine, engine.script, report
        self._number = number
        self._random = Random(f"{self._script.seed} {request.session} {number}")  # noqa: S311 - repeatable on purpose
        self._decoder: CodedDecoder | None = None
        self._line = 0
        self._start: int | None = None
        self._words: list[Word] = []
        self._taken = 0
        self._muted = False
        self._failure: EngineError | None = None
        self._dead = False
        self._commanded = asyncio.Event()
        self._late: asyncio.Queue[tuple[float, Heard] | None] = asyncio.Queue()

    async def run(self, sound: AsyncIterator[Chunk]) -> None:
        """Hear `sound` to its end, or fail as told."""
        try:
            async with asyncio.TaskGroup() as tasks:
                teller = tasks.create_task(self._tell_late())
                failing = tasks.create_task(self._fail())
                async for chunk in sound:
                    self._take(chunk)
                    if self._stopped:
                        await asyncio.Event().wait()
                self._finish()
                self._late.put_nowait(None)
                await teller
                failing.cancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def obey(self, name: str) -> None:
        """Do as a command says."""
        match name:
            case "error":
                self._failure = EngineError("The scripted engine failed", "it was told to", retry=True)
            case "refuse":
                self._failure = EngineError("The scripted engine gave up", "it was told to", retry=False)
            case "mute" | "speak":
                self._muted = name == "mute"
            case "die":
                self._dead = True
        self._commanded.set()

    @property
    def _stopped(self) -> bool:
        return self._dead or self._failure is not None

    async def _fail(self) -> None:
        """Raise the failure that was commanded, even while no sound comes."""
        while True:
            await self._commanded.wait()
            self._commanded.clear()
            if self._failure:
                raise self._failure

    def _take(self, chunk: Chunk) -> None:
        if self._decoder is None:
            self._decoder = CodedDecoder(chunk.start)
        known = chunk.start + len(chunk.pcm) // 2
        for coded in self._decoder.push(chunk.pcm):
            self._hear(coded)
            if self._stopped:
                return
        onset = self._decoder.onset
        if onset is not None:
            self._open(onset)
        elif not self._words or known - self._words[-1].end >= self._script.pause * RATE:
            self._settle()
        self._taken += len(chunk.pcm) // 2
        self._obey_script()

    def _obey_script(self) -> None:
        if self._script.times and self._number > self._script.times:
            return
        for name in ("error", "mute", "die"):
            after = getattr(self._script, f"{name}_after")
            if 0 < after * RATE <= self._taken:
                self.obey(name)

    def _open(self, start: int) -> None:
        """Say at once that something is being listened to: nothing from here on is settled yet."""
        if self._start is None:
            self._line += 1
            self._start = start
            self._say(Heard(str(self._line), "", False, start, start))

    def _hear(self, coded: Coded) -> None:
        if coded.number is not None and coded.number >= NUMBERS:
            self._settle(coded.end)
            command = COMMAND_OF.get(coded.number, "")
            if command and self._engine.first_time(self.request.session, coded.start, command):
                self.obey(command)
            return
        self._open(coded.start)
        wrong = [round(self._random.uniform(-1, 1) * self._script.jitter * RATE) for _ in range(2)]
        start = max(0, coded.start + wrong[0])
        self._words.append(
            Word(
                text=FRAGMENT if coded.number is None else f"w{coded.number}",
                start=start,
                end=max(start + 1, coded.end + wrong[1]),
                confidence=0.3 if coded.number is None else 0.95,
            )
        )
        if len(self._words) >= self._script.words_per_final:
            self._settle()
        else:
            self._partial()

    def _partial(self) -> None:
        *known, newest = self._words
        words = [Word(word.text, word.start, word.end, word.confidence, stable=True) for word in known]
        if self._script.guess:
            newest = Word("x" + newest.text[1:], newest.start, newest.end, newest.confidence)
        self._say(self._heard((*words, newest), final=False))

    def _settle(self, end: int = 0) -> None:
        """Make a final of the open line."""
        if self._start is not None:
            self._say(self._heard(tuple(self._words), final=True, end=end))
            self._start, self._words = None, []

    def _heard(self, words: tuple[Word, ...], *, final: bool, end: int = 0) -> Heard:
        assert self._start is not None
        text = " ".join(word.text for word in words)
        last = max([self._start, end, *(word.end for word in words)])
        return Heard(str(self._line), text, final, min([self._start, *(w.start for w in words)]), last, words)

    def _finish(self) -> None:
        for coded in self._decoder.finish() if self._decoder else ():
            self._hear(coded)
        self._settle()

    def _say(self, heard: Heard) -> None:
        if self._muted:
            return
        if self._script.lag > 0:
            self._late.put_nowait((asyncio.get_running_loop().time() + self._script.lag, heard))
        else:
            self._report(heard)

    async def _tell_late(self) -> None:
        while (item := await self._late.get()) is not None:
            due, heard = item
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not self._dead:
                self._report(heard)
