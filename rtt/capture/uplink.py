"""A capture's way to the server: connects again for ever, and loses nothing while the ring holds it (SESSIONS A).

The source's side calls `feed` and `finish`, the other side is `run`. One sentence goes to the operator at the first
failure and one at each change, never one per attempt.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import NoReturn
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from rtt.capture.address import audio_address, shown
from rtt.capture.conversation import Broken, Conversation, Feed, LostCount, Patience
from rtt.capture.haste import Haste
from rtt.capture.ring import Ring
from rtt.capture.session import Session
from rtt.capture.source import Lost
from rtt.capture.spool import Spool
from rtt.capture.target import Result as Result
from rtt.capture.target import Target as Target
from rtt.capture.trouble import why as why_of
from rtt.core.caption import RATE
from rtt.core.errors import LinkError, SetupError
from rtt.core.retry import backoff
from rtt.core.wire.audio import Ready
from rtt.core.wire.codes import Close, comes_back, sentence

AHEAD = 2 * RATE
"""Samples a source that can wait is read beyond what was sent."""
ABNORMAL = 1006
"""The code libraries give a connection that ended without any."""
NOT_RUNNING = "the capture was not running"
"""Why sound is missing between two processes of one session."""
LOG = logging.getLogger("rtt.capture.uplink")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False  # else a ping that is not answered is an error of ours on the screen: it has its own sentence
MESSAGE_MAX = 256 * 1024
"""Largest message of a server, bytes: an `ended` lists every stretch that was not heard."""


class Uplink:
    """Sends one room's sound: that of `session`, or a new one with `ring`.

    `since` is the wall-clock time at which an earlier process's session was cut off, where it goes on. `spool`
    keeps on disk what is not settled; `haste` is there where a late capture skips to now.
    `live` is true for a source that cannot wait; `wait` false leaves when the server is not there at the start.
    `say` gets sentences for the operator; `chance` returns 0 up to 1; `wall` is the wall-clock time in seconds.
    """

    def __init__(
        self,
        target: Target,
        *,
        live: bool,
        say: Callable[[str], None],
        wait: bool = True,
        ring: Ring | None = None,
        session: Session | None = None,
        since: float = 0.0,
        spool: Spool | None = None,
        haste: Haste | None = None,
        chance: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
        patience: Patience | None = None,
    ) -> None:
        self._url = audio_address(target.server, target.room, target.language)
        self._shown = shown(target.server)
        self.target, self._wait, self._say, self._chance, self._wall = target, wait, say, chance, wall
        self._patience = patience or Patience()
        self.live = live
        self.session = session or Session(str(uuid4()), ring or Ring(patient=not live))
        self._feed = Feed(anchor=(self.session.ring.next, since) if since else None)
        self._cut_off, self._spool, self._haste = 0.0 if self.session.late else since, spool, haste
        self.kept = 0
        """Samples of unsettled sound that are on disk, once the spool was put away."""
        self.gone = 0
        """Samples of unsettled sound that should be on disk and are not."""
        self.spooled = spool is not None
        """True where what is not settled is kept on disk."""
        self._said: set[str] = set()
        self._room_taken_at: float | None = None
        self._taken: float | None = None
        self._tell: asyncio.TimerHandle | None = None
        self._short = 0
        self.met = False
        """True once a server has taken the session."""
        self.connected = False
        self.state = "connecting"
        """What is going on, in a few words."""
        self.reconnects = 0

    @property
    def captured(self) -> int:
        """Samples of the session so far, gaps included."""
        return self.session.ring.next

    async def feed(self, piece: bytes | Lost) -> Lost | None:
        """Take the next piece of sound; holds a source back that can wait, and never one that is live.

        Returns what had to be dropped for it, oldest first, if the server does not take what is held already.
        """
        ring = self.session.ring
        while not self.live and (ring.full or ring.next - self.session.cursor >= AHEAD):
            self._feed.room.clear()
            await self._feed.room.wait()
        dropped = 0
        if self._cut_off:
            self._bridge(piece.samples if isinstance(piece, Lost) else len(piece) // 2)
        if isinstance(piece, Lost):
            ring.lose(piece.samples, piece.why)
        else:
            dropped = ring.push(piece)
        self._feed.anchor = (ring.next, self._wall())
        if self._spool is not None:
            self._spool.note(ring.first, self.session.settled, *self._feed.anchor)
        self._feed.more.set()
        if not dropped:
            return None
        return Lost(dropped, f"the server does not take it and {(ring.held + ring.away) / RATE:.0f} s are held already")

    def finish(self) -> None:
        """Say that the source has ended; `run` returns once the server has settled the talk."""
        self._feed.over = True
        self._feed.more.set()
        if self._spool is not None:
            self._spool.finish(self.captured)

    def _bridge(self, samples: int) -> None:
        """Announce what was not captured between an earlier process and this one's first `samples` samples."""
        dead, self._cut_off = round((self._wall() - self._cut_off) * RATE) - samples, 0.0
        self.session.ring.lose(dead, NOT_RUNNING)

    async def _first_block(self) -> None:
        """Wait for what ends the dead time, so that it is one gap; not for long, for the server has waited enough."""
        try:
            async with asyncio.timeout(self._patience.first):
                await self._feed.more.wait()
        except TimeoutError:
            now = self._wall()
            self._bridge(0)
            self._cut_off = now

    async def put_away(self) -> None:
        """Delete the spool where all its sound is settled, else leave it for later; count what is `kept` or `gone`."""
        spool, session = self._spool, self.session
        if spool is None:
            return
        left = session.ring.audio_from(session.settled)
        # Who never got into a taken room doubles what another capture hears: nobody will want it later.
        refused = self._room_taken_at is not None and not self.met and spool.fresh
        if self._feed.anchor is not None:
            spool.note(session.ring.first, session.settled, *self._feed.anchor)
        spool.finish(self.captured)
        remove = not left or refused
        closed = await spool.close(remove=remove)
        if not remove and closed and session.ring.safe(session.settled):
            self.kept = left
        elif not remove:
            self.gone = left

    async def run(self) -> Result:
        """Send until the talk is over and settled; raises `LinkError` where trying again cannot help."""
        waits = backoff(self._chance)
        if self._cut_off:
            await self._first_block()
        while True:
            try:
                result = await self._connect()
            except LostCount as error:
                self._lost(f"{error}; a new session of the talk begins", ABNORMAL)
                self.session.renew(str(uuid4()))
            except ConnectionClosed as error:
                code = error.rcvd.code if error.rcvd else ABNORMAL
                reason = error.rcvd.reason if error.rcvd else ""
                if code == Close.DONE and self._feed.over and self.session.settled == self.captured:
                    return Result(self.captured, self.session.settled)
                self._closed(code, reason)
            except (Broken, OSError, WebSocketException) as error:
                self._lost(why_of(error), ABNORMAL)
            except ImportError as error:  # websockets asks for a package when the environment names a SOCKS proxy
                raise SetupError(f"{self._shown} cannot be reached through the proxy", str(error)) from error
            else:
                return result
            if self._lived() >= self._patience.steady:
                waits = backoff(self._chance)
            self._taken = None
            self.connected = False
            await asyncio.sleep(next(waits))

    async def _connect(self) -> Result:
        headers = {"Authorization": f"Bearer {self.target.token}"} if self.target.token else None
        async with connect(
            self._url,
            additional_headers=headers,
            compression=None,
            open_timeout=10,
            ping_interval=10,
            ping_timeout=10,
            close_timeout=1,
            max_size=MESSAGE_MAX,
            logger=LOG,
        ) as socket:
            conversation = Conversation(
                socket,
                self.session,
                self._feed,
                language=self.target.language,
                say=self._say,
                wall=self._wall,
                patience=self._patience,
                spool=self._spool,
                haste=self._haste,
            )
            self._took(await conversation.open())
            ended = await conversation.hold()
            self._untell()
        self.session.settled = ended.settled
        self.state = "done"
        return Result(self.captured, ended.settled, ended.unheard)

    def _took(self, ready: Ready) -> None:
        held = (self.captured - ready.resume) / RATE
        again = f"; {held:.1f} s of sound were kept and are sent now" if self.met and held > 1 else ""
        verb = "Connected again" if self.met else "Connected"
        line = (
            f"{verb} to {self._shown}: room {self.target.room}, engine {ready.engine},"
            f" language {ready.language}{again}."
        )
        loop = asyncio.get_running_loop()
        self._taken = loop.time()
        self._tell = loop.call_later(self._patience.steady if self._short > 1 else 0, self._tell_connected, line)
        self.reconnects += self.met
        self.met = self.connected = True
        self.state = "live"
        self._room_taken_at = None

    def _tell_connected(self, line: str) -> None:
        self._said.clear()
        self._say(line)

    def _untell(self) -> None:
        if self._tell is not None:
            self._tell.cancel()

    def _lived(self) -> float:
        """Return the seconds since the server took the session on this connection; 0 if it did not."""
        return 0.0 if self._taken is None else asyncio.get_running_loop().time() - self._taken

    def _closed(self, code: int, reason: str) -> None:
        reason = self._feed.refusal or reason
        if code == Close.ROOM_TAKEN:
            now = time.monotonic()
            self._room_taken_at = now if self._room_taken_at is None else self._room_taken_at
            if now - self._room_taken_at < self._patience.taken:
                self._lost(reason or "another capture is live in this room", code)
                return
        if code == ABNORMAL:
            self._lost("the connection was cut", code)
        elif comes_back(code):
            self._lost((reason or sentence(code)).partition("; rtt ")[0], code)
        else:
            self._refused(code, reason)

    def _refused(self, code: int, reason: str) -> NoReturn:
        what, why, mend = (f"Room {self.target.room}", reason, sentence(code)) if reason else (sentence(code), "", "")
        if code == Close.ROOM_TAKEN and self.target.takeover:
            mend = f"Take it over with: {self.target.takeover}"
        raise LinkError(what, why, mend, code=code)

    def _lost(self, why: str, code: int) -> None:
        """Note that there is no connection; tell the operator, unless this was said since the last one."""
        if not self._wait and not self.met and code != Close.ROOM_TAKEN:
            raise LinkError(
                f"The server {self._shown} cannot be used now",
                why,
                "Start it with rtt serve, or leave out --no-wait to wait for it",
                code=code,
            )
        self.state = "no connection"
        why = why.rstrip(".")
        self._untell()
        # A connection that comes and goes is told of when it holds; until then it stands as the loss it is.
        if self._taken is not None:
            self._short = self._short + 1 if self._lived() < self._patience.steady else 0
        if why in self._said:
            return
        first = not self._said
        self._said.add(why)
        if self.met:
            kept = "; the sound is kept and sent later" if first and not self.session.live_only else ""
            self._say(f"Connection to {self._shown} lost: {why}. Trying again{kept}.")
        else:
            hint = " Start it with: rtt serve" if first and code == ABNORMAL else ""
            self._say(f"The server {self._shown} cannot be used yet: {why}. Trying again until it can.{hint}")
