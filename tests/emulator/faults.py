"""What can go wrong, and for which stream it is meant to."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulator.refusal import STATUS

IDLE_TEXT = "Your request timed out because no new audio was received for {:.0f} seconds."
LENGTH_TEXT = "Your stream reached the longest duration allowed. Start a new streaming session."

AT_OPEN = {
    "no-response": "never answers the request",
    "slow-headers": "answers it `seconds` late",
    "refuse": "refuses it with `status`, `code` and `message`",
}
CUTS = {
    "rst": "resets the TCP connection",
    "fin": "ends the TCP connection without a word",
    "goaway": "GOAWAY, then the end of the connection (WebSocket: close 1001)",
    "rst-stream": "RST_STREAM (WebSocket: close 1011)",
    "end": "ends its answer in good order, without exception (WebSocket: close 1000)",
}
HOLDS = {
    "mute": "takes sound and says nothing more",
    "black-hole": "stops reading and writing; the connection stays",
    "stall": "gives no room for more sound, answers to what it has, and complains as usual",
}
IN_STREAM = {
    "exception": "sends the exception `code` with `message`, then ends",
    "error": "sends a message of type error with `code` and `message`, then ends",
    "half": "sends half of a result, then ends",
    "checksum": "sends a result whose checksum is wrong, and goes on",
    "lag": "answers `seconds` late from now on",
    **CUTS,
    **HOLDS,
}
KINDS = {**AT_OPEN, **IN_STREAM}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    kind: str
    after: float = 0.0
    """Seconds of the stream's sound after which it strikes."""
    status: int = 0
    code: str = ""
    message: str = "The emulator was told to say this."
    seconds: float = 0.0
    route: str = ""
    """h2 or ws; empty: both."""

    @classmethod
    def parse(cls, asked: Mapping[str, Any]) -> "Fault":
        """Read a fault as the control port gets it; raises ValueError."""
        known = {
            "kind": str,
            "after": float,
            "status": int,
            "code": str,
            "message": str,
            "seconds": float,
            "route": str,
        }
        unknown = sorted(set(asked) - set(known))
        if unknown:
            raise ValueError(f"A fault has no {', '.join(unknown)}; it has {', '.join(known)}")
        fault = cls(**{"kind": "", **{name: known[name](value) for name, value in asked.items()}})
        if fault.kind not in KINDS:
            raise ValueError(f"There is no fault {fault.kind!r}; known: {', '.join(KINDS)}")
        if fault.route not in ("", "h2", "ws"):
            raise ValueError("A route is h2 or ws")
        if fault.kind == "refuse":
            code = fault.code or {status: code for code, status in STATUS.items()}.get(fault.status, "")
            status = fault.status or STATUS.get(fault.code, 0)
            if not code or not 400 <= status <= 599:
                raise ValueError("A refusal needs a code and a status from 400 to 599, or one of the model's")
            return cls(**{**asked, "code": code, "status": status})
        if fault.kind in ("exception", "error") and not fault.code:
            raise ValueError("An exception needs a code")
        return fault


class Faults:
    """What befalls the streams to come."""

    def __init__(self) -> None:
        self.sticky: list[Fault] = []
        """Befall every stream until cleared."""
        self.next: deque[Fault] = deque()
        """Each befalls one stream, in order."""

    def take(self, route: str) -> list[Fault]:
        """Return what befalls a new stream of `route`."""
        found = [fault for fault in self.sticky if fault.route in ("", route)]
        for fault in self.next:
            if fault.route in ("", route):
                self.next.remove(fault)
                return [*found, fault]
        return found

    def clear(self) -> None:
        """Forget all of them."""
        self.sticky.clear()
        self.next.clear()
