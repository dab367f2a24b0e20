"""Async code under test: one call, one limit, no plug-in."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(coro: Coroutine[Any, Any, T], seconds: float = 30) -> T:
    """Run `coro` in a loop of its own and return its result; TimeoutError after `seconds`.

    Fails if it leaves tasks running: what a test starts, the code under test has to end.
    """

    async def bounded() -> T:
        result = await asyncio.wait_for(coro, seconds)
        await asyncio.sleep(0)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, f"tasks left running: {left}"
        return result

    return asyncio.run(bounded())
