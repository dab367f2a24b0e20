"""AWS Signature Version 4, checked as the service checks it, written apart from any SDK.

Sources: the public descriptions "Create a signed AWS API request" and "Setting up a WebSocket stream" (presigned), and
for the chunks "AWS4-HMAC-SHA256-PAYLOAD" of the event-stream signing. A chunk's signature covers the one before it;
the first covers the request's own.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from tests.emulator import eventstream
from tests.emulator.eventstream import Message, Stamp
from tests.emulator.refusal import Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "transcribe"
SKEW = 300.0
"""Seconds by which a signature's time may differ from the service's clock."""
EMPTY = hashlib.sha256(b"").hexdigest()
STREAMING = "STREAMING-AWS4-HMAC-SHA256-EVENTS"


@dataclass(frozen=True, slots=True)
class Keys:
    """What one access key stands for."""

    secret: str
    token: str = ""
    """Session token of temporary credentials; empty for lasting ones."""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom, when and where something is signed."""

    access_key: str
    day: str
    region: str

    @property
    def path(self) -> str:
        """The scope as it stands in what is signed."""
        return f"{self.day}/{self.region}/{SERVICE}/aws4_request"


@dataclass(slots=True)
class Signer:
    """Who signed a request, and the signature its next chunk must be chained to."""

    keys: Keys
    scope: Scope
    last: str


@dataclass(frozen=True, slots=True)
class Account:
    """What signatures are held against."""

    keys: Mapping[str, Keys]
    region: str
    now: float
    """The service's clock, seconds since 1970."""


def invalid(message: str) -> Refusal:
    """Return the refusal of a signature."""
    return Refusal(403, "InvalidSignatureException", message)


def encoded(text: str) -> str:
    """Return `text` percent-encoded as signatures want it."""
    return quote(text, safe="-_.~")


def check_presigned(account: Account, path: str, query: str, host: str) -> Signer:
    """Check the signature in a URL; raises `Refusal`. `host` is the Host header as it came."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"):
        if f"X-Amz-{name}" not in given:
            raise Refusal(403, "MissingAuthenticationTokenException", f"X-Amz-{name} is missing in the URL")
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise invalid(f"X-Amz-Algorithm must be {ALGORITHM}")
    if not given["X-Amz-Expires"].isdigit() or not 0 < int(given["X-Amz-Expires"]) <= SKEW:
        raise invalid(f"X-Amz-Expires must be 1 to {SKEW:.0f} seconds")
    if given["X-Amz-SignedHeaders"] != "host":
        raise invalid("The signed headers of a URL must be: host")
    scope, keys = _scope(account, given["X-Amz-Credential"], given.get("X-Amz-Security-Token", ""))
    stamp = given["X-Amz-Date"]
    _check_time(account, scope, stamp, float(given["X-Amz-Expires"]))
    signed = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
    expected = sign(keys.secret, scope, stamp, canonical("GET", path, signed, {"host": host}, EMPTY))
    _compare(expected, given["X-Amz-Signature"])
    return Signer(keys, scope, expected)


def check_headers(account: Account, method: str, path: str, headers: Mapping[str, str]) -> Signer:
    """Check a request signed in its headers (names in lower case); raises `Refusal`."""
    kind, _, rest = headers.get("authorization", "").partition(" ")
    if kind != ALGORITHM:
        raise Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if not {"Credential", "SignedHeaders", "Signature"} <= set(fields):
        raise invalid("The Authorization header lacks Credential, SignedHeaders or Signature")
    scope, keys = _scope(account, fields["Credential"], headers.get("x-amz-security-token", ""))
    stamp = headers.get("x-amz-date", "")
    _check_time(account, scope, stamp, SKEW)
    names = fields["SignedHeaders"].split(";")
    missing = [name for name in names if name not in headers]
    if missing or "host" not in names or names != sorted(names):
        raise invalid(f"The signed headers cannot be {names} (missing: {missing})")
    unsigned = [name for name in headers if name.startswith("x-amz-") and name not in names]
    if unsigned:
        raise invalid(f"These headers must be signed: {unsigned}")
    digest = headers.get("x-amz-content-sha256", EMPTY)
    if digest not in (EMPTY, STREAMING):
        raise invalid(f"x-amz-content-sha256 must be {STREAMING}")
    path, _, query = path.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    request = canonical(method, path, pairs, {name: headers[name] for name in names}, digest)
    expected = sign(keys.secret, scope, stamp, request)
    _compare(expected, fields["Signature"])
    return Signer(keys, scope, expected)


def check_chunk(signer: Signer, message: Message, now: float) -> None:
    """Check a chunk's signature and chain the next one to it; raises `Refusal`."""
    date, signature = message.headers.get(":date"), message.headers.get(":chunk-signature")
    if not isinstance(date, Stamp) or not isinstance(signature, bytes):
        raise invalid("A chunk needs :date and :chunk-signature")
    if abs(date.milliseconds / 1000 - now) > SKEW:
        raise invalid("A chunk was signed at another time than now")
    stamp = datetime.fromtimestamp(date.milliseconds // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = Scope(signer.scope.access_key, stamp[:8], signer.scope.region)
    headers = {name: value for name, value in message.headers.items() if name != ":chunk-signature"}
    lines = (
        f"{ALGORITHM}-PAYLOAD",
        stamp,
        scope.path,
        signer.last,
        hashlib.sha256(eventstream.encode_headers(headers)).hexdigest(),
        hashlib.sha256(message.payload).hexdigest(),
    )
    expected = hmac.digest(_key(signer.keys.secret, scope), "\n".join(lines).encode(), "sha256")
    if not hmac.compare_digest(expected, signature):
        raise invalid("The signature of a chunk does not match")
    signer.last = expected.hex()


def canonical(method: str, path: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], digest: str) -> str:
    """Return a request in the one form both sides sign."""
    pairs = sorted((encoded(name), encoded(value)) for name, value in query)
    lines = [method, path, "&".join(f"{name}={value}" for name, value in pairs)]
    lines += [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
    return "\n".join([*lines, "", ";".join(sorted(headers)), digest])


def sign(secret: str, scope: Scope, stamp: str, request: str) -> str:
    """Return the signature (hexadecimal) of a canonical request."""
    lines = (ALGORITHM, stamp, scope.path, hashlib.sha256(request.encode()).hexdigest())
    return hmac.digest(_key(secret, scope), "\n".join(lines).encode(), "sha256").hex()


def _key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (scope.day, scope.region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _scope(account: Account, credential: str, token: str) -> tuple[Scope, Keys]:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise invalid(f"The credential {credential!r} is not KEY/DAY/REGION/{SERVICE}/aws4_request")
    access_key, day, region, service, _ = parts
    if service != SERVICE:
        raise invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if region != account.region:
        raise invalid(f"Credential should be scoped to a valid region, not '{region}'.")
    keys = account.keys.get(access_key)
    if keys is None or not hmac.compare_digest(keys.token.encode(), token.encode()):
        raise Refusal(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    if keys.expired:
        raise Refusal(403, "ExpiredTokenException", "The security token included in the request is expired")
    return Scope(access_key, day, region), keys


def _check_time(account: Account, scope: Scope, stamp: str, lives: float) -> None:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise invalid(f"The date {stamp!r} is none") from None
    if stamp[:8] != scope.day:
        raise invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")
    if account.now > signed + lives:
        raise invalid(f"Signature expired: {stamp} is now earlier than the service's time allows")
    if signed > account.now + SKEW:
        raise invalid(f"Signature not yet current: {stamp} is still later than the service's time allows")


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise invalid("The request signature we calculated does not match the signature you provided.")
