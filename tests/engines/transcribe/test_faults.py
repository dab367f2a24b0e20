"""Which failures are worth another try, and what an operator reads."""

import asyncio
import socket
import ssl

import pytest
from awscrt.exceptions import AwsCrtError

from rtt.engines.transcribe.faults import TABLE, Fault, engine_error, fault_of

ENDS = [
    Fault("UnrecognizedClientException", "The security token included in the request is invalid", 403),
    Fault("InvalidSignatureException", "The request signature does not match", 403),
    Fault("AccessDeniedException", "User is not authorized", 403),
    Fault("ExpiredTokenException", "expired", 403),
    Fault("Whatever", "no", 403),
    Fault("HTTP 401", "", 401),
    Fault("HTTP 400", "", 400),
    Fault("BadRequestException", "Value 'xx-XX' at 'languageCode' failed", 400),
    Fault("NoCredentials", "nowhere"),
    Fault("Untrusted", "self-signed certificate"),
]
GO_ON = [
    Fault("LimitExceededException", "too many", 429),
    Fault("ThrottlingException", "", 429),
    Fault("HTTP 429", "", 429),
    Fault("ConflictException", "", 409),
    Fault("InternalFailureException", "", 500),
    Fault("ServiceUnavailableException", "", 503),
    Fault("HTTP 502", "", 502),
    Fault("BrandNewException", "?"),
    Fault("BadRequestException", "Your request timed out because no new audio was received for 15 seconds."),
    Fault("Timeout"),
    Fault("Lost"),
    Fault("Ended"),
    Fault("Garbled", "checksum"),
    Fault("Mute"),
    Fault("Unresolved"),
    Fault("Refused"),
]


@pytest.mark.parametrize("fault", ENDS, ids=str)
def test_what_waiting_cannot_mend_is_said_with_its_mend(fault: Fault) -> None:
    """The sentence ends in an act, and no retry is promised."""
    error = engine_error(fault, opening=True)
    assert not error.retry
    assert error.mend
    assert "Exception" not in error.what


@pytest.mark.parametrize("fault", GO_ON, ids=str)
def test_what_may_pass_is_tried_again(fault: Fault) -> None:
    """A busy, ill or lost service is worth another stream."""
    error = engine_error(fault, opening=True)
    assert error.retry
    assert error.what


def test_a_bad_request_in_mid_stream_is_the_streams_fault() -> None:
    """Parameters that were good for minutes do not become bad."""
    assert engine_error(Fault("BadRequestException", "odd"), opening=False).retry
    assert not engine_error(Fault("BadRequestException", "odd"), opening=True).retry


@pytest.mark.parametrize(
    "fault",
    [
        Fault("InvalidSignatureException", "Signature expired: 20261121T100000Z is now earlier than ...", 403),
        Fault("SignatureDoesNotMatch", "Signature not yet current", 403),
        Fault("HTTP 403", "Amazon answered 403", 403, skew=-900.0),
        Fault("RequestTimeTooSkewed", "", 403),
    ],
    ids=str,
)
def test_a_wrong_clock_is_called_a_wrong_clock(fault: Fault) -> None:
    """Keys are not blamed for what the clock did."""
    error = engine_error(fault, opening=True)
    assert "clock" in error.what
    assert "clock" in error.mend
    assert not error.retry


def test_every_row_that_ends_has_a_mend_or_a_reason() -> None:
    """No operator is left guessing."""
    for name, row in TABLE.items():
        assert row.retry or row.mend, name
        assert row.what[0].isupper(), name


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), "Timeout"),
        (ConnectionResetError(104, "reset"), "Lost"),
        (ConnectionRefusedError(111, "Connection refused"), "Refused"),
        (socket.gaierror(-2, "Name or service not known"), "Unresolved"),
        (ssl.SSLCertVerificationError(1, "bad"), "Untrusted"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "Refused"),
        (asyncio.IncompleteReadError(b"", 5), "Lost"),
        (AwsCrtError(1, "AWS_AUTH_CREDENTIALS_PROVIDER_IMDS_SOURCE_FAILURE", "x"), "NoCredentials"),
        (AwsCrtError(1, "AWS_IO_SOCKET_TIMEOUT", "x"), "Timeout"),
        (AwsCrtError(1, "AWS_IO_SOCKET_CONNECTION_REFUSED", "x"), "Refused"),
        (AwsCrtError(1, "AWS_IO_TLS_NEGOTIATION_TIMEOUT", "x"), "Timeout"),
        (AwsCrtError(1, "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE", "x"), "Untrusted"),
        (AwsCrtError(1, "AWS_IO_DNS_INVALID_NAME", "x"), "Unresolved"),
        (AwsCrtError(2058, "AWS_ERROR_HTTP_CONNECTION_CLOSED", "x"), "Lost"),
        (AwsCrtError(9, "AWS_ERROR_HTTP_GOAWAY_RECEIVED", "x"), "Lost"),
        (Fault("Mute"), "Mute"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_of_libraries_and_system_have_a_name_of_ours(error: BaseException, name: str) -> None:
    """No exception class of a library reaches an operator."""
    fault = fault_of(error)
    assert fault.name == name
    assert engine_error(fault, opening=True).what
