"""What the server answers over HTTP besides its pages."""

import asyncio

from aiohttp import web

from rtt.core import transcript
from rtt.core.wire.bounds import is_room
from rtt.server import status
from rtt.server.hub import HUB


async def rooms(request: web.Request) -> web.Response:
    """`/api/rooms`: every room and how it is."""
    return web.json_response(status.as_json(request.app[HUB]))


async def room_transcript(request: web.Request) -> web.Response:
    """`/api/rooms/{room}/transcript.{txt,json}`: the running talk or the last one; all of the room with `?talk=all`."""
    hub, name, kind = request.app[HUB], request.match_info["room"], request.match_info["kind"]
    if not is_room(name):
        raise web.HTTPNotFound(text="There is no such room.\n")
    room = await hub.room(name)
    everything = request.query.get("talk") == "all"

    def written() -> str | None:
        """Return the transcript, or None; a whole day of talks is too much work for the loop."""
        lines = room.archive.lines(last_talk=not everything)
        if not lines:
            return None
        return transcript.as_json(name, lines) if kind == "json" else transcript.as_text(lines)

    text = await asyncio.to_thread(written)
    if text is None:
        raise web.HTTPNotFound(text=f"Nothing was said in the room {name} yet.\n")
    if kind == "json":
        return web.Response(text=text, content_type="application/json")
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


async def healthy(_request: web.Request) -> web.Response:
    """`/healthz`: the event loop is alive, and nothing else."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """`/readyz`: the server may be given a room."""
    if request.app[HUB].draining:
        return web.Response(status=503, text="The server is stopping.\n")
    return web.Response(text="ok\n")
