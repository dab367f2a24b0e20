"""The WebSocket of a capture: `GET /ws/audio/{room}` (DESIGN 4, SESSIONS A and G).

First frame text: the protocol of core.wire.audio. First frame binary: plain mode, bare PCM from any simple client.
"""

import asyncio
from collections import deque

from aiohttp import WSMsgType, web

from rtt.core.caption import RATE
from rtt.core.errors import LinkError, RttError
from rtt.core.wire.audio import (
    Clock,
    End,
    Gap,
    Hello,
    Notice,
    Ready,
    ServerMessage,
    check_pcm,
    decode_audio,
    encode,
    malformed,
    parse_client,
)
from rtt.core.wire.bounds import HELLO_SECONDS, WINDOW_SECONDS, is_room
from rtt.core.wire.codes import Close, sentence
from rtt.server import reception
from rtt.server.hub import HUB, Hub
from rtt.server.session import Session

PING_SECONDS = 10.0
"""Time between two pings: enough for any proxy. No answer is demanded, for a plain client may never read."""
SILENT_SECONDS = 20.0
"""A capture sends ten frames a second; one that sends nothing for this long is gone."""
MESSAGE_MAX = 256 * 1024
"""Bytes of a message that are read at all; a larger one is closed with 1009."""
QUEUE_MAX = 256
"""Messages that wait for a capture; older acks are worth nothing."""
REASON_MAX = 123
"""Bytes of a close frame's reason (RFC 6455, 5.5)."""


def reason_of(code: int, text: str = "") -> bytes:
    """Return a close frame's reason: what happened, as far as it fits."""
    return (text or sentence(code)).encode()[:REASON_MAX].decode(errors="ignore").encode()


class SocketLink:
    """A session's way to its capture: `write` sends what is queued, and closes the socket when it was told to."""

    def __init__(self) -> None:
        self._queue: deque[ServerMessage] = deque(maxlen=QUEUE_MAX)
        self._closing: tuple[int, str] | None = None
        self._wake = asyncio.Event()

    def send(self, message: ServerMessage) -> None:
        """Queue a message."""
        if self._closing is None:
            self._queue.append(message)
            self._wake.set()

    def close(self, code: Close, reason: str) -> None:
        """Have the socket closed after what is queued; the first code counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    async def write(self, socket: web.WebSocketResponse) -> None:
        """Send, and ping, until told to close."""
        try:
            while True:
                while self._queue:
                    await socket.send_str(encode(self._queue.popleft()))
                if self._closing is not None:
                    break
                self._wake.clear()
                try:
                    async with asyncio.timeout(PING_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    await socket.ping()
            code, reason = self._closing
            await socket.close(code=code, message=reason_of(code, reason))
        except ConnectionError:
            return  # the reader learns of it too


async def audio(request: web.Request) -> web.WebSocketResponse:
    """Serve one capture's connection."""
    socket = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_MAX)
    await socket.prepare(request)
    link = SocketLink()
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(link.write(socket))
        try:
            await _serve(request, socket, link)
        except LinkError as error:
            if error.code != Close.CONTINUED_ELSEWHERE:
                link.send(Notice("refused", str(error)))
            link.close(Close(error.code), str(error))
        except RttError as error:
            link.send(Notice("failed", str(error)))
            link.close(Close.INTERNAL, str(error))
        link.close(Close.DONE, "")
        await asyncio.wait([writing], timeout=PING_SECONDS)
        writing.cancel()
    return socket


async def _serve(request: web.Request, socket: web.WebSocketResponse, link: SocketLink) -> None:
    hub, name = request.app[HUB], request.match_info["room"]
    if not is_room(name):
        raise LinkError("There is no such room", sentence(Close.BAD_ROOM), code=Close.BAD_ROOM)
    language, peer = request.query.get("lang", ""), request.remote or ""
    try:
        message = await socket.receive(timeout=HELLO_SECONDS)
    except TimeoutError as error:
        raise LinkError("Nothing was said", f"no hello within {HELLO_SECONDS} s", code=Close.NO_HELLO) from error
    if message.type is WSMsgType.BINARY:
        session = await reception.receive(hub, name, reception.plain_wish(language, peer))
        session.attach(link, 1, peer)
        hub.tell(name, f"A simple client speaks from {peer}, in {session.identity.language}.")
        await _hear_plain(session, socket, message.data)
        session.detach(link)
        session.finish()
    elif message.type is WSMsgType.TEXT:
        hello = parse_client(message.data)
        if not isinstance(hello, Hello):
            raise malformed("the first message is not a hello")
        session = await _welcome(hub, name, hello, language, peer, link)
        try:
            await _hear(session, socket, link)
        finally:
            session.detach(link)


async def _welcome(hub: Hub, name: str, hello: Hello, language: str, peer: str, link: SocketLink) -> Session:
    """Attach the connection to its session and tell the capture from where to send."""
    wish = reception.Wish(
        hello.session,
        hello.first,
        hello.next,
        hello.language or language,
        peer,
        hello.at,
        late=hello.late,
        takeover=hello.takeover,
    )
    session = await reception.receive(hub, name, wish)
    if hello.attempt <= session.attempt:
        raise LinkError(
            "The session goes on over another connection",
            f"this is attempt {hello.attempt}, that one {session.attempt}",
            code=Close.CONTINUED_ELSEWHERE,
        )
    first = session.attempt == 0
    resume = session.attach(link, hello.attempt, peer)
    who = session.identity
    link.send(Ready(who.session, resume, who.engine, who.language, WINDOW_SECONDS))
    hub.tell(name, f"A capture {'speaks' if first else 'is back'} from {peer}, in {who.language}.")
    return session


async def _hear(session: Session, socket: web.WebSocketResponse, link: SocketLink) -> None:
    """Take a capture's frames until its socket closes."""
    while session.link is link:
        try:
            message = await socket.receive(timeout=SILENT_SECONDS)
        except TimeoutError as error:
            if not session.expects_sound:
                continue
            why = f"nothing for {SILENT_SECONDS:.0f} s"
            raise LinkError("The capture is silent", why, code=Close.NO_HELLO) from error
        if message.type is WSMsgType.BINARY:
            session.receive(*decode_audio(message.data))
        elif message.type is WSMsgType.TEXT:
            match parse_client(message.data):
                case Gap(from_=start, to=end, why=why):
                    session.receive_gap(start, end, why[:200])
                case Clock(sample=sample, at=at):
                    session.anchors.add(sample, at)
                case End(samples=samples):
                    session.end(samples)
                case Hello():
                    raise malformed("a second hello came on one connection")
        else:
            return


async def _hear_plain(session: Session, socket: web.WebSocketResponse, data: bytes) -> None:
    """Take bare PCM until the socket closes; a sample cut in two by a frame's end is put together."""
    carried = b""
    while True:
        check_pcm(data)
        data = carried + data
        carried = data[len(data) // 2 * 2 :]
        session.receive(session.ledger.received, data[: len(data) // 2 * 2])
        while session.waiting > WINDOW_SECONDS * RATE and not session.over.is_set():  # noqa: ASYNC110 - it is the engine that moves
            await asyncio.sleep(0.05)  # not reading is the only back-pressure a simple client understands
        try:
            message = await socket.receive(timeout=SILENT_SECONDS)
        except TimeoutError:
            return
        if message.type is WSMsgType.TEXT:
            raise malformed("text came where sound belongs")
        if message.type is not WSMsgType.BINARY:
            return
        data = message.data
