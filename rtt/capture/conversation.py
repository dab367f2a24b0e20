"""One connection of a capture: hello, ready, sound and acks, end (DESIGN 4).

It ends in one of four ways: the server's `Ended`; `Broken`, after which another connection goes on; the library's
ConnectionClosed; a `LinkError` if the server does not end the talk.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from rtt.capture.haste import Haste
from rtt.capture.session import Session, Unreadable
from rtt.capture.spool import Spool
from rtt.core.caption import RATE
from rtt.core.errors import LinkError
from rtt.core.wire.audio import (
    Ack,
    Clock,
    Drain,
    End,
    Ended,
    Gap,
    Notice,
    Ready,
    ServerMessage,
    encode,
    encode_audio,
    parse_server,
)
from rtt.core.wire.bounds import END_SECONDS, HELLO_SECONDS
from rtt.core.wire.codes import Close

TICK = 0.5
"""Seconds between two looks at whether the server still answers."""
WHY_MAX = 300
"""Characters of a gap's reason that are sent."""


class Broken(Exception):  # noqa: N818 - no fault of rtt: another connection goes on
    """This connection is of no use any more; says why."""


class LostCount(Broken):
    """The server asks for sound that this session does not hold: another session has to begin."""


@dataclass
class Feed:
    """What the source's side and the connection's side tell each other."""

    more: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be something to send."""
    room: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be room for a source that was held back."""
    over: bool = False
    """The source has ended."""
    anchor: tuple[int, float] | None = None
    """A sample and its wall-clock time, as the newest block gave them."""
    refusal: str = ""
    """Why the server refused this connection, in full: a close frame has no room for it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection is believed in, in seconds."""

    stall: float = 5.0
    """Without an ack while sound is under way."""
    ready: float = float(HELLO_SECONDS)
    """Between `hello` and `ready`."""
    end: float = END_SECONDS + 5.0
    """Between `end` and `ended` while nothing moves."""
    clock: float = 10.0
    """Between two `clock` messages."""
    steady: float = 5.0
    """Until a connection counts as one: waits begin small again, and after ones that did not hold it is told of."""
    first: float = 3.0
    """Until a source that goes on with a talk gives its first sound."""
    taken: float = 10.0
    """While a taken room is tried again (SESSIONS 7)."""


class Conversation:
    """One connection; `say` gets sentences for the operator, `wall` is the wall-clock time.

    `spool` holds sound that has left memory; `haste` decides where a late capture skips to now.
    """

    def __init__(
        self,
        socket: ClientConnection,
        session: Session,
        feed: Feed,
        *,
        language: str,
        say: Callable[[str], None],
        wall: Callable[[], float],
        patience: Patience,
        spool: Spool | None = None,
        haste: Haste | None = None,
    ) -> None:
        self._socket, self._session, self._feed = socket, session, feed
        self._language, self._say, self._wall, self._patience = language, say, wall, patience
        self._spool, self._haste = spool, haste
        self._loop = asyncio.get_running_loop()
        self._owed_since: float | None = None
        self._moved_at = self._loop.time()
        self._end_sent = False

    async def open(self) -> Ready:
        """Say hello and wait for `ready`."""
        anchor = self._feed.anchor
        at = anchor[1] if anchor and anchor[0] == self._session.ring.next else self._wall()
        hello = self._session.hello(self._language, at)
        self._feed.refusal = ""
        if self._spool is not None:  # first: a capture that is started again must not count below this
            await self._spool.sign(hello.session, hello.attempt)
        await self._socket.send(encode(hello))
        try:
            async with asyncio.timeout(self._patience.ready):
                while not isinstance(message := self._read(await self._socket.recv()), Ready):
                    self._tell(message)
        except TimeoutError as error:
            raise Broken(f"it did not answer within {self._patience.ready:.0f} s") from error
        if message.session != self._session.ident:
            raise Broken("it answered for another session")
        if not self._session.resume(message):
            raise LostCount("it asks for sound of this talk that is not held any more")
        self._feed.room.set()
        return message

    async def hold(self) -> Ended:
        """Send and listen until the server has ended the talk."""
        outcome: Ended | Exception
        async with asyncio.TaskGroup() as group:
            speaker = group.create_task(self._speak())
            try:
                outcome = await self._listen()
            except (Broken, ConnectionClosed, LinkError) as error:
                outcome = error  # raised below, where no group wraps it
            speaker.cancel()
        if isinstance(outcome, Broken | LinkError):
            # A peer that takes nothing leaves the buffers full, and a polite close would wait for room in them.
            self._socket.transport.abort()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _listen(self) -> Ended:
        while True:
            try:
                async with asyncio.timeout(TICK):
                    message = self._read(await self._socket.recv())
            except TimeoutError:
                message = None
            if isinstance(message, Ended):
                return self._checked(message)
            self._tell(message)
            self._check()

    def _read(self, frame: str | bytes) -> ServerMessage | None:
        if isinstance(frame, bytes):
            raise Broken("it sent sound, as no server of rtt does")
        try:
            return parse_server(frame)
        except LinkError as error:
            raise Broken(f"it sent something unreadable ({error.why})") from error

    def _tell(self, message: ServerMessage | None) -> None:
        match message:
            case Ack():
                try:
                    if self._session.acked(message):
                        self._moved_at = self._loop.time()
                except Unreadable as error:
                    raise Broken(f"it sent an impossible count ({error})") from error
                self._owed_since = self._loop.time() if self._session.cursor > message.received else None
                self._feed.more.set()
                self._feed.room.set()
            case Notice(code="refused", text=text):
                self._feed.refusal = text  # the close code follows, and with it the one sentence
            case Notice():
                self._say(f"Server: {message.text}")
            case Drain():
                self._say(f"The server leaves within {message.deadline} s; rtt goes on with the next one by itself.")

    def _checked(self, ended: Ended) -> Ended:
        samples = self._session.ring.next
        if not self._end_sent:
            raise Broken("it ended a talk that is not over")
        if not 0 <= ended.settled <= samples or any(not 0 <= a <= b <= samples for a, b in ended.unheard):
            raise Broken("it ended the talk with an impossible count")
        return ended

    def _check(self) -> None:
        """Notice a server that is there and does nothing."""
        now = self._loop.time()
        if self._owed_since is not None and now - self._owed_since > self._patience.stall:
            raise Broken(f"it took sound for {self._patience.stall:.0f} s without a word")
        if self._end_sent and now - self._moved_at > self._patience.end:
            left = (self._session.ring.next - self._session.settled) / RATE
            raise LinkError(
                f"The server did not finish the last {left:.1f} s of the talk",
                f"nothing moved for {self._patience.end:.0f} s",
                "Its own screen or log says why",
                code=Close.NOT_ALL_HEARD,
            )

    async def _speak(self) -> None:
        try:
            clock_at = self._loop.time() + self._patience.clock
            while True:
                self._feed.more.clear()
                await self._send_held()
                if self._loop.time() >= clock_at and self._feed.anchor:
                    sample, at = self._feed.anchor
                    await self._socket.send(encode(Clock(sample, at)))
                    clock_at = self._loop.time() + self._patience.clock
                try:
                    async with asyncio.timeout_at(clock_at):
                        await self._feed.more.wait()
                except TimeoutError:
                    # No anchor yet: look again a little later instead of turning in place.
                    clock_at = clock_at if self._feed.anchor else clock_at + self._patience.clock
        except ConnectionClosed:
            return  # the listener meets the same end and knows what to make of it

    async def _send_held(self) -> None:
        session = self._session
        if self._haste is not None and not self._feed.over and self._haste.holds(session, self._loop.time()):
            return
        for piece in session.ring.frames(session.cursor, session.heard + session.window * RATE):
            self._owed_since = self._owed_since or self._loop.time()
            session.sent = max(session.sent, piece.end)
            pcm = piece.pcm
            if piece.away and self._spool is not None:
                pcm = await self._spool.read(piece.start, piece.end)
            if piece.away and pcm is None:
                session.ring.miss(piece, "the disk it was kept on could not be read")
                self._feed.more.set()
                return
            if pcm is None:
                await self._socket.send(encode(Gap(piece.start, piece.end, piece.why[:WHY_MAX])))
            else:
                await self._socket.send(encode_audio(piece.start, pcm))
            session.cursor = piece.end
            self._feed.room.set()
        if self._feed.over and not self._end_sent and session.cursor >= session.ring.next:
            self._end_sent, self._moved_at = True, self._loop.time()
            await self._socket.send(encode(End(session.ring.next)))
