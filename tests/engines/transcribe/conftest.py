"""One emulated service for all tests of a file, and the environment that leads to it."""

import gc
from collections.abc import Iterator

import pytest

from tests.emulator.running import Emulator, emulator


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Charge a socket that is left open to the test that left it."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def running_service() -> Iterator[Emulator]:
    """Run the emulator."""
    with emulator() as running:
        yield running


@pytest.fixture
def service(running_service: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Return the emulator as it is after its start, with this process's environment leading to it."""
    running_service.reset()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in running_service.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("AWS_CA_BUNDLE", running_service.ca)
    return running_service
