"""The WebSocket of a screen: `GET /ws/transcript/{room}` (DESIGN 4, SESSIONS F).

A screen can do nothing to a room: of what it sends only `seen` is read, and every screen has its own outbox.
"""

import asyncio
import struct
from functools import lru_cache

from aiohttp import WSMsgType, web

from rtt.core.errors import LinkError, RttError
from rtt.core.outbox import Outbox
from rtt.core.wire.bounds import SCREENS_MAX, SEEN_PER_SECOND, TEXT_MAX, is_room
from rtt.core.wire.codes import Close, sentence
from rtt.core.wire.screen import Mode, parse_mode, parse_seen, parse_since
from rtt.server.audio_socket import reason_of
from rtt.server.hub import HUB
from rtt.server.live_room import LiveRoom

HEARTBEAT_SECONDS = 20.0
"""Time between two pings; a screen that does not answer for half of it is gone."""
SEND_SECONDS = 10.0
"""A screen that takes nothing for this long is closed; its outbox is bounded, so it costs nobody else anything."""


async def transcript(request: web.Request) -> web.WebSocketResponse:
    """Serve one screen's connection."""
    socket = web.WebSocketResponse(compress=False, heartbeat=HEARTBEAT_SECONDS, max_msg_size=TEXT_MAX)
    await socket.prepare(request)
    try:
        code = await _serve(request, socket)
        await socket.close(code=code, message=reason_of(code))
    except LinkError as error:
        await socket.close(code=error.code, message=reason_of(error.code, str(error)))
    except RttError as error:
        await socket.close(code=Close.INTERNAL, message=reason_of(Close.INTERNAL, str(error)))
    return socket


async def _serve(request: web.Request, socket: web.WebSocketResponse) -> Close:
    hub, name = request.app[HUB], request.match_info["room"]
    if not is_room(name):
        raise LinkError("There is no such room", sentence(Close.BAD_ROOM), code=Close.BAD_ROOM)
    mode, since = parse_mode(request.query.get("partial", "")), parse_since(request.query.get("since", ""))
    room = await hub.room(name)
    if hub.draining:
        return Close.RESTART
    if len(room.captions.screens) >= SCREENS_MAX:
        raise LinkError("The room has too many screens", f"{SCREENS_MAX} at most", code=Close.CROWDED)
    glass = Glass(mode, request.transport)
    room.captions.join(glass.outbox, since, hub.now())
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read(socket, room, glass.wake))
            code = await glass.write(socket, reading)
            reading.cancel()
    finally:
        room.captions.leave(glass.outbox)
    return code


@lru_cache(maxsize=256)
def text_frame(text: str) -> bytes:
    """Return a server's WebSocket frame for `text` (RFC 6455, 5.2): made once for all screens of a room."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    if len(payload) < 1 << 16:
        return struct.pack(">BBH", 0x81, 126, len(payload)) + payload
    return struct.pack(">BBQ", 0x81, 127, len(payload)) + payload


class Glass:
    """One screen's socket and outbox.

    What comes while nothing waits is written at once, within the room's publishing: waking a task for each of 2000
    screens takes longer than their system calls. A screen whose kernel buffer is full gets the rest from `write`.
    """

    def __init__(self, mode: Mode, transport: asyncio.Transport | None) -> None:
        self.wake = asyncio.Event()
        self.outbox = Outbox(mode, self._arrived)
        self._transport = transport
        self._busy = False

    def _arrived(self) -> None:
        transport, outbox = self._transport, self.outbox
        if (
            self._busy
            or transport is None
            or transport.is_closing()
            or transport.get_write_buffer_size()
            or outbox.behind
            or outbox.closed
        ):
            self.wake.set()
            return
        for frame in outbox.take():
            transport.write(text_frame(frame))

    async def write(self, socket: web.WebSocketResponse, reading: "asyncio.Task[None]") -> Close:
        """Send what could not be written at once, until the screen is gone, too slow, or the server stops."""
        try:
            while not reading.done():
                frames = self.outbox.take()
                self._busy = bool(frames)
                if not frames:
                    if self.outbox.behind:
                        return Close.FELL_BEHIND
                    if self.outbox.closed:
                        return Close.RESTART
                    self.wake.clear()
                    await self.wake.wait()
                for frame in frames:
                    async with asyncio.timeout(SEND_SECONDS):
                        await socket.send_str(frame)
        except TimeoutError:
            return Close.FELL_BEHIND
        except ConnectionError:
            return Close.GOING_AWAY
        finally:
            self._busy = True  # the close frame is the last
        return Close.DONE


async def _read(socket: web.WebSocketResponse, room: LiveRoom, wake: asyncio.Event) -> None:
    """Take what a screen reports as painted; everything else it sends is ignored, and costs nothing."""
    loop = asyncio.get_running_loop()
    window, count = 0, 0
    async for message in socket:
        now = int(loop.time())
        window, count = (window, count + 1) if now == window else (now, 1)
        if count <= SEEN_PER_SECOND and message.type is WSMsgType.TEXT:
            seen = parse_seen(message.data)
            if seen is not None and seen.epoch == room.captions.epoch:
                room.seen(seen.number, loop.time())
    wake.set()
