"""Who asks: found where every AWS program looks, and said when not found."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rtt.engines.transcribe.credentials import Keys, fetch, looked_for, signed_address
from rtt.engines.transcribe.faults import Fault
from tests.harness.aio import run

AWS = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody without any AWS account; the SDK reads the process's own."""
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    environ = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


def test_keys_of_the_environment_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """And found anew: what changes during a talk counts for the next stream."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret1")
    assert run(fetch({})) == Keys("AKID1", "secret1", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert run(fetch({})) == Keys("AKID2", "secret1", "token")


def test_keys_of_a_profile_are_found(nobody: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A rewritten file counts for the next stream too."""
    path = Path(nobody["AWS_SHARED_CREDENTIALS_FILE"])
    monkeypatch.setenv("AWS_PROFILE", "hall")
    for key in ("AKIDA", "AKIDB"):
        path.write_text(f"[hall]\naws_access_key_id = {key}\naws_secret_access_key = s\n")
        assert run(fetch({})).access == key


def test_nobody_is_told_where_was_looked(nobody: dict[str, str]) -> None:
    """Not the metadata service's error, but the places in words."""
    with pytest.raises(Fault) as fault:
        run(fetch(nobody | {"AWS_PROFILE": "hall"}))
    assert fault.value.name == "NoCredentials"
    for word in ("AWS_ACCESS_KEY_ID", "no profile hall", "credentials", "AWS_EC2_METADATA_DISABLED"):
        assert word in fault.value.message


def test_half_of_a_key_and_an_empty_profile_are_called_so(nobody: dict[str, str]) -> None:
    """What is nearly right is the hardest to find."""
    Path(nobody["AWS_CONFIG_FILE"]).write_text("[profile hall]\nregion = eu-west-1\n")
    words = looked_for({**nobody, "AWS_ACCESS_KEY_ID": "AKID", "AWS_PROFILE": "hall"})
    assert "without AWS_SECRET_ACCESS_KEY" in words
    assert "the profile hall holds no usable credentials" in words
    words = looked_for({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "x", "AWS_WEB_IDENTITY_TOKEN_FILE": "y"})
    assert "container's role did not answer" in words
    assert "web identity was not accepted" in words


def test_secrets_are_in_no_text() -> None:
    """A log line with the keys in it would show whom they belong to and nothing more."""
    assert "hush" not in repr(Keys("AKID", "hush", "hush"))


def test_an_address_is_signed_for_five_minutes() -> None:
    """Every parameter is in the query, with the signature over it and the session's token."""
    url = run(
        signed_address(
            "wss://host.example:8443/stream-transcription-websocket",
            {"language-code": "it-IT", "vocabulary-name": "a b&c"},
            "eu-central-1",
            Keys("AKID", "secret", "tok/en+="),
        )
    )
    parts = urlsplit(str(url))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.netloc == "host.example:8443"
    assert parts.path == "/stream-transcription-websocket"
    assert query["language-code"] == "it-IT"
    assert query["vocabulary-name"] == "a b&c"
    assert query["X-Amz-Expires"] == "300"
    assert query["X-Amz-Security-Token"] == "tok/en+="
    assert "/eu-central-1/transcribe/aws4_request" in query["X-Amz-Credential"]
    assert len(query["X-Amz-Signature"]) == 64
    assert "secret" not in str(url)
