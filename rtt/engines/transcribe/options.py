"""What an operator can set of Amazon Transcribe, for the server and for each room."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from rtt.core.errors import UsageError

TRANSPORTS = ("websocket", "http2")
FILTER_METHODS = ("remove", "mask", "tag")
STABILITIES = ("off", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """What may differ from room to room; None means: as the server has it."""

    vocabulary: str | None = None
    vocabulary_filter: str | None = None
    filter_method: str | None = None
    language_model: str | None = None
    stability: str | None = None
    speaker_labels: bool | None = None

    def __post_init__(self) -> None:
        _one_of("filter method", self.filter_method, FILTER_METHODS)
        _one_of("stability", self.stability, STABILITIES)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the engine waits for the service, in seconds."""

    open: float = 10.0
    """For the answer to a request for a stream."""
    send: float = 10.0
    """For room on the connection."""
    mute: float = 8.0
    """For any event after voice was sent."""
    finish: float = 10.0
    """For the last final, once the sound is over."""
    quiet: float = 1.0
    """For the next sound, before silence is sent in its place."""
    quiet_in_voice: float = 5.0
    """The same in the middle of voice: silence there would cut a word, and the service waits 15 s."""
    roll_pause: float = 60.0
    """For a pause to change streams in, once `limit_seconds` are over."""


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """How the service is reached and what it is asked for; raises `UsageError` for what cannot be."""

    region: str = ""
    """Empty: from AWS_REGION, AWS_DEFAULT_REGION, or the profile."""
    transport: str = "websocket"
    endpoint: str = ""
    """Empty: from AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING, AWS_ENDPOINT_URL, or the region's public one."""
    vocabulary: str = ""
    vocabulary_filter: str = ""
    filter_method: str = "mask"
    language_model: str = ""
    stability: str = "medium"
    """How early words of a partial are promised: "off", or from "low" (most accurate) to "high" (earliest)."""
    speaker_labels: bool = False
    rate_usd_per_minute: float = 0.024
    limit_seconds: float = 3.0 * 3600 + 50 * 60
    """A stream is replaced after so much sound: the service ends it after four hours."""
    pace: float = 1.0
    """How much faster than real time the service may be fed; what it bears is not documented."""
    confidence_floor: float = 0.3
    more_languages: tuple[str, ...] = ()
    """Languages that the service has learnt since this list was made."""
    limits: Limits = Limits()
    rooms: Mapping[str, RoomOptions] = field(default_factory=dict)
    """What differs in single rooms."""

    def __post_init__(self) -> None:
        _one_of("transport", self.transport, TRANSPORTS)
        _one_of("filter method", self.filter_method, FILTER_METHODS)
        _one_of("stability", self.stability, STABILITIES)
        for name in ("limit_seconds", "pace"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} of Amazon Transcribe must be more than 0")

    def of(self, room: str) -> "TranscribeOptions":
        """Return the options as they are in one room."""
        own = self.rooms.get(room)
        if own is None:
            return self
        values = {one.name: getattr(own, one.name) for one in fields(own)}
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def query(self, language: str) -> dict[str, str]:
        """Return the service's parameters, by their names in the WebSocket request."""
        values = {
            "language-code": language,
            "media-encoding": "pcm",
            "sample-rate": "16000",
            "vocabulary-name": self.vocabulary,
            "vocabulary-filter-name": self.vocabulary_filter,
            "vocabulary-filter-method": self.filter_method if self.vocabulary_filter else "",
            "language-model-name": self.language_model,
            "show-speaker-label": "true" if self.speaker_labels else "",
            "enable-partial-results-stabilization": "" if self.stability == "off" else "true",
            "partial-results-stability": "" if self.stability == "off" else self.stability,
        }
        return {name: value for name, value in values.items() if value}


def _one_of(what: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise UsageError(f"The {what} of Amazon Transcribe cannot be {value!r}", mend=f"Use one of: {', '.join(known)}")
