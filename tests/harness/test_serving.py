import signal
import urllib.request
from pathlib import Path

from tests.harness.serving import serving


def test_a_server_answers_and_comes_back_on_the_same_port(tmp_path: Path) -> None:
    """A server can be killed and started anew in its place, with its data."""
    with serving(tmp_path) as first:
        assert urllib.request.urlopen(f"{first.url}/healthz", timeout=10).status == 200
        first.process.signal(signal.SIGKILL)
        first.process.ended()
    with serving(tmp_path, port=first.port) as second:
        assert second.port == first.port
        assert urllib.request.urlopen(f"{second.url}/healthz", timeout=10).status == 200
