"""The engine `transcribe`: Amazon Transcribe Streaming."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping

from rtt.core.caption import Heard
from rtt.core.errors import EngineError
from rtt.engines.base import Chunk, Request, Spent, Traits
from rtt.engines.transcribe.address import Address, find
from rtt.engines.transcribe.course import Course, opened
from rtt.engines.transcribe.faults import TABLE, Fault, engine_error, fault_of
from rtt.engines.transcribe.http2 import Http2Transport
from rtt.engines.transcribe.languages import LANGUAGES
from rtt.engines.transcribe.leg import first_of
from rtt.engines.transcribe.options import TranscribeOptions
from rtt.engines.transcribe.transport import Transport
from rtt.engines.transcribe.websocket import WebSocketTransport


class Transcribe:
    """Speech to text by Amazon Transcribe: the sound leaves the building, and every minute of it is paid for.

    `transport` replaces the way to the service that the options mean; `environ` is the process's environment.
    """

    def __init__(
        self,
        options: TranscribeOptions | None = None,
        *,
        transport: Transport | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.options = options or TranscribeOptions()
        self.seconds_streamed: dict[str, float] = {}
        """Seconds of sound sent for each room, silence of our own and sound heard again included: what is paid for."""
        self._environ = environ
        self._transport = transport
        self._proven = False

    @property
    def traits(self) -> Traits:
        """What this engine is like.

        Confidence: the service documents none to trust; the words of a wrong language are expected low, those of
        a clear voice above 0.8, and a floor of 0.3 errs on the side of showing.
        """
        return Traits(
            name="transcribe",
            languages=(*LANGUAGES, *self.options.more_languages),
            confidence_floor=self.options.confidence_floor,
            time_error=0.2,
            pace=self.options.pace,
            private=False,
            usd_per_minute=self.options.rate_usd_per_minute,
        )

    def spent(self, room: str) -> Spent:
        """Return what a room cost so far, by the rate of the options."""
        seconds = self.seconds_streamed.get(room, 0.0)
        return Spent(seconds, seconds / 60 * self.options.rate_usd_per_minute)

    def address(self) -> Address:
        """Return where streams are opened; raises `EngineError` where none is known."""
        return find(self.options, self._environ)

    async def probe(self, language: str = "en-US") -> None:
        """Open a stream and end it at once; raises `EngineError` if the service would not hear a talk.

        This proves network, clock, credentials, permission and region together. It is a signed call that may cost
        what the shortest stream costs (15 s).
        """
        parameters = self.options.query(language)
        stream = await opened(self._way(), parameters, self.options.limits)
        try:
            async with asyncio.timeout(self.options.limits.finish):
                await stream.end()
                async for _ in stream:
                    pass
        except (Fault, OSError) as error:
            raise engine_error(fault_of(error), opening=True) from error
        finally:
            await stream.close()
        self._proven = True

    async def transcribe(self, request: Request, sound: AsyncIterator[Chunk], report: Callable[[Heard], None]) -> None:
        """Hear one stream to its end (see `Engine`); a long one goes over several streams of the service."""
        if request.language not in self.traits.languages:
            raise EngineError(
                f"Amazon Transcribe does not speak {request.language}",
                "it is none of its languages",
                "Choose a language tag such as it-IT or en-US",
                retry=False,
            )

        def sent(seconds: float) -> None:
            self._proven = True
            self.seconds_streamed[request.room] = self.seconds_streamed.get(request.room, 0.0) + seconds

        options = self.options.of(request.room)
        course = Course(self._way(), options, options.query(request.language), report, sent)
        try:
            await course.run(sound)
        except BaseExceptionGroup as group:
            error = first_of(group)
            raise (self._judged(error) if isinstance(error, EngineError) else error) from None

    async def close(self) -> None:
        """Hold nothing beyond the streams, so give nothing back."""

    def _way(self) -> Transport:
        if self._transport is None:
            address = self.address()
            kind = Http2Transport if self.options.transport == "http2" else WebSocketTransport
            self._transport = kind(address, self._environ)
        return self._transport

    def _judged(self, error: EngineError) -> EngineError:
        """Return the error, worth another try where it worked before: a login page comes and goes with the network."""
        if self._proven and error.what == TABLE["Untrusted"].what:
            return EngineError(error.what, error.why, error.mend, retry=True)
        return error
