"""The WebSocket of a screen: `GET /ws/transcript/{room}` (DESIGN 4, SESSIONS F).

A screen can do nothing to a room: of what it sends only `seen` is read, and every screen has its own outbox.
"""

import asyncio

from aiohttp import WSMsgType, web

from rtt.core.errors import LinkError, RttError
from rtt.core.outbox import Outbox
from rtt.core.wire.bounds import SCREENS_MAX, SEEN_PER_SECOND, TEXT_MAX, is_room
from rtt.core.wire.codes import Close, sentence
from rtt.core.wire.screen import parse_mode, parse_seen, parse_since
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
    wake = asyncio.Event()
    outbox = Outbox(mode, wake.set)
    room.captions.join(outbox, since, hub.now())
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read(socket, room, wake))
            code = await _write(socket, outbox, wake, reading)
            reading.cancel()
    finally:
        room.captions.leave(outbox)
    return code


async def _write(
    socket: web.WebSocketResponse, outbox: Outbox, wake: asyncio.Event, reading: "asyncio.Task[None]"
) -> Close:
    """Send what comes into the outbox until the screen is gone, too slow, or the server stops."""
    try:
        while not reading.done():
            frames = outbox.take()
            if not frames:
                if outbox.behind:
                    return Close.FELL_BEHIND
                if outbox.closed:
                    return Close.RESTART
                wake.clear()
                await wake.wait()
            for frame in frames:
                async with asyncio.timeout(SEND_SECONDS):
                    await socket.send_str(frame)
    except TimeoutError:
        return Close.FELL_BEHIND
    except ConnectionError:
        return Close.GOING_AWAY
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
