"""Streams over the service's WebSocket route: one connection a stream, and real reasons when it fails."""

import asyncio
import contextlib
import email.utils
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from urllib.request import getproxies, proxy_bypass

import aiohttp
from amazon_transcribe.model import Result
from yarl import URL

from rtt.engines.transcribe.address import Address
from rtt.engines.transcribe.credentials import fetch, signed_address
from rtt.engines.transcribe.faults import Fault, fault_of
from rtt.engines.transcribe.messages import Decoder, audio_message

CLOSE_SECONDS = 1.0
"""For the other side's goodbye."""
CLOSING = 0.05
"""Seconds that the loop needs to let go of a TLS connection after its close (aiohttp's guide, "Graceful shutdown")."""
OVER = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)
"""Messages after which none follows."""
REFUSAL_MAX = 16 * 1024
"""So much of a refusal's body is read, in bytes."""
MESSAGE_MAX = 4 * 2**20
"""Longest message taken, in bytes: ten times a result of 500 words with all its items."""


class WebSocketStream:
    """One stream on a connection of its own (see `Stream`)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: aiohttp.ClientWebSocketResponse,
        transport: asyncio.Transport | None,
    ) -> None:
        self._session, self._socket, self._transport = session, socket, transport
        self._decoder = Decoder()

    async def send(self, pcm: bytes) -> None:
        """Send sound; waits while the connection takes no more."""
        try:
            await self._socket.send_bytes(audio_message(pcm))
        except (OSError, aiohttp.ClientError) as error:
            raise Fault("Lost", "") from error

    async def end(self) -> None:
        """Send the message without sound that ends the stream."""
        await self.send(b"")

    async def __aiter__(self) -> AsyncIterator[list[Result]]:
        """Yield the results of each event until the service closes the connection as it should."""
        while (message := await self._socket.receive()).type not in OVER:
            if message.type == aiohttp.WSMsgType.BINARY:
                for results in self._decoder.push(message.data):
                    yield results
        code = message.data if message.type == aiohttp.WSMsgType.CLOSE else None
        if code != aiohttp.WSCloseCode.OK:
            raise Fault("Lost", f"close code {code}" if code else "")

    async def close(self) -> None:
        """Close the connection, whatever the other side does."""
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._socket.close()
        except (TimeoutError, OSError, aiohttp.ClientError):
            pass
        finally:
            await self._session.close()
            transport, self._transport = self._transport, None
            if transport is not None:
                # A peer that is gone says no goodbye in TLS either, and the connection would wait 30 s for it.
                with contextlib.suppress(AttributeError):  # asyncio 3.11 stumbles over a connection that is down
                    transport.abort()
            await asyncio.sleep(CLOSING)


class WebSocketTransport:
    """Opens streams with signed addresses."""

    def __init__(self, address: Address, environ: Mapping[str, str]) -> None:
        self._address, self._environ = address, environ
        self._tls: ssl.SSLContext | None = None

    async def open(self, parameters: dict[str, str]) -> WebSocketStream:
        """Open a stream (see `Transport`)."""
        address = self._address
        keys = await fetch(self._environ)
        url = await signed_address(address.websocket, parameters, address.region, keys)
        if self._tls is None and url.scheme == "wss":
            self._tls = address.tls()
        async with AsyncExitStack() as stack:
            # A connection that was closed is gone only a few turns of the loop later.
            stack.push_async_callback(asyncio.sleep, CLOSING)
            session = await stack.enter_async_context(aiohttp.ClientSession(raise_for_status=_refusal))
            try:
                socket = await session.ws_connect(
                    url,
                    proxy=_proxy(url),
                    ssl=self._tls if self._tls is not None else True,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                    max_msg_size=MESSAGE_MAX,
                    # Our answer to the other side's close frame may come too late, which would hide its code.
                    autoclose=False,
                )
            except aiohttp.ClientHttpProxyError as error:
                raise Fault("ProxyRefused", f"it answers {error.status} {error.message}".rstrip()) from error
            except aiohttp.ClientProxyConnectionError as error:
                raise Fault("NoProxy", error.os_error.strerror or "") from error
            except aiohttp.WSServerHandshakeError as error:
                raise Fault(f"HTTP {error.status}", "it answered without a WebSocket", error.status) from error
            except aiohttp.ClientConnectorCertificateError as error:
                raise fault_of(error.certificate_error) from error
            except aiohttp.ClientConnectorDNSError as error:
                raise Fault("Unresolved", f"{error.host} has no address") from error
            except aiohttp.ClientConnectorError as error:
                raise fault_of(error.os_error) from error
            except (aiohttp.ClientError, OSError) as error:
                raise fault_of(error) from error
            stack.pop_all()
        connection = socket._response.connection
        return WebSocketStream(session, socket, connection.transport if connection else None)


def _proxy(url: URL) -> str | None:
    """Return the proxy that the environment (HTTPS_PROXY, NO_PROXY) or the system names for an address, or None.

    aiohttp itself would look for one under the scheme of the address, which nobody sets for "wss".
    """
    if proxy_bypass(f"{url.host}:{url.port}"):
        return None
    return getproxies().get("https" if url.scheme == "wss" else "http")


async def _refusal(response: aiohttp.ClientResponse) -> None:
    """Raise the `Fault` that a refused handshake means; aiohttp's own exception leaves out the body, which says why."""
    if response.status < 400:
        return
    name = response.headers.get("x-amzn-errortype", "").partition(":")[0] or f"HTTP {response.status}"
    try:
        body = json.loads(await response.content.read(REFUSAL_MAX))
        message = str(body.get("Message") or body.get("message") or "")
    except (ValueError, AttributeError, aiohttp.ClientError):
        message = ""
    stamp = response.headers.get("Date", "")
    try:
        skew = email.utils.parsedate_to_datetime(stamp).timestamp() - time.time()
    except ValueError:
        skew = 0.0
    raise Fault(name, message or f"Amazon answered {response.status}", response.status, skew)
