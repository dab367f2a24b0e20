"""Two clients that are not ours: the SDK over HTTP/2, and awscrt's signer with the SDK's codec over a WebSocket."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
import yarl
from amazon_transcribe.auth import StaticCredentialResolver
from amazon_transcribe.client import TranscribeStreamingClient
from amazon_transcribe.deserialize import TranscribeStreamingEventParser
from amazon_transcribe.endpoints import StaticEndpointResolver
from amazon_transcribe.eventstream import EventStreamBuffer, EventStreamMessageSerializer
from amazon_transcribe.model import AudioEvent, Item, Result
from amazon_transcribe.serialize import AudioEventSerializer, TranscribeStreamingSerializer
from amazon_transcribe.structures import BufferableByteStream
from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSignedBodyValue,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import ClientTlsContext, TlsContextOptions

from tests.emulator.running import Emulator
from tests.emulator.settings import ACCESS_KEY, REGION, SECRET

CHUNK = 3200
WAIT = aiohttp.ClientWSTimeout(ws_close=0.5)


def items(result: Result) -> list[Item]:
    """Return the words of a result, without punctuation."""
    assert result.alternatives
    return [item for item in result.alternatives[0].items if item.item_type == "pronunciation"]


class Talk:
    """One stream as its client sees it."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.error: Exception | None = None
        self.close_code: int | None = None
        """WebSocket only."""
        self.session = ""
        self.ended = asyncio.Event()
        """Set when no more answers can come."""

    @property
    def finals(self) -> list[str]:
        """Words of the finals, in order."""
        return [item.content or "" for result in self.results if not result.is_partial for item in items(result)]

    async def send(self, pcm: bytes, chunk: int = CHUNK) -> None:
        """Send sound, much faster than real time."""
        for at in range(0, len(pcm), chunk):
            await self.put(pcm[at : at + chunk])
            await asyncio.sleep(0)

    async def put(self, chunk: bytes) -> None:
        """Send one chunk."""
        raise AssertionError

    async def end(self) -> None:
        """End the sound."""
        raise AssertionError

    async def over(self, seconds: float = 20) -> "Talk":
        """Wait for the end of the answers."""
        await asyncio.wait_for(self.ended.wait(), seconds)
        return self

    async def say(self, pcm: bytes) -> "Talk":
        """Send all of it, end, and wait for the last answer."""
        await self.send(pcm)
        await self.end()
        return await self.over()

    def take(self, event: Any) -> None:
        """Take an event of the SDK's parser."""
        self.results += event.transcript.results


class Opening(Protocol):
    """Opens a stream of one route."""

    def __call__(self, e: Emulator, **asked: Any) -> contextlib.AbstractAsyncContextManager[Talk]: ...


class PatientBody(BufferableByteStream):
    """A request body whose empty read waits a moment: the SDK's own one burns a whole core."""

    def read(self, size: int = -1) -> bytes | None:  # type: ignore[override]
        try:
            return super().read(size)
        except BlockingIOError:
            time.sleep(0.003)
            raise


class PatientSerializer(TranscribeStreamingSerializer):
    """Makes requests with such a body."""

    def serialize_start_stream_transcription_request(self, endpoint: str, request_shape: Any) -> Any:
        request = super().serialize_start_stream_transcription_request(endpoint, request_shape)
        request.body = PatientBody()  # type: ignore[no-untyped-call]
        return request


class SdkTalk(Talk):
    """A stream of the SDK."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self.stream = stream
        """The SDK's own."""
        self.session = stream.response.session_id

    async def put(self, chunk: bytes) -> None:
        await self.stream.input_stream.send_audio_event(audio_chunk=chunk)

    async def end(self) -> None:
        await self.stream.input_stream.end_stream()

    async def read(self) -> None:
        """Read to the end."""
        try:
            async for event in self.stream.output_stream:
                self.take(event)
        except Exception as error:
            self.error = error
        finally:
            self.ended.set()


@contextlib.asynccontextmanager
async def h2(
    e: Emulator,
    *,
    keys: tuple[str, ...] = (ACCESS_KEY, SECRET),
    region: str = REGION,
    **asked: Any,
) -> AsyncIterator[Talk]:
    """Open a stream with the SDK."""
    client = TranscribeStreamingClient(
        region=region,
        endpoint_resolver=StaticEndpointResolver(e.h2_url),  # type: ignore[no-untyped-call]
        credential_resolver=StaticCredentialResolver(*keys),
    )
    client._serializer = PatientSerializer()
    options = TlsContextOptions()
    options.override_default_trust_store_from_path(ca_filepath=e.ca)
    client._session_manager._tls_ctx = ClientTlsContext(options)
    asked = {"language_code": "it-IT", "media_sample_rate_hz": 16_000, "media_encoding": "pcm", **asked}
    talk = SdkTalk(await client.start_stream_transcription(**asked))
    reading = asyncio.ensure_future(talk.read())
    try:
        yield talk
    finally:
        with contextlib.suppress(OSError):
            await talk.end()
        await asyncio.wait({reading}, timeout=0.5)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


class SocketTalk(Talk):
    """A stream over a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self.socket = socket
        self.buffer = EventStreamBuffer()  # type: ignore[no-untyped-call]
        self._encode = EventStreamMessageSerializer().serialize
        self._audio = AudioEventSerializer()

    async def put(self, chunk: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await self.socket.send_bytes(self._encode(*self._audio.serialize(AudioEvent(chunk))))

    async def end(self) -> None:
        await self.put(b"")

    async def read(self) -> None:
        """Read to the end."""
        parser = TranscribeStreamingEventParser()
        try:
            async for frame in self.socket:
                if frame.type is aiohttp.WSMsgType.BINARY:
                    self.buffer.add_data(frame.data)
                    for message in self.buffer:
                        self.take(parser.parse(message))
        except Exception as error:
            self.error = error
        finally:
            self.close_code = self.socket.close_code
            self.ended.set()


NAMES = {
    "language_code": "language-code",
    "media_sample_rate_hz": "sample-rate",
    "media_encoding": "media-encoding",
    "vocab_filter_name": "vocabulary-filter-name",
    "vocab_filter_method": "vocabulary-filter-method",
}
"""What the SDK calls otherwise than the service."""


def presigned(url: str, keys: tuple[str, ...], region: str, asked: dict[str, Any]) -> str:
    """Return the address with its parameters and a signature by awscrt."""
    address = yarl.URL(url)
    pairs = {NAMES.get(name, name.replace("_", "-")): str(value).lower() for name, value in asked.items()}
    # Codes and names keep their case; only flags are lower.
    pairs |= {NAMES.get(n, n.replace("_", "-")): v for n, v in asked.items() if isinstance(v, str)}
    path = address.path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items())
    request = HttpRequest("GET", path, HttpHeaders([("host", f"{address.host}:{address.port}")]))
    config = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4,
        signature_type=AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS,
        credentials_provider=AwsCredentialsProvider.new_static(*keys),
        region=region,
        service="transcribe",
        signed_body_value=AwsSignedBodyValue.EMPTY_SHA256,
        expiration_in_seconds=300,
    )
    signed = aws_sign_request(request, config).result(10)
    return f"{address.scheme}://{address.host}:{address.port}{signed.path}"


@contextlib.asynccontextmanager
async def ws(
    e: Emulator,
    *,
    keys: tuple[str, ...] = (ACCESS_KEY, SECRET),
    region: str = REGION,
    url: str = "",
    **asked: Any,
) -> AsyncIterator[Talk]:
    """Open a stream over a presigned WebSocket."""
    asked = {"language_code": "it-IT", "media_sample_rate_hz": 16_000, "media_encoding": "pcm", **asked}
    address = presigned(url or e.ws_url, keys, region, asked)
    tls = ssl.create_default_context(cafile=e.ca) if e.ca else True
    try:
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(yarl.URL(address, encoded=True), ssl=tls, compress=0, timeout=WAIT) as socket:
                talk = SocketTalk(socket)
                talk.session = socket._response.headers["x-amzn-transcribe-session-id"]
                reading = asyncio.ensure_future(talk.read())
                try:
                    yield talk
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
    finally:
        # aiohttp does not wait until the TLS connection is down; a loop that ends before leaves its socket open.
        await asyncio.sleep(0.1)


ROUTES: dict[str, Opening] = {"h2": h2, "ws": ws}


def refusal(error: BaseException) -> tuple[int, str]:
    """Return status and code of a refusal at opening, as either client reports it."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        assert error.headers is not None
        return error.status, error.headers["x-amzn-errortype"]
    status = int(getattr(error, "status_code", 0) or getattr(error, "error", 0))
    return status, getattr(error, "error_code", type(error).__name__)
