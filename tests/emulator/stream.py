"""One stream of the service, whatever carries it: its sound, its answers, its limits and what goes wrong in it."""

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from tests.emulator import eventstream
from tests.emulator.faults import AT_OPEN, CUTS, HOLDS, IDLE_TEXT, LENGTH_TEXT, Fault
from tests.emulator.parameters import Parameters
from tests.emulator.refusal import Refusal, bad_request
from tests.emulator.results import Results
from tests.emulator.settings import Settings

BROKEN = {
    "Transcript": {
        "Results": [
            {
                "Alternatives": [{"Items": [], "Transcript": "never-show-this"}],
                "StartTime": 0.0,
                "EndTime": 1.0,
                "IsPartial": False,
                "ResultId": "broken",
            }
        ]
    }
}
"""A final that only comes broken: whoever shows it did not look at its checksum."""


class Wire(Protocol):
    """What carries a stream's answers."""

    def send(self, data: bytes) -> None:
        """Send an encoded message, in order."""
        ...

    def finish(self) -> None:
        """End the answer in good order, after all that was sent."""
        ...

    def cut(self, kind: str) -> None:
        """Break it off as one of CUTS says."""
        ...

    def hold(self, kind: str) -> None:
        """Stop as `black-hole` or `stall` says."""
        ...


@dataclass(slots=True)
class Record:
    """What is remembered of a stream."""

    id: int
    route: str
    language: str
    session: str
    parameters: dict[str, str]
    opened: float = 0.0
    """Wall-clock time of its opening, in seconds since 1970."""
    audio_seconds: float = 0.0
    chunks: int = 0
    shortest_chunk: float = 0.0
    longest_chunk: float = 0.0
    biggest_gap: float = 0.0
    """Seconds by the clock between two chunks, or since the last one."""
    events: int = 0
    words: int = 0
    """Words in finals that were sent."""
    invented: int = 0
    """Of these, words that no sound stands behind."""
    fragments: int = 0
    signatures: int = 0
    """Chunks whose signature was checked and right (h2 only)."""
    signatures_good: bool = True
    ended: str = ""
    """Empty while it lives; `done`; `client lost: ..`; `exception: CODE`; or the fault that ended it."""
    faults: list[str] = field(default_factory=list)
    """Faults that struck it."""
    finals: list[str] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        """Return all but the text, for JSON."""
        return {name: value for name, value in asdict(self).items() if name != "finals"}


class Stream:
    """One stream; the clock is monotonic and comes as an argument."""

    def __init__(
        self, record: Record, asked: Parameters, settings: Settings, wire: Wire, faults: list[Fault], now: float
    ) -> None:
        self.record = record
        self.settings = settings
        """May be replaced while it lives; its hearing keeps what it began with."""
        self.over = False
        """True once its answer has an end."""
        self._wire = wire
        self._rate = asked.rate
        self._results = Results(settings, asked, record.id)
        self._faults = [fault for fault in faults if fault.kind not in AT_OPEN]
        self._lag = settings.lag
        self._began = self._heard = now
        self._late: deque[tuple[float, bytes | None]] = deque()
        self._muted = self._dead = False

    def audio(self, pcm: bytes, now: float) -> None:
        """Take one chunk."""
        if self._stopped:
            return
        seconds = len(pcm) / 2 / self._rate
        if len(pcm) % 2:
            self.refuse(bad_request("The audio chunk does not hold whole samples."), now)
            return
        if seconds > self.settings.chunk:
            self.refuse(bad_request("The audio chunk is longer than the service allows."), now)
            return
        record = self.record
        record.biggest_gap = max(record.biggest_gap, now - self._heard)
        record.shortest_chunk = min(record.shortest_chunk, seconds) if record.chunks else seconds
        record.longest_chunk = max(record.longest_chunk, seconds)
        record.chunks += 1
        record.audio_seconds += seconds
        self._heard = now
        if self.settings.ahead and record.audio_seconds > now - self._began + self.settings.ahead:
            self.refuse(bad_request("The audio comes faster than real time."), now)
            return
        self._say(self._results.push(pcm), now)
        self.tick(now)

    def client_ended(self, now: float) -> None:
        """Take the end of the sound."""
        if self._stopped or any(data is None for _, data in self._late):
            return
        self._say(self._results.finish(), now)
        self.record.ended = self.record.ended or "done"
        self._later(None, now)

    def client_lost(self, why: str) -> None:
        """Take it that there is nobody to answer any more."""
        if not self._stopped:
            self.record.ended = self.record.ended or f"client lost: {why}"
        self.over = True

    def refuse(self, refusal: Refusal, now: float) -> None:
        """End it with an exception, in front of which nothing is held back."""
        self._end_with(eventstream.exception(refusal.code, refusal.message), f"exception: {refusal.code}", now)

    def add(self, fault: Fault) -> None:
        """Let one more fault befall it."""
        self._faults.append(fault)

    def tick(self, now: float) -> None:
        """Do what is due by the clock."""
        if self.over:
            return
        if not self._dead:
            self.record.biggest_gap = max(self.record.biggest_gap, now - self._heard)
        for fault in [fault for fault in self._faults if fault.after <= self.record.audio_seconds]:
            self._faults.remove(fault)
            self._strike(fault, now)
        if not self._stopped and not self.record.ended:
            if max(now - self._began, self.record.audio_seconds) >= self.settings.length:
                self.refuse(Refusal(429, "LimitExceededException", LENGTH_TEXT), now)
            elif now - self._heard >= self.settings.idle:
                self.refuse(bad_request(IDLE_TEXT.format(self.settings.idle)), now)
        while not self._stopped and self._late and self._late[0][0] <= now:
            self._put(self._late.popleft()[1])

    @property
    def _stopped(self) -> bool:
        return self.over or self._dead

    def _strike(self, fault: Fault, now: float) -> None:
        # Out of a black hole only the end of the connection leads.
        if self.over or (self._dead and fault.kind not in CUTS):
            return
        self.record.faults.append(fault.kind)
        kind = fault.kind
        if kind == "lag":
            self._lag = fault.seconds
        elif kind == "exception":
            self._end_with(eventstream.exception(fault.code, fault.message), f"exception: {fault.code}", now)
        elif kind == "error":
            self._end_with(eventstream.error(fault.code, fault.message), f"error: {fault.code}", now)
        elif kind == "half":
            message = eventstream.event("TranscriptEvent", BROKEN)
            self._end_with(message[: len(message) // 2], kind, now)
        elif kind == "checksum":
            headers = eventstream.decode(eventstream.event("TranscriptEvent", BROKEN))
            self._wire.send(eventstream.encode(headers.headers, headers.payload, spoiled=True))
        elif kind == "mute":
            self._muted = True
        elif kind in HOLDS:
            self._dead = kind == "black-hole"
            self._wire.hold(kind)
        elif kind in CUTS:
            self.record.ended = kind
            self.over = True
            self._wire.cut(kind)

    def _end_with(self, data: bytes, why: str, now: float) -> None:
        if self._stopped:
            return
        self._late.clear()
        self._muted = False
        self.record.ended = why
        self._put(data)
        self._put(None)

    def _say(self, events: list[dict[str, Any]], now: float) -> None:
        self.record.fragments = self._results.fragments
        for words in () if self._muted else self._results.finals:
            self.record.finals.append(" ".join(word.text for word in words))
            self.record.words += len(words)
            self.record.invented += sum(word.invented for word in words)
        self._results.finals.clear()
        if not self._muted:
            for event in events:
                self._later(eventstream.event("TranscriptEvent", event), now)

    def _later(self, data: bytes | None, now: float) -> None:
        if self._lag <= 0 and not self._late:
            self._put(data)
        else:
            self._late.append((now + self._lag, data))

    def _put(self, data: bytes | None) -> None:
        if data is None:
            self.over = True
            self._wire.finish()
        else:
            self.record.events += 1
            self._wire.send(data)
