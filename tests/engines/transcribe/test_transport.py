"""The seam: what every transport promises, over the real wire and without it."""

import pytest

from rtt.core.codedspeech import encode
from rtt.engines.transcribe.address import find
from rtt.engines.transcribe.faults import Fault
from rtt.engines.transcribe.http2 import Http2Transport
from rtt.engines.transcribe.options import TranscribeOptions
from rtt.engines.transcribe.scripted import ScriptedService
from rtt.engines.transcribe.transport import Transport
from rtt.engines.transcribe.websocket import WebSocketTransport
from tests.emulator.running import Emulator
from tests.harness.aio import run

QUERY = TranscribeOptions().query("it-IT")


def transports(service: Emulator) -> list[Transport]:
    environ = service.env | {"AWS_CA_BUNDLE": service.ca}
    address = find(TranscribeOptions(), environ)
    return [WebSocketTransport(address, environ), Http2Transport(address, environ), ScriptedService()]


@pytest.mark.parametrize("index", range(3), ids=["websocket", "http2", "scripted"])
def test_a_transport_keeps_the_seams_promises(service: Emulator, index: int) -> None:
    """Results of what was sent, a proper end, a close that may be called twice and ends the iteration."""

    async def work() -> None:
        transport = transports(service)[index]
        stream = await transport.open(QUERY)
        pcm = encode([1, 2, 3])
        for at in range(0, len(pcm), 3200):
            await stream.send(pcm[at : at + 3200])
        await stream.end()
        results = [result async for event in stream for result in event]
        assert results[-1].alternatives[0].transcript.startswith("w1 w2 w3")
        assert results[-1].is_partial is False
        await stream.close()
        await stream.close()
        other = await transport.open(QUERY)
        await other.close()
        with pytest.raises((Fault, StopAsyncIteration)):
            await anext(aiter(other))

    run(work())
