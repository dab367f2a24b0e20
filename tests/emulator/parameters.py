"""What a stream is asked for, checked as the service does.

One strictness beyond the service: a parameter that does not exist is refused, so that a misspelt one shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.emulator.refusal import bad_request
from tests.emulator.settings import Settings

LANGUAGES = frozenset((
    "af-ZA", "am-ET", "ar-AE", "ar-SA", "be-BY", "bg-BG", "bn-IN", "bs-BA", "ca-ES", "ckb-IQ", "ckb-IR",
    "cs-CZ", "cy-WL", "da-DK", "de-CH", "de-DE", "el-GR", "en-AB", "en-AU", "en-GB", "en-IE", "en-IN",
    "en-NZ", "en-US", "en-WL", "en-ZA", "es-ES", "es-MX", "es-US", "et-ET", "eu-ES", "fa-AF", "fa-IR",
    "fi-FI", "fr-CA", "fr-FR", "gl-ES", "gu-IN", "he-IL", "hi-IN", "hr-HR", "ht-HT", "hu-HU", "hy-AM",
    "id-ID", "is-IS", "it-IT", "ja-JP", "jv-ID", "ka-GE", "kab-DZ", "kk-KZ", "km-KH", "kn-IN", "ko-KR",
    "lg-IN", "lt-LT", "lv-LV", "mk-MK", "ml-IN", "mr-IN", "ms-MY", "my-MM", "ne-NP", "nl-NL", "no-NO",
    "or-IN", "pa-IN", "pl-PL", "ps-AF", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "si-LK", "sk-SK", "sl-SI",
    "so-SO", "sq-AL", "sr-RS", "su-ID", "sv-SE", "sw-BI", "sw-KE", "sw-RW", "sw-TZ", "sw-UG", "ta-IN",
    "te-IN", "th-TH", "tl-PH", "tr-TR", "uk-UA", "uz-UZ", "vi-VN", "zh-CN", "zh-HK", "zh-TW", "zu-ZA",
))  # fmt: skip
NAMES = frozenset((
    "language-code", "sample-rate", "media-encoding", "vocabulary-name", "vocabulary-names", "session-id",
    "vocabulary-filter-name", "vocabulary-filter-names", "vocabulary-filter-method", "show-speaker-label",
    "enable-channel-identification", "number-of-channels", "enable-partial-results-stabilization",
    "partial-results-stability", "language-model-name", "identify-language", "preferred-language",
    "identify-multiple-languages", "language-options", "pii-entity-types", "content-redaction-type",
    "content-identification-type", "session-resume-window", "transcript-format",
))  # fmt: skip
CODED_RATE = 16_000


@dataclass(frozen=True, slots=True)
class Parameters:
    """A stream as it was asked for."""

    language: str
    rate: int
    session: str = ""
    stabilization: bool = False
    stability: str = "high"
    speakers: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    """All of it as it came."""


def check(given: Mapping[str, str], settings: Settings) -> Parameters:
    """Return what `given` asks for; raises `Refusal`."""
    unknown = sorted(set(given) - NAMES)
    if unknown:
        raise bad_request(f"There is no parameter {', '.join(unknown)}")
    language = _language(given)
    rate = given.get("sample-rate", "")
    if not rate.isdigit() or not 8000 <= int(rate) <= 48_000:
        raise bad_request(f"The sample rate {rate!r} must be from 8000 to 48000 hertz")
    if settings.mode == "coded" and int(rate) != CODED_RATE:
        raise bad_request(f"The emulator hears tone words at {CODED_RATE} hertz only")
    if given.get("media-encoding") != "pcm":
        raise bad_request(f"The media encoding {given.get('media-encoding')!r} must be pcm here")
    if _flag(given, "enable-channel-identification") or given.get("number-of-channels", "1") != "1":
        raise bad_request("The emulator hears one channel only")
    stability = given.get("partial-results-stability", "")
    stabilization = _flag(given, "enable-partial-results-stabilization")
    if stability not in ("", "low", "medium", "high") or (stability and not stabilization):
        raise bad_request(f"The stability {stability!r} needs stabilization, and must be low, medium or high")
    _known(given, settings)
    return Parameters(
        language=language,
        rate=int(rate),
        session=given.get("session-id", ""),
        stabilization=stabilization,
        stability=stability or "high",
        speakers=_flag(given, "show-speaker-label"),
        given=dict(given),
    )


def _language(given: Mapping[str, str]) -> str:
    if _flag(given, "identify-language") or _flag(given, "identify-multiple-languages"):
        options = [code for code in given.get("language-options", "").split(",") if code]
        if "language-code" in given or len(options) < 2:
            raise bad_request("Identifying the language needs two language options and no language code")
        codes = options
    else:
        codes = [given.get("language-code", "")]
    for code in codes:
        if code not in LANGUAGES:
            listed = ", ".join(sorted(LANGUAGES))
            raise bad_request(
                f"1 validation error detected: Value '{code}' at 'languageCode' failed to satisfy constraint: Member "
                f"must satisfy enum value set: [{listed}]"
            )
    return codes[0]


def _known(given: Mapping[str, str], settings: Settings) -> None:
    if given.get("vocabulary-filter-method", "mask") not in ("mask", "remove", "tag"):
        raise bad_request("The vocabulary filter method must be mask, remove or tag")
    for kind, single, plural, known in (
        ("vocabulary", "vocabulary-name", "vocabulary-names", settings.vocabularies),
        ("vocabulary filter", "vocabulary-filter-name", "vocabulary-filter-names", settings.filters),
        ("language model", "language-model-name", "", settings.models),
    ):
        if given.get(single) and given.get(plural):
            raise bad_request(f"Give {single} or {plural}, not both")
        for name in (given.get(single) or given.get(plural) or "").split(","):
            if name and name not in known:
                raise bad_request(f"The requested {kind} '{name}' couldn't be found. Check the name and try again.")


def _flag(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false").lower()
    if value not in ("true", "false"):
        raise bad_request(f"{name} must be true or false")
    return value == "true"
