"""Streams over HTTP/2 with the SDK's client: one client, and so one connection, a stream."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from typing import Any

from amazon_transcribe.auth import StaticCredentialResolver
from amazon_transcribe.client import TranscribeStreamingClient
from amazon_transcribe.endpoints import StaticEndpointResolver
from amazon_transcribe.exceptions import HTTPException, ServiceException
from amazon_transcribe.httpsession import AwsCrtHttpResponse
from amazon_transcribe.model import Result, StartStreamTranscriptionEventStream, StartStreamTranscriptionRequest
from amazon_transcribe.request import Request
from amazon_transcribe.serialize import TranscribeStreamingSerializer
from amazon_transcribe.structures import BufferableByteStream
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]
from awscrt.io import ClientTlsContext, TlsContextOptions  # type: ignore[import-untyped]
from yarl import URL

from rtt.engines.transcribe.address import Address
from rtt.engines.transcribe.credentials import fetch
from rtt.engines.transcribe.faults import Fault, fault_of
from rtt.engines.transcribe.messages import Decoder

READ_SECONDS = 0.005
"""So long a read of an empty body waits; without it the SDK's thread spins (measured: 92 % of a core, and 2 % with)."""
UNSENT_MAX = 50
"""Messages (of 100 ms) that may wait to be sent before `send` waits; the SDK would take them without end."""
CLOSE_SECONDS = 1.0


class WaitingBody(BufferableByteStream):
    """A request body whose reader waits a little for sound instead of asking again at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._filled = threading.Event()

    @property
    def unsent(self) -> int:
        """Messages that the connection did not take yet."""
        return len(self._byte_chunks)

    def read(self, size: int | None = -1) -> bytes:
        """Return what there is, after a moment; raises `BlockingIOError` for nothing yet."""
        if not self._byte_chunks:
            self._filled.clear()
            # What is written between the look and the wait sets the event again or is found after READ_SECONDS.
            self._filled.wait(READ_SECONDS)
        return super().read(-1 if size is None else size) or b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Add a message."""
        written = super().write(data)
        self._filled.set()
        return written

    def end_stream(self) -> None:
        """Say that no message follows."""
        super().end_stream()  # type: ignore[no-untyped-call]
        self._filled.set()


class _Serializer(TranscribeStreamingSerializer):
    def serialize_start_stream_transcription_request(
        self, endpoint: str, request_shape: StartStreamTranscriptionRequest
    ) -> Request:
        request = super().serialize_start_stream_transcription_request(endpoint, request_shape)
        request.body = WaitingBody()
        return request


class Http2Stream:
    """One stream of the SDK (see `Stream`)."""

    def __init__(self, client: TranscribeStreamingClient, stream: StartStreamTranscriptionEventStream) -> None:
        self._client, self._stream = client, stream
        self._response: AwsCrtHttpResponse = stream.output_stream._raw_stream
        assert self._response._stream is not None
        self._completion: Future[int] = self._response._stream.completion_future
        """The only place where the SDK says how a stream ended."""
        self._body: WaitingBody = stream.input_stream._input_stream  # type: ignore[assignment]
        self._decoder = Decoder()
        self._ended = False

    async def send(self, pcm: bytes) -> None:
        """Send sound; waits while the connection takes no more."""
        # The SDK's thread tells nobody what it took: there is nothing to wait for but time.
        while self._body.unsent >= UNSENT_MAX and not self._completion.done():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if self._completion.done():
            raise Fault("Lost", "")
        try:
            await self._stream.input_stream.send_audio_event(audio_chunk=pcm)
        except OSError as error:
            raise Fault("Lost", "") from error

    async def end(self) -> None:
        """End the request's body, properly signed."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                await self._stream.input_stream.end_stream()  # type: ignore[no-untyped-call]

    async def __aiter__(self) -> AsyncIterator[list[Result]]:
        """Yield the results of each event until both directions are properly ended."""
        # A cancelled future of the SDK makes its thread print a traceback and lose the stream: hence the shield.
        while data := await asyncio.shield(self._response.get_chunk()):
            for results in self._decoder.push(data):
                yield results
        error = self._completion.exception(timeout=0)
        if error is not None:
            raise fault_of(error)

    async def close(self) -> None:
        """End the body, so that the SDK's thread lets go of it, and close the connection."""
        await self.end()
        self._body.close()  # type: ignore[no-untyped-call]
        await _disconnect(self._client)
        with contextlib.suppress(TimeoutError, AwsCrtError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.shield(asyncio.wrap_future(self._completion))


class Http2Transport:
    """Opens streams with the SDK's client."""

    def __init__(self, address: Address, environ: Mapping[str, str]) -> None:
        self._address, self._environ = address, environ
        self._trusted = False

    async def open(self, parameters: dict[str, str]) -> Http2Stream:
        """Open a stream (see `Transport`)."""
        await self._trust()
        keys = await fetch(self._environ)
        client = TranscribeStreamingClient(
            region=self._address.region,
            endpoint_resolver=StaticEndpointResolver(self._address.http2),  # type: ignore[no-untyped-call]
            # Chunks are signed in a chain that begins with the request: the keys must stay those of the request.
            credential_resolver=StaticCredentialResolver(keys.access, keys.secret, keys.token),
        )
        client._serializer = _Serializer()
        if self._address.authorities:
            options = TlsContextOptions()
            options.override_default_trust_store_from_path(ca_filepath=self._address.authorities)
            client._session_manager._tls_ctx = ClientTlsContext(options)
        try:
            stream = await client.start_stream_transcription(**_keywords(parameters))
        except BaseException as error:
            await _disconnect(client)
            if isinstance(error, ServiceException | HTTPException | AwsCrtError | OSError):
                raise _refusal(error) from error
            raise
        return Http2Stream(client, stream)

    async def _trust(self) -> None:
        """Shake hands once with Python's own TLS: the SDK's takes 18 s to refuse a certificate and gives no reason."""
        url = URL(self._address.http2)
        if self._trusted or url.scheme != "https":
            return
        context = self._address.tls()
        context.set_alpn_protocols(["h2"])
        try:
            _, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
        except (OSError, ssl.SSLError) as error:
            raise fault_of(error) from error
        writer.transport.abort()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await writer.wait_closed()
        await asyncio.sleep(0)
        self._trusted = True


def _keywords(parameters: dict[str, str]) -> dict[str, Any]:
    """Return the service's parameters by the names the SDK gives them."""
    renamed = {
        "sample-rate": "media_sample_rate_hz",
        "vocabulary-filter-name": "vocab_filter_name",
        "vocabulary-filter-method": "vocab_filter_method",
    }
    words: dict[str, Any] = {}
    for name, value in parameters.items():
        words[renamed.get(name, name.replace("-", "_"))] = value
    return words


async def _disconnect(client: TranscribeStreamingClient) -> None:
    """Close the client's connections; it has no way of its own to."""
    for connection in client._session_manager._connections.values():
        with contextlib.suppress(TimeoutError, AwsCrtError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.shield(asyncio.wrap_future(connection.close()))


def _refusal(error: Exception) -> Fault:
    if isinstance(error, ServiceException):
        name = getattr(error, "error_code", "") or error.__class__.__name__
        return Fault(str(name), str(getattr(error, "message", "")), int(getattr(error, "status_code", 0)))
    if isinstance(error, HTTPException):
        return Fault("Refused", str(error))
    return fault_of(error)
