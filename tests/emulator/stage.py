"""An emulator for a file of tests, as good as new in each of them."""

from collections.abc import Iterator

import pytest

from tests.emulator.running import Emulator, emulator


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    """One process for the whole file."""
    with emulator() as e:
        yield e


@pytest.fixture
def e(running_emulator: Emulator) -> Emulator:
    """Clean it of what the test before left."""
    running_emulator.reset()
    return running_emulator
