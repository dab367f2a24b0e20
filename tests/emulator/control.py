"""The control port: plain HTTP with JSON, on loopback.

GET /state, GET /transcripts; POST /set {NAME: VALUE}; POST /reset {}; POST /clear {} (faults to come);
POST /fault {"kind": .., "when": "next"|"sticky"|"now", "count": 1, "stream": 0, "after": 0, "route": "", ..}.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.emulator.faults import Fault
from tests.emulator.service import Service
from tests.emulator.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.Response]]


def control(service: Service, defaults: Settings) -> web.Application:
    """Return the application of the control port; `defaults` is what /reset goes back to."""

    async def state(_request: web.Request) -> web.Response:
        return web.json_response(service.state())

    async def transcripts(_request: web.Request) -> web.Response:
        service.tick()
        return web.json_response(
            [
                {"id": record.id, "session": record.session, "language": record.language, "finals": record.finals}
                for record in service.records
            ]
        )

    async def change(request: web.Request) -> web.Response:
        service.change(await _asked(request))
        return web.json_response(service.settings.public())

    async def fault(request: web.Request) -> web.Response:
        asked = await _asked(request)
        when, count, stream = str(asked.pop("when", "next")), int(asked.pop("count", 1)), int(asked.pop("stream", 0))
        struck = service.inject(when, Fault.parse(asked), count, stream)
        return web.json_response({"struck": struck})

    async def clear(_request: web.Request) -> web.Response:
        service.faults.clear()
        return web.json_response({})

    async def reset(_request: web.Request) -> web.Response:
        service.faults.clear()
        service.settings = defaults
        service.forget()
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/state", state)
    app.router.add_get("/transcripts", transcripts)
    for path, handler in (("/set", change), ("/fault", fault), ("/clear", clear), ("/reset", reset)):
        app.router.add_post(path, _checked(handler))
    return app


def _checked(handler: Handler) -> Handler:
    async def checked(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except (ValueError, TypeError, KeyError) as problem:
            return web.json_response({"error": str(problem)}, status=400)

    return checked


async def _asked(request: web.Request) -> dict[str, Any]:
    asked = await request.json()
    if not isinstance(asked, dict):
        raise TypeError("The body must be a JSON object")
    return asked
