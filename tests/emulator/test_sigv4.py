"""Signatures, held against two signers that are not ours."""

import dataclasses
import time
from datetime import UTC, datetime, timedelta

import pytest
from amazon_transcribe.auth import Credentials
from amazon_transcribe.eventstream import EventSigner

from tests.emulator.clients import presigned
from tests.emulator.eventstream import Message, Stamp, encode
from tests.emulator.refusal import Refusal
from tests.emulator.sigv4 import Account, Keys, Scope, Signer, check_chunk, check_headers, check_presigned
from tests.emulator.ws_route import PATH

KEYS = ("AKID", "a/secret+", "token/+=&")
ACCOUNT = Account({"AKID": Keys("a/secret+", "token/+=&")}, "eu-south-1", time.time())


def address(**asked: str) -> str:
    """Return the query of a presigned address."""
    return presigned(f"wss://example.test:8443{PATH}", KEYS, "eu-south-1", asked).partition("?")[2]


def test_what_awscrt_presigns_is_good() -> None:
    """Blanks, slashes and letters of other scripts are encoded alike on both sides."""
    signer = check_presigned(ACCOUNT, PATH, address(vocabulary_name="a b/è~+"), "example.test:8443")
    assert signer.scope.region == "eu-south-1"


@pytest.mark.parametrize(
    ("old", "new", "host"),
    [
        ("language-code=it-IT", "language-code=en-US", "example.test:8443"),
        ("X-Amz-Expires=300", "X-Amz-Expires=299", "example.test:8443"),
        ("language-code=it-IT", "language-code=it-IT&more=1", "example.test:8443"),
        ("", "", "example.test"),
    ],
)
def test_whatever_is_changed_after_signing_is_noticed(old: str, new: str, host: str) -> None:
    """Parameters, expiry and host are all signed."""
    query = address(language_code="it-IT")
    assert old in query
    with pytest.raises(Refusal) as caught:
        check_presigned(ACCOUNT, PATH, query.replace(old, new, 1), host)
    assert caught.value.code == "InvalidSignatureException"


def test_an_address_expires() -> None:
    """It is good for the seconds it says."""
    query = address()
    check_presigned(dataclasses.replace(ACCOUNT, now=time.time() + 290), PATH, query, "example.test:8443")
    with pytest.raises(Refusal, match="expired"):
        check_presigned(dataclasses.replace(ACCOUNT, now=time.time() + 310), PATH, query, "example.test:8443")


@pytest.mark.parametrize("header", ["", "Basic x", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 Credential"])
def test_a_request_without_a_whole_signature_is_refused(header: str) -> None:
    """Rubbish is refused with 403, not with a crash."""
    with pytest.raises(Refusal) as caught:
        check_headers(ACCOUNT, "POST", "/", {"authorization": header, "host": "example.test"})
    assert caught.value.status == 403


class Chain:
    """Chunks signed by the SDK, each chained to the one before."""

    def __init__(self) -> None:
        self.last = bytes.fromhex("ab" * 32)
        self._sdk = EventSigner("transcribe", "eu-south-1", lambda: datetime.now(UTC) + self.late)
        self.late = timedelta()

    def chunk(self, payload: bytes) -> Message:
        """Return the next chunk."""
        headers = self._sdk.sign(payload, self.last, Credentials("AKID", "a/secret+"))
        self.last = bytes(headers[":chunk-signature"])  # type: ignore[arg-type]
        date = headers[":date"]
        assert isinstance(date, datetime)
        return Message({":date": Stamp(int(date.timestamp() * 1000)), ":chunk-signature": self.last}, payload)


def signer() -> Signer:
    """Return one whose request had the signature the chain begins with."""
    return Signer(Keys("a/secret+"), Scope("AKID", "20260101", "eu-south-1"), "ab" * 32)


def test_a_chain_of_chunks_is_good() -> None:
    """Each is checked against the one before."""
    chain, ours = Chain(), signer()
    for payload in (encode({}, b"a"), encode({}, b"b"), b""):
        check_chunk(ours, chain.chunk(payload), time.time())


def test_a_lost_a_repeated_and_a_changed_chunk_are_noticed() -> None:
    """The chain breaks where sound is missing, doubled or other than signed."""
    chain = Chain()
    first, second, third = (chain.chunk(payload) for payload in (b"a", b"b", b"c"))
    for good, bad in ([], second), ([first], first), ([first], third), ([], Message(first.headers, b"x")):
        ours = signer()
        for chunk in good:
            check_chunk(ours, chunk, time.time())
        with pytest.raises(Refusal, match="does not match"):
            check_chunk(ours, bad, time.time())


def test_a_chunk_signed_at_another_time_is_refused() -> None:
    """Five minutes are the most."""
    chain = Chain()
    chain.late = timedelta(seconds=400)
    with pytest.raises(Refusal, match="another time"):
        check_chunk(signer(), chain.chunk(b"a"), time.time())
