"""What a server may be told."""

from pathlib import Path

import pytest

from rtt.core.errors import UsageError
from rtt.server.config import ServerConfig


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.9"])
def test_loopback_needs_no_lock(host: str) -> None:
    """A server for this machine alone starts as it is."""
    assert ServerConfig(Path("x"), host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_open_door_must_be_meant(host: str) -> None:
    """Whoever listens for other machines without a lock has to say so; the error says how."""
    with pytest.raises(UsageError, match="--open"):
        ServerConfig(Path("x"), host=host)
    assert ServerConfig(Path("x"), host=host, open=True).open
