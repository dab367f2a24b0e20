import asyncio

import pytest

from tests.harness.aio import run


def test_a_result_comes_back() -> None:
    """What the coroutine returns is what the test gets."""

    async def answer() -> int:
        return 42

    assert run(answer()) == 42


def test_a_wait_has_a_limit() -> None:
    """A coroutine that never ends fails the test instead of hanging it."""
    with pytest.raises(TimeoutError):
        run(asyncio.sleep(60), seconds=0.05)


def test_a_task_left_running_is_a_failure() -> None:
    """Code under test that forgets a task is found out."""
    kept = []

    async def forgetful() -> None:
        kept.append(asyncio.create_task(asyncio.sleep(60)))

    with pytest.raises(AssertionError, match="left running"):
        run(forgetful())
