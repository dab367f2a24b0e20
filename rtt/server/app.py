"""The web application and the server around it."""

import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from rtt.brokers.base import Broker
from rtt.core.access import why_not_local
from rtt.core.errors import LinkError, RttError, SetupError
from rtt.engines.base import Engine
from rtt.server import api
from rtt.server.audio_socket import audio
from rtt.server.config import ServerConfig
from rtt.server.hub import HUB, Hub
from rtt.server.pages import page_routes
from rtt.server.screen_socket import transcript

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CLOSE_SECONDS = 5.0
"""Time the sockets get to close after everything is settled."""


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn rtt's own errors into one sentence."""
    try:
        return await handler(request)
    except ConnectionResetError:  # who asked was gone before the answer: no error of ours
        return web.Response(status=503, text="The connection is gone.\n")
    except LinkError as error:
        return web.Response(status=503, text=f"{error}\n")
    except RttError as error:
        return web.Response(status=500, text=f"{error}\n")


@web.middleware
async def check_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in only this machine's own programs (DESIGN 7): who else may come in needs a token."""
    why = why_not_local(request.remote or "", request.headers)
    if why:
        return web.Response(status=403, text=f"This server serves its own machine only: {why}.\n")
    return await handler(request)


def counted(handler: Handler) -> Handler:
    """Return a socket's handler that the hub knows of while it runs."""

    async def handle(request: web.Request) -> web.StreamResponse:
        with request.app[HUB].connection():
            return await handler(request)

    return handle


async def hide_banner(_request: web.Request, response: web.StreamResponse) -> None:
    """Name no versions: that helps only who looks for holes."""
    response.headers["Server"] = "rtt"


def build_app(hub: Hub) -> web.Application:
    """Return the application with all its routes."""
    checks = [answer_errors] if hub.config.open else [check_local, answer_errors]
    app = web.Application(middlewares=checks)
    app[HUB] = hub
    app.on_response_prepare.append(hide_banner)
    app.router.add_get("/ws/audio/{room}", counted(audio))
    app.router.add_get("/ws/transcript/{room}", counted(transcript))
    app.router.add_get("/api/rooms", api.rooms)
    app.router.add_get("/api/rooms/{room}/transcript.{kind:txt|json}", api.room_transcript)
    app.router.add_get("/healthz", api.healthy)
    app.router.add_get("/readyz", api.ready)
    app.router.add_routes(page_routes())
    return app


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    hub: Hub
    url: str
    """Address for browsers and captures of the same machine: `http://127.0.0.1:8000`."""


@asynccontextmanager
async def running_server(
    config: ServerConfig, engine: Engine, broker: Broker, tell: Callable[[str, str], None]
) -> AsyncIterator[Server]:
    """Run a server until the block is left; then settle every session, and close what is open.

    Raises `SetupError` where the port or the address cannot be used.
    """
    hub = Hub(config, engine, broker, tell)
    listener = _listen(config)
    runner = web.AppRunner(build_app(hub), access_log=None, shutdown_timeout=CLOSE_SECONDS, handle_signals=False)
    try:
        async with hub.running():
            await runner.setup()
            await web.SockSite(runner, listener).start()
            host = "127.0.0.1" if config.host in ("0.0.0.0", "localhost") else config.host  # noqa: S104
            host = f"[{host}]" if ":" in host else host
            yield Server(hub, f"http://{host}:{listener.getsockname()[1]}")
    finally:
        await runner.cleanup()
        listener.close()


def _listen(config: ServerConfig) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                f"Port {config.port} is taken",
                "another program, perhaps another rtt serve, listens there",
                "Stop it, or choose another port with --port",
            ) from error
        why = error.strerror or str(error)
        mend = "Choose an address of this machine with --host, and a port above 1023 with --port"
        raise SetupError(f"rtt cannot listen on {config.host} port {config.port}", why, mend) from error
    return listener
