"""The WebSocket transport: what only it does."""

import asyncio
import contextlib

import pytest

from rtt.engines.transcribe.address import Address
from rtt.engines.transcribe.faults import Fault, engine_error
from rtt.engines.transcribe.options import TranscribeOptions
from rtt.engines.transcribe.websocket import WebSocketTransport
from tests.emulator.running import Emulator
from tests.harness.aio import run

QUERY = TranscribeOptions().query("it-IT")


def transport(service: Emulator, url: str = "") -> WebSocketTransport:
    return WebSocketTransport(Address("eu-central-1", "", url or service.ws_url, service.ca), service.env)


def test_a_refusal_says_what_the_body_says(service: Emulator) -> None:
    """The service's reason is in the answer's body, which must not be lost; so is its clock in a header."""
    service.fault("refuse", status=403, code="AccessDeniedException", message="User nobody is not authorized")
    with pytest.raises(Fault) as fault:
        run(transport(service).open(QUERY))
    assert (fault.value.name, fault.value.status) == ("AccessDeniedException", 403)
    assert "nobody" in fault.value.message
    assert abs(fault.value.skew) < 60


def test_something_else_at_the_address_is_no_traceback(service: Emulator) -> None:
    """A plain web server, a closed port, a name without address."""
    for url, name in (
        (f"ws://127.0.0.1:{service.control_port}/nothing", "HTTP 404"),
        ("wss://127.0.0.1:1/x", "Refused"),
        ("wss://nobody.invalid/x", "Unresolved"),
    ):
        with pytest.raises(Fault) as fault:
            run(transport(service, url).open(QUERY))
        assert fault.value.name == name


def test_a_cancelled_opening_leaves_no_connection(service: Emulator) -> None:
    """A service that does not answer is left by closing the connection."""
    service.fault("no-response")

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await transport(service).open(QUERY)

    run(work())


def test_results_on_a_dead_connection_are_a_fault(service: Emulator) -> None:
    """The reader learns of a reset at once."""

    async def work() -> None:
        stream = await transport(service).open(QUERY)
        await asyncio.to_thread(service.fault, "rst", when="now")
        with pytest.raises(Fault, match="Lost"):
            async for _ in stream:
                pass
        await stream.close()

    run(work())


class Tunnel:
    """An HTTP proxy: answers CONNECT with `status`, and carries bytes after a 200."""

    def __init__(self, status: str = "200 Connection established") -> None:
        self.status = status
        self.asked: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode().splitlines()[0])
        writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        if self.status.startswith("200"):
            host, port = self.asked[-1].split()[1].split(":")
            there, back = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as group:
                group.create_task(self.carry(reader, back))
                group.create_task(self.carry(there, writer))
            back.close()
        writer.close()

    @staticmethod
    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()


def through(tunnel: Tunnel, service: Emulator, monkeypatch: pytest.MonkeyPatch, bypassed: str = "") -> None:
    """Open a stream and end it where the environment names `tunnel` as proxy."""

    async def work() -> None:
        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            monkeypatch.setenv("NO_PROXY", bypassed)
            stream = await transport(service).open(QUERY)
            await stream.send(bytes(3200))
            await stream.end()
            async for _ in stream:
                pass
            await stream.close()

    run(work())


def test_a_venues_proxy_is_used(service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY is honoured for the WebSocket too, and so is NO_PROXY."""
    tunnel = Tunnel()
    through(tunnel, service, monkeypatch)
    assert tunnel.asked == [f"CONNECT {service.ws_url.split('/')[2]} HTTP/1.1"]
    through(tunnel, service, monkeypatch, bypassed=service.ws_url.split("/")[2].split(":")[0])
    assert len(tunnel.asked) == 1


def test_a_proxy_that_refuses_or_is_not_there_is_named(service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator reads that it was the proxy, not Amazon; only the one that is not there is tried again."""
    with pytest.raises(Fault) as fault:
        through(Tunnel("407 Proxy Authentication Required"), service, monkeypatch)
    said = engine_error(fault.value, opening=True)
    assert "proxy" in said.what
    assert "407" in said.why
    assert not said.retry
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Fault) as fault:
        run(transport(service).open(QUERY))
    said = engine_error(fault.value, opening=True)
    assert "proxy" in said.what
    assert said.retry
