"""What can go wrong with Amazon Transcribe, whether waiting can mend it, and what an operator does about it."""

import asyncio
import re
import ssl
from dataclasses import dataclass

from aiohttp import ClientError
from awscrt.exceptions import AwsCrtError  # type: ignore[import-untyped]

from rtt.core.errors import EngineError


class Fault(Exception):  # noqa: N818 - an outcome by name; operators see EngineError
    """A failure of one stream, by the name the service, the connection or the system gives it."""

    def __init__(self, name: str, message: str = "", status: int = 0, skew: float = 0.0) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.name, self.message, self.status = name, message, status
        self.skew = skew
        """Seconds by which the service's clock is ahead of ours, where its answer told."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of failure."""

    retry: bool
    what: str
    mend: str = ""


KEYS = "Check the access key and secret (aws sts get-caller-identity shows whom they belong to), then start rtt again"
CLOCK = "Set the clock of this computer (timedatectl set-ntp true), then start rtt again"
ACCESS = (
    "Allow the actions transcribe:StartStreamTranscription and transcribe:StartStreamTranscriptionWebSocket to this "
    "identity (IAM), then start rtt again"
)
TRUST = "Connect without a proxy or login page that opens the encryption, or name its authority's file in AWS_CA_BUNDLE"
PROXY = "Check HTTPS_PROXY, or name Amazon's host in NO_PROXY, then start rtt again"
CHECK = "Check the language, region, vocabulary, filter and language model, then start the talk again"
BUSY = "Amazon Transcribe has no room for this stream"
GONE = "The connection to Amazon Transcribe was lost"
ILL = "Amazon Transcribe failed"

TABLE: dict[str, Row] = {
    "UnrecognizedClientException": Row(False, "Amazon does not know the access key", KEYS),
    "InvalidClientTokenId": Row(False, "Amazon does not know the access key", KEYS),
    "InvalidSignatureException": Row(False, "Amazon does not accept the secret key", KEYS),
    "SignatureDoesNotMatch": Row(False, "Amazon does not accept the secret key", KEYS),
    "ExpiredTokenException": Row(False, "The AWS credentials have expired", "Log in again, then start rtt again"),
    "ExpiredToken": Row(False, "The AWS credentials have expired", "Log in again, then start rtt again"),
    "RequestTimeTooSkewed": Row(False, "The clock of this computer is wrong", CLOCK),
    "RequestExpired": Row(False, "The clock of this computer is wrong", CLOCK),
    "AccessDeniedException": Row(False, "These AWS credentials may not use Amazon Transcribe", ACCESS),
    "AccessDenied": Row(False, "These AWS credentials may not use Amazon Transcribe", ACCESS),
    "OptInRequired": Row(False, "This AWS account is not signed up for Amazon Transcribe", ACCESS),
    "SubscriptionRequiredException": Row(False, "This AWS account is not signed up for Amazon Transcribe", ACCESS),
    "ValidationException": Row(False, "Amazon Transcribe does not take the request", CHECK),
    "SerializationException": Row(False, "Amazon Transcribe does not take the request", CHECK),
    "BadRequestException": Row(False, "Amazon Transcribe does not take the request", CHECK),
    "LimitExceededException": Row(True, BUSY),
    "ThrottlingException": Row(True, BUSY),
    "TooManyRequestsException": Row(True, BUSY),
    "ConflictException": Row(True, "Amazon Transcribe gave the stream to somebody else"),
    "InternalFailureException": Row(True, ILL),
    "InternalFailure": Row(True, ILL),
    "ServiceUnavailableException": Row(True, "Amazon Transcribe is not available"),
    "ServiceUnavailable": Row(True, "Amazon Transcribe is not available"),
    "Timeout": Row(True, "Amazon Transcribe does not answer"),
    "Lost": Row(True, GONE),
    "Ended": Row(True, "Amazon Transcribe ended the stream before the sound was over"),
    "Garbled": Row(True, "Amazon Transcribe sent something that cannot be read"),
    "Mute": Row(True, "The engine hears nothing"),
    "Unfinished": Row(True, "Amazon Transcribe did not finish its last line"),
    "Unresolved": Row(True, "Amazon Transcribe cannot be found", "Check the network and the region"),
    "Refused": Row(True, "Amazon Transcribe cannot be reached", "Check the network and the endpoint"),
    "NoProxy": Row(True, "The proxy to Amazon Transcribe cannot be reached", PROXY),
    "ProxyRefused": Row(False, "The proxy does not let rtt through to Amazon Transcribe", PROXY),
    "Untrusted": Row(False, "The certificate of Amazon Transcribe is not trusted", TRUST),
    "NoCredentials": Row(False, "No AWS credentials were found", "Set them (aws configure), then start rtt again"),
}
"""Every failure that has a name here; what has none is judged by its HTTP status, and then worth another try."""

_IDLE = re.compile(r"timed? ?out|no new audio|idle", re.IGNORECASE)
_CLOCK = re.compile(r"signature (has )?expired|not yet current|skew", re.IGNORECASE)
SKEW_SECONDS = 240
"""A signature is good for five minutes; a clock further out than this is the likelier reason of a refusal."""


def engine_error(fault: Fault, *, opening: bool) -> EngineError:
    """Return the error to tell an operator.

    `opening` is true until the service gave a sign of hearing: only then a bad request is the request's fault, not
    the stream's.
    """
    row = TABLE.get(fault.name) or _by_status(fault.status)
    refused = fault.status in (401, 403) or fault.name in ("InvalidSignatureException", "SignatureDoesNotMatch")
    if refused and (_CLOCK.search(fault.message) or abs(fault.skew) > SKEW_SECONDS):
        row = TABLE["RequestTimeTooSkewed"]
    elif fault.name == "BadRequestException" and (not opening or _IDLE.search(fault.message)):
        row = Row(True, "Amazon Transcribe ended the stream")
    why = fault.message or ("" if fault.name in TABLE else fault.name)
    if row is TABLE["RequestTimeTooSkewed"] and fault.skew:
        why = f"it differs from Amazon's by {abs(fault.skew):.0f} s"
    elif fault.name not in TABLE and fault.message:
        why = f"{fault.name}, {fault.message}"
    return EngineError(row.what, why[:300], row.mend, retry=row.retry)


def _by_status(status: int) -> Row:
    if status in (401, 403):
        return TABLE["AccessDeniedException"]
    if status in (400, 404, 405, 422):
        return TABLE["BadRequestException"]
    if status == 429:
        return TABLE["LimitExceededException"]
    return Row(True, ILL)


def fault_of(error: BaseException) -> Fault:
    """Return the fault behind an exception of a library or of the system."""
    match error:
        case Fault():
            return error
        case AwsCrtError():
            return _of_crt(error)
        case ssl.SSLCertVerificationError():
            return Fault("Untrusted", getattr(error, "verify_message", ""))
        case ssl.SSLError():
            return Fault("Refused", getattr(error, "reason", "") or "the encryption failed")
        case TimeoutError():
            return Fault("Timeout", "")
        case asyncio.IncompleteReadError() | ConnectionResetError() | BrokenPipeError():
            return Fault("Lost", "")
        case OSError() if error.__class__.__name__ == "gaierror":
            return Fault("Unresolved", error.strerror or "")
        case OSError():
            return Fault("Refused", error.strerror or str(error))
        case ClientError():
            return Fault("Refused", str(error))
    return Fault("Lost", f"{error.__class__.__name__}: {error}")


def _of_crt(error: AwsCrtError) -> Fault:
    name: str = error.name
    if "CREDENTIALS" in name or name == "AWS_AUTH_PROVIDER_PARSER_UNEXPECTED_RESPONSE":
        return Fault("NoCredentials", "")
    if name in ("AWS_IO_TLS_NEGOTIATION_TIMEOUT", "AWS_IO_SOCKET_TIMEOUT"):
        return Fault("Timeout", "")
    if "TLS" in name:
        return Fault("Untrusted", name)
    if "DNS" in name:
        return Fault("Unresolved", "")
    if name in ("AWS_ERROR_HTTP_CONNECTION_CLOSED", "AWS_ERROR_HTTP_RST_STREAM_RECEIVED", "AWS_IO_SOCKET_CLOSED"):
        return Fault("Lost", "")
    return Fault("Refused" if "SOCKET" in name else "Lost", f"{error.message}")
