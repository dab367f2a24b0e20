import threading

import pytest

from rtt.capture.aside import aside
from tests.harness.aio import run


def test_a_call_gives_what_it_gives_and_raises_what_it_raises() -> None:
    """The result and the error come back to whoever waits."""

    def bad() -> int:
        raise KeyError("k")

    assert run(aside(lambda: 7, 5)) == 7
    with pytest.raises(KeyError):
        run(aside(bad, 5))


def test_a_call_that_hangs_is_given_up_and_does_not_hold_the_loop_or_its_end() -> None:
    """The limit counts, and a late answer to a closed loop harms nobody."""
    release, done = threading.Event(), threading.Event()

    def hangs() -> None:
        release.wait(20)
        done.set()

    with pytest.raises(TimeoutError):
        run(aside(hangs, 0.05))
    release.set()
    assert done.wait(10)
