"""The service's messages, in its event-stream coding; the coding itself is the SDK's."""

import json
from collections.abc import Iterator

from amazon_transcribe.deserialize import TranscribeStreamingEventParser
from amazon_transcribe.eventstream import (
    HEADERS_SERIALIZATION_DICT,
    EventStreamBuffer,
    EventStreamMessage,
    EventStreamMessageSerializer,
)
from amazon_transcribe.model import Result, TranscriptEvent

from rtt.engines.transcribe.faults import Fault

_HEADERS: HEADERS_SERIALIZATION_DICT = {
    ":message-type": "event",
    ":event-type": "AudioEvent",
    ":content-type": "application/octet-stream",
}
_serializer = EventStreamMessageSerializer()


def audio_message(pcm: bytes) -> bytes:
    """Return the message that carries `pcm`; without sound it ends the stream."""
    return _serializer.serialize(_HEADERS, pcm)


class Decoder:
    """Turns the bytes of one stream into results."""

    def __init__(self) -> None:
        self._buffer = EventStreamBuffer()  # type: ignore[no-untyped-call]
        self._parser = TranscribeStreamingEventParser()

    def push(self, data: bytes) -> Iterator[list[Result]]:
        """Take bytes; yield the results of each event that is complete.

        Raises the service's exception as a `Fault`, and `Fault` "Garbled" for what cannot be read.
        """
        self._buffer.add_data(data)
        while True:
            try:
                message = next(self._buffer, None)
                event = None if message is None else self._parse(message)
            except Fault:
                raise
            except Exception as error:
                # The SDK lets whatever its own code stumbles over through: KeyError, struct.error, ChecksumMismatch.
                raise Fault("Garbled", f"{error.__class__.__name__}: {error}") from error
            if message is None:
                return
            if event is not None:
                yield event

    def _parse(self, message: EventStreamMessage) -> list[Result] | None:
        headers = {name: str(value) for name, value in message.headers.items()}
        if headers.get(":message-type") in ("exception", "error"):
            raise _fault(headers, message.payload)  # type: ignore[arg-type]  # the SDK declares it wrongly
        event = self._parser.parse(message)
        return event.transcript.results if isinstance(event, TranscriptEvent) else None


def _fault(headers: dict[str, str], payload: bytes) -> Fault:
    """Return what an exception message says; its name would be lost in the SDK's own parser."""
    name = headers.get(":exception-type") or headers.get(":error-code") or "Unknown"
    message = headers.get(":error-message", "")
    try:
        body = json.loads(payload)
    except ValueError:
        body = None
    if isinstance(body, dict):
        message = str(body.get("Message") or body.get("message") or message)
    return Fault(name, message)
