"""The HTTP/2 transport: what only it does."""

import asyncio
import contextlib
import resource
import threading
import time

import pytest

from rtt.engines.transcribe.address import Address
from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.http2 import Http2Transport, WaitingBody
from rtt.engines.transcribe.options import TranscribeOptions
from tests.emulator.running import Emulator
from tests.harness.aio import run

QUERY = TranscribeOptions().query("it-IT")


def transport(service: Emulator, url: str = "") -> Http2Transport:
    return Http2Transport(Address("eu-central-1", url or service.h2_url, "", service.ca), service.env)


def test_an_empty_body_lets_its_reader_wait_and_wakes_it() -> None:
    """Nothing yet, something, the end: as the SDK's thread expects them."""
    body = WaitingBody()
    with pytest.raises(BlockingIOError):
        body.read()
    threading.Timer(0.001, body.write, (b"abc",)).start()
    found = b""
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        try:
            found = body.read(2)
        except BlockingIOError:
            continue
    assert found == b"ab"
    assert body.unsent == 1
    assert body.read() == b"c"
    body.end_stream()
    assert body.read() == b""


def test_an_open_stream_burns_no_core(service: Emulator) -> None:
    """The SDK as it is takes 92 % of a core for this; ours stays far below a fifth."""

    async def work() -> None:
        stream = await transport(service).open(QUERY)
        await stream.send(bytes(3200))
        await asyncio.sleep(0.3)
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        await asyncio.sleep(2)
        after, took = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - began
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        await stream.close()
        assert used / took < 0.2

    run(work())


def test_an_address_without_http2_is_a_fault(service: Emulator) -> None:
    """The port that speaks only WebSocket is no HTTP/2 service; a closed one cannot be reached."""
    for url, name in ((service.h2_url.replace(str(service.port), str(service.ws_port)), "Refused"),):
        with pytest.raises(Fault) as fault:
            run(transport(service, url).open(QUERY))
        assert fault.value.name == name
    with pytest.raises(Fault) as fault:
        run(transport(service, "https://127.0.0.1:1").open(QUERY))
    assert fault.value.name == "Refused"


def test_a_cancelled_opening_leaves_no_connection(service: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """A service that does not answer is left, and the SDK's thread has nothing to complain of."""
    service.fault("no-response")

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await transport(service).open(QUERY)

    run(work())
    assert capfd.readouterr().err == ""


def test_a_cancelled_reader_does_not_upset_the_sdk(service: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """Cancelling the SDK's own iterator prints a traceback in its thread; ours does not."""

    async def work() -> None:
        stream = await transport(service).open(QUERY)

        async def read() -> None:
            async for _ in stream:
                pass

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await read()
        await stream.close()

    run(work())
    assert capfd.readouterr().err == ""


def test_what_the_connection_does_not_take_is_bounded(service: Emulator) -> None:
    """A service that gives no room stops the sender; the SDK would pile up sound without end."""

    async def work() -> None:
        await asyncio.to_thread(service.fault, "black-hole")
        stream = await transport(service).open(QUERY)
        sent = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while sent < 1000:
                    await stream.send(bytes(3200))
                    sent += 1
        await stream.close()
        assert sent < 1000

    run(work())
