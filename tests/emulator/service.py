"""The service as a whole: who may open a stream, which streams there are, and what became of them."""

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulator.faults import AT_OPEN, Fault, Faults
from tests.emulator.parameters import Parameters, check
from tests.emulator.refusal import Refusal
from tests.emulator.settings import Settings
from tests.emulator.sigv4 import Account, Keys, Signer
from tests.emulator.stream import Record, Stream, Wire

KEPT = 2000
"""Streams and refusals that are remembered."""

log = logging.getLogger("emulator")


@dataclass(frozen=True, slots=True)
class Opened:
    """A request that was found good."""

    signer: Signer
    asked: Parameters
    answer: Mapping[str, str]
    """Headers of the answer that both routes give, names without prefix."""
    late: Refusal | None
    """An exception to send first of all."""


class Service:
    """Holds all that the routes and the control port share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.streams: dict[int, Stream] = {}
        """Those whose answer has no end yet."""
        self.records: deque[Record] = deque(maxlen=KEPT)
        self.refusals: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._next = 1
        self.requests = 0
        """Requests that came, refused ones too."""

    @property
    def account(self) -> Account:
        """What signatures are held against now."""
        known = {}
        for line in self.settings.keys:
            access, _, rest = line.partition("/")
            secret, _, token = rest.partition("/")
            known[access] = Keys(secret, token, expired=access in self.settings.expired)
        return Account(known, self.settings.region, time.time() + self.settings.clock)

    def arriving(self, route: str) -> tuple[list[Fault], list[Fault]]:
        """Return what befalls the request that came: at its opening, and in its stream."""
        self.requests += 1
        faults = self.faults.take(route)
        opening = [fault for fault in faults if fault.kind in AT_OPEN]
        return opening, [fault for fault in faults if fault not in opening]

    def open(
        self, route: str, faults: list[Fault], prove: Callable[[Account], Signer], given: Mapping[str, str]
    ) -> Opened:
        """Decide on a request; raises `Refusal`, which it remembers."""
        try:
            for fault in faults:
                if fault.kind == "refuse":
                    raise Refusal(fault.status, fault.code, fault.message)
            signer = prove(self.account)
            asked = check(given, self.settings)
            late = None
            if sum(stream.record.route == route for stream in self.streams.values()) >= self.settings.streams:
                late = Refusal(429, "LimitExceededException", "You have reached your limit of concurrent streams.")
                if self.settings.limit_as == "response":
                    raise late
        except Refusal as refusal:
            self.refusals.append({"route": route, "status": refusal.status, "code": refusal.code})
            log.info("%s refused: %s", route, refusal)
            raise
        session = asked.session or str(uuid.uuid4())
        answer = {**asked.given, "session-id": session}
        return Opened(signer, asked, answer, late)

    def begin(self, route: str, opened: Opened, wire: Wire, faults: list[Fault]) -> Stream:
        """Begin the stream of a request that was found good."""
        now = time.monotonic()
        asked = opened.asked
        for other in self.streams.values():
            if asked.session and other.record.session == asked.session:
                other.refuse(Refusal(409, "ConflictException", "A new stream started with the same session ID."), now)
        number = self._next
        self._next += 1
        record = Record(number, route, asked.language, opened.answer["session-id"], dict(asked.given), time.time())
        self.records.append(record)
        stream = Stream(record, asked, self.settings, wire, faults, now)
        self.streams[number] = stream
        if opened.late:
            stream.refuse(opened.late, now)
        return stream

    def tick(self) -> None:
        """Do what is due by the clock, in every stream."""
        now = time.monotonic()
        for number, stream in list(self.streams.items()):
            stream.tick(now)
            if stream.over:
                del self.streams[number]

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change settings, of live streams too as far as they can; raises ValueError."""
        self.settings = self.settings.with_changes(changes)
        for stream in self.streams.values():
            stream.settings = self.settings
            if "lag" in changes:
                stream.add(Fault("lag", seconds=self.settings.lag))

    def inject(self, when: str, fault: Fault, count: int, stream: int) -> int:
        """Let a fault befall streams; returns how many are struck now. Raises ValueError."""
        if when == "sticky":
            self.faults.sticky.append(fault)
        elif when == "next":
            self.faults.next.extend([fault] * count)
        elif when == "now":
            if fault.kind in AT_OPEN:
                raise ValueError(f"{fault.kind} befalls a request, not a stream: it cannot be had now")
            struck = [
                one
                for one in self.streams.values()
                if stream in (0, one.record.id) and fault.route in ("", one.record.route)
            ]
            for one in struck:
                one.add(fault)
                one.tick(time.monotonic())
            return len(struck)
        else:
            raise ValueError("when must be next, sticky or now")
        return 0

    def forget(self) -> None:
        """Break off what is live, and forget all of it."""
        for stream in self.streams.values():
            stream.add(Fault("rst"))
        self.tick()
        self.requests = 0
        self.refusals.clear()
        self.records.clear()

    def state(self) -> dict[str, Any]:
        """Return all that is known, for JSON."""
        self.tick()
        return {
            "requests": self.requests,
            "live": len(self.streams),
            "streams": [{**record.public(), "live": record.id in self.streams} for record in self.records],
            "refusals": list(self.refusals),
            "settings": self.settings.public(),
        }
