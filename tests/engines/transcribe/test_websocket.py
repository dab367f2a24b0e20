"""The WebSocket transport: what only it does."""

import asyncio

import pytest

from rtt.engines.transcribe.address import Address
from rtt.engines.transcribe.faults import Fault
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
