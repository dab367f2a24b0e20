"""How every room is, as data: for `/api/rooms`, the operator's table and whatever comes later."""

from dataclasses import asdict, dataclass

from rtt.core.caption import RATE
from rtt.server.hub import Hub
from rtt.server.live_room import LiveRoom


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """One room at one moment; durations in seconds."""

    room: str
    live: bool
    language: str
    engine: str
    session: str
    epoch: str
    number: int
    received: float
    """Sound of the session that is in the server."""
    lag: float
    """Sound that waits for the engine."""
    settled: float
    captions: int
    withheld: int
    """Words the guard did not show."""
    reasons: dict[str, int]
    gaps: float
    unheard: float
    """Voice that gave no text."""
    screens: int
    age_at_glass: float | None
    last_text: str
    last_age: float | None
    """Since the last final was made."""
    minutes_paid: float
    """Sound of the room that was paid for since the server started."""
    usd: float
    alarm: str
    """What the operator must know now, as one sentence; empty when all is well."""


def rooms(hub: Hub) -> list[RoomStatus]:
    """Return the state of every room, by name."""
    return [_room(hub, hub.rooms[name]) for name in sorted(hub.rooms)]


def as_json(hub: Hub) -> dict[str, object]:
    """Return what `/api/rooms` answers."""
    traits = hub.engine.traits
    engine = {"name": traits.name, "invents": traits.invents, "private": traits.private, "languages": traits.languages}
    return {"rooms": [asdict(room) for room in rooms(hub)], "engine": engine, "guard": hub.config.guard}


def _room(hub: Hub, room: LiveRoom) -> RoomStatus:
    captions, session = room.captions, room.holder
    base = {
        "room": room.name,
        "epoch": captions.epoch,
        "number": captions.number,
        "language": session.identity.language if session is not None else captions.state.language,
        "live": session is not None and session.live,
        "screens": len(captions.screens),
        "age_at_glass": room.age_at_glass,
        "engine": hub.engine.traits.name,
    }
    last = captions.last
    text, age = (last.text, max(0.0, hub.now() - last.at)) if last is not None else ("", None)
    spent = hub.engine.spent(room.name)
    base |= {"last_text": text, "last_age": age, "minutes_paid": spent.seconds / 60, "usd": spent.usd}
    if session is None:
        nothing = {"received": 0.0, "lag": 0.0, "settled": 0.0, "gaps": 0.0, "unheard": 0.0}
        empty = {"session": "", "captions": 0, "withheld": 0, "reasons": {}}
        return RoomStatus(**base, **nothing, **empty, alarm=room.archive.fault)  # type: ignore[arg-type]
    ledger, counts = session.ledger, session.captioner.counts
    over = session.over.is_set()
    account = {
        "session": session.identity.session,
        "received": ledger.received / RATE,
        "lag": session.lag,
        "settled": ledger.settled / RATE,
        "gaps": sum(gap.end - gap.start for gap in ledger.gaps) / RATE,
        "unheard": sum(span.end - span.start for span in ledger.unheard) / RATE,
        "captions": counts.finals,
        "withheld": sum(counts.withheld.values()),
        "reasons": dict(counts.withheld),
    }
    alarm = room.archive.fault or ("" if over else session.alarm())
    return RoomStatus(**base, **account, alarm=alarm)  # type: ignore[arg-type]
