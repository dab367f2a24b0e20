"""How the emulated service behaves; everything may be changed while it runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

ACCESS_KEY = "AKIDEMULATOR"
SECRET = "emulator-secret"  # noqa: S105 - known on purpose
REGION = "eu-central-1"
MODES = ("coded", "any", "invent", "foreign")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set; durations in seconds."""

    mode: str = "coded"
    """coded: tone words; any: words for any loud sound; invent: the same, and words where there is none; foreign: any
    with a low confidence, as when the wrong language is set."""
    behind: float = 0.3
    """A word shows in a partial so much sound after its end."""
    words_per_final: int = 10
    pause: float = 0.8
    """So much silence makes a final."""
    guess: bool = True
    """The newest word of a partial is wrong ("x17" for "w17")."""
    jitter: float = 0.0
    """Word times are wrong by up to this much, either way."""
    seed: int = 0
    confidence: float = 0.95
    foreign_confidence: float = 0.2
    punctuation: bool = True
    turn: int = 0
    """Where speakers are asked for: two speak in turn, so many words each; 0: one speaks."""
    fragment: str = ""
    """What a cut tone word is heard as; empty: nothing, it is only counted."""
    loud: float = -40.0
    """dBFS above which mode `any` hears something."""
    word_seconds: float = 0.4
    """In mode `any`, so much loud sound is one word."""
    first_name: int = 0
    """In mode `any`, with which word of its list a stream begins: it does not know what the one before had."""
    invent_every: float = 1.0
    """In mode `invent`, so much quiet becomes one word."""
    lag: float = 0.0
    """So long by the clock every answer is held back."""
    idle: float = 15.0
    length: float = 4 * 3600.0
    """Limit of a stream, by the clock or by its sound, whichever is more."""
    streams: int = 25
    """Streams at once on each route."""
    limit_as: str = "response"
    """How one stream too many is refused: `response` (429) or `event` (after a good opening)."""
    chunk: float = 1.0
    """Longest chunk, in seconds of sound."""
    ahead: float = 0.0
    """Sound may run so far ahead of the clock; 0: as far as it likes."""
    region: str = REGION
    clock: float = 0.0
    """So far the service's clock is ahead of the true one."""
    keys: tuple[str, ...] = (f"{ACCESS_KEY}/{SECRET}",)
    """ACCESS/SECRET or ACCESS/SECRET/TOKEN of every key that is known."""
    expired: tuple[str, ...] = ()
    """Access keys whose session has run out."""
    vocabularies: tuple[str, ...] = ("emulator-vocabulary",)
    filters: tuple[str, ...] = ("emulator-filter",)
    models: tuple[str, ...] = ("emulator-model",)

    def with_changes(self, changes: Mapping[str, Any]) -> "Settings":
        """Return the settings with some changed (text is read as what the setting is); raises ValueError."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"There is no setting {name!r}; known: {', '.join(known)}")
            values[name] = _like(known[name], value)
        changed = replace(self, **values)
        if changed.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        if changed.limit_as not in ("response", "event"):
            raise ValueError("limit_as must be response or event")
        if changed.words_per_final < 1 or min(changed.streams, changed.turn) < 0:
            raise ValueError("words_per_final must be at least 1, streams and turn at least 0")
        return changed

    def public(self) -> dict[str, Any]:
        """Return all settings for JSON."""
        return asdict(self)


def _like(old: Any, value: Any) -> Any:
    match old:
        case bool():
            if str(value).lower() not in ("true", "false", "1", "0"):
                raise ValueError(f"{value!r} is neither true nor false")
            return str(value).lower() in ("true", "1")
        case tuple():
            return tuple(value.split(",") if isinstance(value, str) else value) if value else ()
        case _:
            return type(old)(value)
