"""Calls into a sound library that may hang for ever.

A thread stuck in such a call cannot be ended, and asyncio's own threads are waited for at exit. So each call has a
daemon thread of its own, and whoever waits gives up after a limit.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def aside(call: Callable[[], T], seconds: float) -> T:
    """Return what `call` returns, or raise what it raises; TimeoutError after `seconds`, the call left to itself."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def hand(give: Callable[[Any], None], what: Any) -> None:
        if not answer.done():
            give(what)

    def tell(give: Callable[[Any], None], what: Any) -> None:
        try:
            loop.call_soon_threadsafe(hand, give, what)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def work() -> None:
        try:
            result = call()
        except BaseException as error:
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, result)

    threading.Thread(target=work, name="rtt-sound", daemon=True).start()
    return await asyncio.wait_for(answer, seconds)
