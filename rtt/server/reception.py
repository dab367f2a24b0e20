"""How a session begins: which room, which language, and where its sound goes on."""

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from rtt.core.caption import RATE, Caption, Word
from rtt.core.clock import Anchors
from rtt.core.errors import LinkError
from rtt.core.guard import Guard, Rules
from rtt.core.journal import Final, Head, Line, Note
from rtt.core.ledger import Ledger, Span
from rtt.core.voice import VoiceTimeline
from rtt.core.wire.bounds import DRAINING_MAX, END_SECONDS, OVERLAP_SECONDS, WORDS_MAX
from rtt.core.wire.codes import Close
from rtt.engines.base import Request
from rtt.server.captioner import Captioner, Identity
from rtt.server.hearing import Hearing
from rtt.server.hub import Hub
from rtt.server.languages import choose
from rtt.server.live_room import LiveRoom
from rtt.server.session import Session, Start
from rtt.server.silero import Silero
from rtt.server.voice import Ear, Loudness


@dataclass(frozen=True, slots=True)
class Wish:
    """What a capture asks for: its session, what it holds of it, and how it came."""

    session: str
    first: int
    next: int
    language: str
    peer: str
    """Address it comes from."""
    at: float = 0.0
    """Wall-clock time of sample `next`; 0 where the capture does not say."""
    plain: bool = False
    late: bool = False
    """True for sound of an earlier talk: it does not hold the room, and goes to the archive only (SESSIONS 24)."""
    takeover: bool = False
    """True where whoever is live in the room is to be ended for it (SESSIONS 7)."""


def plain_wish(language: str, peer: str) -> Wish:
    """Return the wish of a simple client, which names no session."""
    return Wish(str(uuid4()), 0, 0, language, peer, plain=True)


async def receive(hub: Hub, name: str, wish: Wish) -> Session:
    """Return the session a capture asks for: the one that lives, or a new one in the room `name`.

    Raises `LinkError` with the close code the capture is to see.
    """
    if hub.draining:
        raise LinkError("The server is stopping", code=Close.RESTART)
    known = hub.sessions.get(wish.session)
    if known is not None and not _needs_another(known, wish):
        if known.identity.room != name:
            raise LinkError("The session belongs to another room", code=Close.MALFORMED)
        return known
    config, traits = hub.config, hub.engine.traits
    wishes = (wish.language, config.room_languages.get(name, ""), config.language)
    language = choose(traits.languages, traits.name, *wishes)
    room = await hub.room(name)
    async with room.opening:
        if len(room.settling) > DRAINING_MAX:
            why = "too many talks of this room are still being settled"
            raise LinkError(f"The room {room.name} is busy", why, code=Close.CROWDED)
        talk = "" if wish.late else await _clear(hub, room, wish)
        await hub.claim(room)
        lines = await asyncio.to_thread(room.archive.find, wish.session)
        session = _begin(hub, room, wish, language, talk, lines)
        hub.start(room, session, late=wish.late)
        return session


def _needs_another(known: Session, wish: Wish) -> bool:
    """Tell whether a session that is over has to begin again: more was captured, or some of it is not settled."""
    if known.ended is None:
        return known.over.is_set() and wish.next > known.ledger.received
    return wish.next > (known.ended.settled if wish.late else known.ledger.received)


async def _clear(hub: Hub, room: LiveRoom, wish: Wish) -> str:
    """Make the room free for a new session, or refuse it; return the talk it goes on with, if it does."""
    holder = room.held_against(wish.session, hub.clock())
    same = holder is not None and holder.plain and wish.plain and holder.peer == wish.peer
    if holder is not None and not same and not wish.takeover:
        raise LinkError(f"The room {room.name} is taken", _who(holder, hub.clock()), code=Close.ROOM_TAKEN)
    before = room.holder
    if before is not None and not before.over.is_set():
        if same and before.link is not None:
            before.link.close(Close.CONTINUED_ELSEWHERE, "")
        elif before is holder:
            hub.tell(room.name, f"The capture at {wish.peer} takes the room over from the one at {holder.peer}.")
            before.hand_over(f"another capture, at {wish.peer}, took the room over")
        before.finish()
        try:
            async with asyncio.timeout(END_SECONDS):  # its last words come before the new session's first
                await before.over.wait()
        except TimeoutError:
            hub.tell(room.name, "The talk before could not be settled in time; what comes of it is archived only.")
    again = before is not None and before.plain and wish.plain and before.peer == wish.peer
    return before.talk if before is not None and again else ""


def _who(holder: Session, now: float) -> str:
    """Return who is live in a room and since when, as a part of a sentence."""
    minutes = round((now - holder.began_at) / 60)
    since = f"for {minutes} minute{'s' if minutes > 1 else ''}" if minutes else "for less than a minute"
    return f"a capture at {holder.peer or 'an unknown address'} is live in it {since}"


def _begin(hub: Hub, room: LiveRoom, wish: Wish, language: str, talk: str, lines: list[Line]) -> Session:
    traits, config = hub.engine.traits, hub.config
    finals = [line for line in lines if isinstance(line, Final)]
    heads = [line for line in lines if isinstance(line, Head)]
    watermark = max((final.watermark for final in finals), default=wish.first)
    first = max(wish.first, watermark - OVERLAP_SECONDS * RATE) if finals else wish.first
    if heads:
        talk, language = heads[0].talk, heads[0].language
    talk = talk or wish.session
    identity = Identity(room.name, wish.session, language, traits.name)
    ledger = Ledger(first, watermark)
    rules = Rules(
        word_times=traits.word_times,
        time_error=round(traits.time_error * RATE),
        confidence_floor=traits.confidence_floor,
        invents=traits.invents,
    )
    anchors = Anchors(wish.next, wish.at or hub.now())
    guard = Guard(rules, None)

    def append(draft: Caption, words: tuple[Word, ...], stream: int, mark: int) -> tuple[Caption, int]:
        return room.archive.append(draft, words, stream, mark), room.archive.appended

    captioner = Captioner(
        identity,
        ledger,
        guard,
        append=append,
        publish=hub.broker.publish,
        position=lambda: (room.archive.epoch, room.archive.number),
        at=anchors.at,
        clock=hub.clock,
    )
    tell = partial(hub.tell, room.name)

    def new_hearing(session: Session) -> Hearing:
        ear, voice = None, None
        if config.guard:
            ear = Ear(Loudness if traits.tones else Silero)
            voice = guard.voice = VoiceTimeline(start=ledger.received)
        request = Request(room.name, wish.session, language)
        return Hearing(
            hub.engine,
            request,
            ledger,
            captioner,
            ear=ear,
            voice=voice,
            random=random.random,
            tell=session.notify,
        )

    noted = {(line.span.start, line.span.end) for line in lines if isinstance(line, Note) and line.span}

    def note_gap(gap: Span) -> None:
        if any(start <= gap.start and gap.end <= end for start, end in noted):  # announced again, perhaps in part
            return
        noted.add((gap.start, gap.end))
        room.archive.note("gap", wish.session, gap)
        tell(f"{(gap.end - gap.start) / RATE:.1f} s of sound are missing: {gap.why or 'the capture does not say why'}.")

    # By the time it began a talk is the room's last one, or not: late sound is of an earlier one.
    said_at = anchors.at(wish.first) if wish.late else None
    room.archive.begin(room.name, wish.session, talk, language, said_at)
    archived = tuple(word for final in finals for word in final.words)[-WORDS_MAX:]
    return Session(
        Start(identity, talk, wish.plain, ledger, anchors, archived),
        captioner,
        new_hearing=new_hearing,
        flush=room.archive.sync,
        note_gap=note_gap,
        clock=hub.clock,
        tell=tell,
    )
