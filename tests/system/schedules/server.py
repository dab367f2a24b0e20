"""One life of a server: it takes connections, lets sessions live, and keeps the room and its archive.

Stands for `Hub` (`room`, `_remember`, `claim`, `start`, `_live`, `_drain`), for `reception.receive` and `_begin`, and
for the audio socket's handler.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from rtt.core.caption import RATE, Caption, Word
from rtt.core.clock import Anchors
from rtt.core.errors import LinkError
from rtt.core.guard import Guard
from rtt.core.guard import Rules as GuardRules
from rtt.core.journal import Final, Head, Note
from rtt.core.ledger import Ledger, Span
from rtt.core.room import Room
from rtt.core.voice import VoiceTimeline
from rtt.core.wire.audio import Gap, Hello, Ready
from rtt.core.wire.bounds import HISTORY_MAX, OVERLAP_SECONDS, WINDOW_SECONDS, WORDS_MAX
from rtt.core.wire.codes import Close
from rtt.engines.base import Request
from rtt.server.captioner import Captioner, Identity
from rtt.server.session import Session, Start
from tests.system.schedules.archive import Disk, Journal
from tests.system.schedules.engine import Ability, Stream, TrueEar, engine
from tests.system.schedules.hearing import SteppedHearing, SteppedSession
from tests.system.schedules.link import Audio, EndOfTalk, Link
from tests.system.schedules.rules import BluntCaptioner, CarelessLedger, HastyLedger, ImpatientCaptioner, Rules
from tests.system.schedules.talk import Talk

ROOM = "r"


@dataclass(frozen=True, slots=True)
class Setting:
    """What every server of a schedule has in common. `published` gets every final with its words."""

    talk: Talk
    rules: Rules
    ability: Ability
    rng: random.Random
    disk: Disk
    clock: Callable[[], float]
    published: Callable[[Caption, tuple[Word, ...]], None]


class Server:
    """A server from its start to its end."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.journal = Journal(setting.disk, setting.clock, epochs=setting.rules.epochs)
        self.sessions: dict[str, SteppedSession] = {}
        self.links: dict[Link, SteppedSession] = {}
        self.engine = engine(setting.ability)
        self.takes_sound_from = self.syncs_from = 0.0
        """Until when the engine takes no sound, and the disk keeps nothing."""
        self.lag, self.lag_until = 0.0, 0.0
        self.draining = False
        self.streams: list[Stream] = []
        self._synced_at = 0.0
        found = self.journal.found
        self.room = Room(ROOM, self.journal.epoch, self.journal.number)
        captions = [final.caption for final in found.finals[-HISTORY_MAX:]]
        self.room.remember(captions, found.talks)
        if captions:
            self.room.talk = found.talks.get(captions[-1].session, "")
            self.room.talk_ended = found.ended.get(captions[-1].session)

    def step(self, seconds: float) -> None:
        """Live on for `seconds`."""
        now = self.setting.clock()
        for link, session in list(self.links.items()):
            self._read(link, session, now)
        for session in self.sessions.values():
            if session.over.is_set():
                continue
            session.step(now, seconds, takes_sound=now >= self.takes_sound_from)
            if session.over.is_set() and session.code is not Close.RESTART:
                self.journal.note("ended", session.identity.session)
                self.room.end_talk(now)
        late = self.lag if now < self.lag_until else 0.0
        for stream in self.streams[-1:]:
            stream.lag = late
        if now - self._synced_at >= 0.5 and now >= self.syncs_from:
            self._synced_at = now
            self._sync()

    def _sync(self) -> None:
        appended = self.journal.sync()
        for session in self.sessions.values():
            session.ledger.synced(appended)

    def drain(self) -> None:
        """Begin to stop (SIGTERM)."""
        self.draining = True
        for session in self.sessions.values():
            if not session.over.is_set():
                session.drain(10)

    @property
    def drained(self) -> bool:
        """True when all that was received is settled."""
        return all(session.over.is_set() for session in self.sessions.values())

    def stop(self) -> None:
        """End cleanly."""
        for session in self.sessions.values():
            session.stop()
        self.journal.note("stop", "")
        self._sync()

    # Connections --------------------------------------------------------------------------------------------------

    def accept(self, link: Link, hello: Hello) -> None:
        """Welcome a capture, or close its connection with the reason."""
        try:
            session = self._receive(hello)
            if hello.attempt <= session.attempt:
                raise LinkError("The session goes on over another connection", code=Close.CONTINUED_ELSEWHERE)
        except LinkError as error:
            link.close(Close(error.code), "")
            return
        resume = session.attach(link, hello.attempt, "peer")
        self.links[link] = session
        link.send(Ready(hello.session, resume, "stepped", "it-IT", WINDOW_SECONDS))

    def _read(self, link: Link, session: Session, now: float) -> None:
        try:
            for message in link.arrived_up(now):
                if session.link is not link:
                    break
                match message:
                    case Audio(start=start, pcm=pcm):
                        session.receive(start, pcm)
                    case Gap(from_=start, to=end, why=why):
                        session.receive_gap(start, end, why)
                    case EndOfTalk(samples=samples):
                        session.end(samples)
        except LinkError as error:
            link.close(Close(error.code), "")
        if link.cut or link.code is not None or session.link is not link:
            del self.links[link]
            link.close(Close.DONE, "")
            session.detach(link)

    def _receive(self, hello: Hello) -> SteppedSession:
        if self.draining:
            raise LinkError("The server is stopping", code=Close.RESTART)
        known = self.sessions.get(hello.session)
        if known is not None and not (known.over.is_set() and hello.next > known.ledger.received):
            return known
        session = self._begin(hello)
        self.sessions[hello.session] = session
        self.room.begin_talk(hello.session, session.talk)
        return session

    def _begin(self, hello: Hello) -> SteppedSession:
        setting, rules = self.setting, self.setting.rules
        lines = self.journal.lines()
        finals = [line for line in lines if isinstance(line, Final)]
        talks = [line.talk for line in lines if isinstance(line, Head)]
        talk = talks[0] if talks else hello.session
        watermark = max((final.watermark for final in finals), default=hello.first)
        first = max(hello.first, watermark - OVERLAP_SECONDS * RATE) if finals else hello.first
        if not rules.watermark and finals:
            first = max(hello.first, min(hello.next, max(final.caption.end for final in finals)))
        make_ledger = Ledger if rules.verdicts and rules.synced else CarelessLedger if rules.verdicts else HastyLedger
        ledger = make_ledger(first, watermark)
        traits = self.engine.traits
        guard = Guard(GuardRules(time_error=round(traits.time_error * RATE)), None)
        anchors = Anchors(hello.next, setting.clock())

        def append(draft: Caption, words: tuple[Word, ...], stream: int, mark: int) -> tuple[Caption, int]:
            caption = self.journal.append(draft, words, stream, mark)
            setting.published(caption, words)
            return caption, self.journal.appended

        make_captioner = Captioner
        if not rules.edges:
            make_captioner = BluntCaptioner
        if not rules.order:
            make_captioner = ImpatientCaptioner
        identity = Identity(ROOM, hello.session, "it-IT", traits.name)
        captioner = make_captioner(
            identity,
            ledger,
            guard,
            append=append,
            publish=lambda caption: self.room.publish(caption, setting.clock()),
            clock=setting.clock,
            position=lambda: (self.journal.epoch, self.journal.number),
            at=anchors.at,
        )

        def new_hearing(session: Session) -> SteppedHearing:
            voice = guard.voice = VoiceTimeline(start=ledger.received)
            hearing = SteppedHearing(
                self.engine,
                Request(ROOM, hello.session, "it-IT"),
                ledger,
                captioner,
                ear=TrueEar(),
                voice=voice,
                random=setting.rng.random,
                tell=session.notify,
            )
            hearing.play(rules, setting.rng, self._new_stream, traits.pace)
            return hearing

        noted = {(line.span.start, line.span.end) for line in lines if isinstance(line, Note) and line.span}

        def note_gap(gap: Span) -> None:
            if (gap.start, gap.end) not in noted:
                noted.add((gap.start, gap.end))
                self.journal.note("gap", hello.session, gap)

        self.journal.begin(ROOM, hello.session, talk, "it-IT")
        archived = tuple(word for final in finals for word in final.words)[-WORDS_MAX:]
        return SteppedSession(
            Start(identity, talk, False, ledger, anchors, archived),
            captioner,
            new_hearing=new_hearing,
            flush=_nothing,
            note_gap=note_gap,
            clock=setting.clock,
            tell=_silent,
        )

    def _new_stream(self, start: int) -> Stream:
        setting = self.setting
        again = bool(self.streams) or self.journal.number > 0
        stream = Stream(setting.talk, setting.rng, setting.ability, start, again=again)
        self.streams.append(stream)
        return stream


async def _nothing() -> None:
    """Wait for nothing: the world syncs by its own clock."""


def _silent(sentence: str) -> None:
    """Tell nobody: there is no operator."""
