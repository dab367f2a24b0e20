"""Where the service is, and whom to trust there."""

from pathlib import Path

import pytest

from rtt.core.errors import EngineError
from rtt.engines.transcribe.address import find
from rtt.engines.transcribe.options import TranscribeOptions


def test_the_public_endpoint_is_the_regions() -> None:
    """Both routes, each with its port; China has an ending of its own."""
    address = find(TranscribeOptions(region="eu-south-1"), {})
    assert address.http2 == "https://transcribestreaming.eu-south-1.amazonaws.com"
    assert address.websocket == "wss://transcribestreaming.eu-south-1.amazonaws.com:8443/stream-transcription-websocket"
    assert find(TranscribeOptions(region="cn-north-1"), {}).http2.endswith(".amazonaws.com.cn")


def test_the_region_comes_from_option_environment_or_profile(tmp_path: Path) -> None:
    """In this order; a named profile has a section of its own."""
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\n[profile hall]\nregion=eu-west-2\n")
    environ = {"AWS_CONFIG_FILE": str(config)}
    assert find(TranscribeOptions(), environ).region == "eu-west-1"
    assert find(TranscribeOptions(), environ | {"AWS_PROFILE": "hall"}).region == "eu-west-2"
    environ |= {"AWS_DEFAULT_REGION": "eu-north-1"}
    assert find(TranscribeOptions(), environ).region == "eu-north-1"
    environ |= {"AWS_REGION": "eu-central-1"}
    assert find(TranscribeOptions(), environ).region == "eu-central-1"
    assert find(TranscribeOptions(region="us-east-1"), environ).region == "us-east-1"


@pytest.mark.parametrize("content", [None, "no section\n", "[default]\n", "\x00\xff"])
def test_without_a_region_the_mend_is_said(tmp_path: Path, content: str | None) -> None:
    """A missing or broken file is no traceback."""
    config = tmp_path / "config"
    if content is not None:
        config.write_text(content, encoding="latin-1")
    with pytest.raises(EngineError, match="--aws-region") as failure:
        find(TranscribeOptions(), {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "hall"})
    assert "hall" in str(failure.value)
    assert not failure.value.retry


def test_an_endpoint_of_ones_own_is_taken_for_both_routes() -> None:
    """Option, then the service's variable, then the general one."""
    environ = {"AWS_REGION": "r", "AWS_ENDPOINT_URL": "https://all.example:1/"}
    assert find(TranscribeOptions(), environ).http2 == "https://all.example:1"
    environ["AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING"] = "https://one.example"
    address = find(TranscribeOptions(), environ)
    assert address.http2 == "https://one.example"
    assert address.websocket == "wss://one.example:8443/stream-transcription-websocket"
    address = find(TranscribeOptions(endpoint="wss://own.example:4443"), environ)
    assert address.websocket == "wss://own.example:4443/stream-transcription-websocket"
    assert address.http2 == "https://own.example:4443"


@pytest.mark.parametrize("wrong", ["transcribe", "ftp://x", "https://", "https://a:b"])
def test_an_endpoint_that_is_none_is_refused(wrong: str) -> None:
    """One sentence with an example."""
    with pytest.raises(EngineError, match="https://"):
        find(TranscribeOptions(region="r", endpoint=wrong), {})


def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing or empty: the variable and the file are in the sentence."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem"):
        address = find(TranscribeOptions(region="r"), {"AWS_CA_BUNDLE": str(tmp_path / name)})
        with pytest.raises(EngineError, match=f"AWS_CA_BUNDLE.*{name}"):
            address.tls()
