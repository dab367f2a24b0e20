"""Runs the emulator: both routes, the control port, and the clock that moves streams on."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.emulator import pki
from tests.emulator.control import control
from tests.emulator.h2_route import H2Route
from tests.emulator.service import Service
from tests.emulator.settings import Settings
from tests.emulator.ws_route import WebSocketRoute

HOST = "127.0.0.1"
TICK = 0.02


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it is reached; 0 lets the system choose."""

    both: int = 0
    """HTTP/2 and WebSocket, told apart by ALPN, as one endpoint address must serve either transport."""
    ws: int = 0
    """WebSocket only."""
    control: int = 0


class Dispatch(asyncio.Protocol):
    """Hands a new connection to the protocol its TLS handshake agreed on."""

    def __init__(self, h2: Callable[[], asyncio.Protocol], http: Callable[[], asyncio.BaseProtocol]) -> None:
        self._h2, self._http = h2, http

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tls = transport.get_extra_info("ssl_object")
        agreed = tls.selected_alpn_protocol() if tls else None
        chosen = self._h2() if agreed == "h2" else self._http()
        assert isinstance(transport, asyncio.Transport)
        transport.set_protocol(chosen)
        chosen.connection_made(transport)


@contextlib.asynccontextmanager
async def serving(settings: Settings, ports: Ports, folder: Path | None) -> AsyncIterator[tuple[Service, Ports]]:
    """Serve for the length of a `with`; yields the service and the ports it got. Without `folder`, no TLS."""
    service = Service(settings)
    loop = asyncio.get_running_loop()
    both: ssl.SSLContext | None = None
    ws: ssl.SSLContext | None = None
    if folder is not None:
        await asyncio.to_thread(pki.make, folder)
        both, ws = (pki.context(folder, protocols) for protocols in (["h2", "http/1.1"], ["http/1.1"]))
    async with contextlib.AsyncExitStack() as stack:
        route = await _runner(stack, WebSocketRoute(service).app)
        controls = await _runner(stack, control(service, settings))
        assert route.server is not None

        def dispatch() -> asyncio.Protocol:
            assert route.server is not None
            return Dispatch(lambda: H2Route(service), route.server)

        listening = await loop.create_server(dispatch, HOST, ports.both, ssl=both)
        stack.callback(listening.close)
        sites = [
            web.TCPSite(route, HOST, ports.ws, ssl_context=ws),
            web.TCPSite(controls, HOST, ports.control),
        ]
        for site in sites:
            await site.start()
        # In a group, so that a fault of the emulator's own ends it loudly instead of making every test wait.
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        ticking = tasks.create_task(_tick(service))
        stack.callback(ticking.cancel)
        taken = [runner.addresses[0][1] for runner in (route, controls)]
        yield service, Ports(listening.sockets[0].getsockname()[1], *taken)


async def _runner(stack: contextlib.AsyncExitStack, app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return runner


async def _tick(service: Service) -> None:
    while True:
        service.tick()
        await asyncio.sleep(TICK)
