"""From what an engine reports to captions: guard, number, keep, show; runs within the report, never waits."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rtt.core.align import Rehearing
from rtt.core.caption import Caption, Heard, Word
from rtt.core.guard import Guard, Reason, cut_edges
from rtt.core.ledger import Ledger
from rtt.core.stable import Stabiliser
from rtt.core.wire.bounds import ORDER_SECONDS, WORDS_MAX


@dataclass(frozen=True, slots=True)
class Identity:
    """What every caption of a session carries."""

    room: str
    session: str
    language: str
    engine: str


@dataclass(slots=True)
class Counts:
    """What happened to the words of a session, for the operator."""

    finals: int = 0
    words: int = 0
    withheld: dict[str, int] = field(default_factory=dict)
    """Words by the reason for which they were withheld."""
    late: int = 0
    """Reports of engine streams that were lost before; dropped (SESSIONS 13)."""
    overfull: int = 0
    """Reports beyond the bounds of results and words; dropped."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A final that may have to wait for an earlier line; it came at `came`, by the monotonic clock."""

    heard: Heard
    shown: Heard | None
    came: float


class Captioner:
    """Takes the reports of one session's engine streams.

    `append` numbers and writes a final and says the how manieth it was, `publish` shows a caption, `position` tells
    the last number of the room and its epoch, `at` the wall-clock time of a sample, `clock` the monotonic time.
    """

    def __init__(
        self,
        identity: Identity,
        ledger: Ledger,
        guard: Guard,
        *,
        append: Callable[[Caption, tuple[Word, ...], int, int], tuple[Caption, int]],
        publish: Callable[[Caption], None],
        position: Callable[[], tuple[str, int]],
        at: Callable[[int], float],
        clock: Callable[[], float],
    ) -> None:
        self.counts = Counts()
        self.last_text = ""
        self.words: deque[Word] = deque(maxlen=WORDS_MAX)
        """The newest words of finals, to tell what is heard again."""
        self._identity, self._ledger, self._guard = identity, ledger, guard
        self._append, self._publish, self._position, self._at, self._clock = append, publish, position, at, clock
        self._stabiliser = Stabiliser()
        self._generation = -1
        self._rehearing: Rehearing | None = None
        self._cuts: list[tuple[int, int]] = []
        self._shown: set[str] = set()
        self._waiting: list[_Waiting] = []
        self._overtaken: set[str] = set()

    @property
    def suspect(self) -> bool:
        """True after a final was withheld as doubtful, until one passes."""
        return self._guard.suspect

    def begin_stream(self, generation: int, rehearing: Rehearing | None) -> None:
        """Expect the reports of a new stream; those of older ones count no more."""
        self.number_waiting(everything=True)
        self._overtaken.clear()
        self._generation, self._rehearing = generation, rehearing
        self._ledger.abandon()
        for line in list(self._shown):
            self._withdraw(line)

    def lose_stream(self) -> None:
        """Note that the stream is lost: what it says later does not count, what waits is heard again (SESSIONS 13)."""
        self._waiting.clear()
        self._generation = -1

    def cut(self, start: int, end: int) -> None:
        """Note that sound ends at `start` and goes on at `end`, perhaps in the middle of a word."""
        self._cuts = [*self._cuts[-99:], (start, end)]

    def take(self, generation: int, heard: Heard) -> None:
        """Take one report of stream `generation`."""
        if generation != self._generation:
            self.counts.late += 1
            return
        heard = replace(heard, line=f"{self._identity.session[:8]}-{generation}-{heard.line}")
        if len(heard.words) > WORDS_MAX or not (heard.final or self._ledger.open(heard.line, heard.start)):
            self.counts.overfull += 1
            if heard.final:
                self._ledger.close(heard.line, heard.end)
            return
        verdict = self._guard.judge(heard)
        if heard.final:
            self._count_withheld(verdict.withheld, verdict.reason)
            self._waiting.append(_Waiting(heard, verdict.shown, self._clock()))
            self.number_waiting()
        else:
            self._partial(heard, verdict.shown)

    def number_waiting(self, *, everything: bool = False) -> None:
        """Let the finals that need not wait any more pass, in order of their first words (SESSIONS 16)."""
        while self._waiting:
            first = min(self._waiting, key=lambda one: one.heard.start)
            lines = {one.heard.line for one in self._waiting} | self._overtaken
            earlier = self._ledger.open_before(first.heard.start) - lines
            if earlier and not everything and self._clock() - first.came < ORDER_SECONDS:
                return
            self._overtaken |= earlier  # a line without an end is waited for once, not by every final
            self._waiting.remove(first)
            self._final(first.heard, first.shown)

    def _count_withheld(self, words: int, reason: Reason | None) -> None:
        if words and reason:
            self.counts.withheld[reason] = self.counts.withheld.get(reason, 0) + words

    def _final(self, heard: Heard, shown: Heard | None) -> None:
        shown = self._fresh(shown)
        self._ledger.close(heard.line, self._judged_to(heard))
        if shown is None or not shown.text:
            self._withdraw(heard.line)
            return
        rest = self._stabiliser.final(heard)
        epoch, number = self._position()
        draft = self._caption(shown, epoch, number)
        numbered, order = self._append(draft, shown.words, self._generation, self._ledger.watermark)
        self._ledger.write(order, shown.start)
        self._shown.discard(heard.line)
        self.words.extend(shown.words)
        self.counts.finals += 1
        self.counts.words += len(shown.text.split())
        self.last_text = shown.text
        self._publish(replace(numbered, rest=rest))

    def _judged_to(self, heard: Heard) -> int:
        """Return where the verdict of a final ends: words not taken at a cut are the next stream's (SESSIONS 15)."""
        cuts = [(start, end) for start, end in self._cuts if start == end]
        taken = set(cut_edges(heard.words, cuts, self._guard.voice)) if cuts else set(heard.words)
        return min([heard.end, *(word.start for word in heard.words if word not in taken)])

    def _fresh(self, heard: Heard | None) -> Heard | None:
        """Return what of a guarded final is neither maimed by a cut nor shown before."""
        if heard is None or not heard.words:
            return heard
        words = cut_edges(heard.words, self._cuts, self._guard.voice) if self._cuts else heard.words
        if self._rehearing is not None:  # maimed words would stand in the place of archived ones
            words = self._rehearing.new_words(words)
        if not words:
            return None
        kept = heard.keeping(words)
        return kept if kept is heard else replace(kept, start=words[0].start)

    def _partial(self, heard: Heard, shown: Heard | None) -> None:
        if shown is not None and self._cuts and shown.words:
            shown = shown.keeping(cut_edges(shown.words, self._cuts, self._guard.voice))
        if shown is not None and self._rehearing is not None and shown.words:
            shown = shown.keeping(tuple(word for word in shown.words if self._rehearing.may_be_new(word)))
        if shown is None or not shown.text:
            self._withdraw(heard.line)
            return
        stable = self._stabiliser.partial(shown)
        epoch, number = self._position()
        self._shown.add(heard.line)
        self._publish(replace(self._caption(shown, epoch, number), final=False, stable=stable))

    def _withdraw(self, line: str) -> None:
        """Take back the text that stands unsettled in a line (SESSIONS 26)."""
        self._stabiliser.withdraw(line)
        if line not in self._shown:
            return
        self._shown.discard(line)
        epoch, number = self._position()
        nothing = Heard(line, "", final=False, start=self._ledger.heard, end=self._ledger.heard)
        self._publish(replace(self._caption(nothing, epoch, number), final=False))

    def _caption(self, heard: Heard, epoch: str, number: int) -> Caption:
        who = self._identity
        return Caption(
            room=who.room,
            session=who.session,
            epoch=epoch,
            number=number,
            line=heard.line,
            text=heard.text,
            final=True,
            language=who.language,
            engine=who.engine,
            start=heard.start,
            end=heard.end,
            at=self._at(heard.start),
        )
