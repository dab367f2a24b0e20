"""An uplink under test: short limits, no luck involved, and its sentences kept."""

import asyncio
from dataclasses import dataclass, field

from rtt.capture.conversation import Patience
from rtt.capture.ring import Ring
from rtt.capture.source import BLOCK, Lost
from rtt.capture.uplink import Result, Target, Uplink
from tests.capture.sounds import ramp

QUICK = Patience(stall=0.4, ready=0.4, end=1.0, clock=10.0, steady=0.5)


@dataclass
class Call:
    """An uplink and what it said to the operator."""

    uplink: Uplink
    said: list[str] = field(default_factory=list)

    def count(self, words: str) -> int:
        return sum(words in line for line in self.said)


def call(
    server: str,
    *,
    live: bool = False,
    wait: bool = True,
    patience: Patience = QUICK,
    ring: Ring | None = None,
    language: str = "",
    token: str = "",
) -> Call:
    said: list[str] = []
    uplink = Uplink(
        Target(server, "aula1", language, token),
        live=live,
        say=said.append,
        wait=wait,
        ring=ring,
        chance=lambda: 0.0,
        wall=lambda: 1_700_000_000.0,
        patience=patience,
    )
    return Call(uplink, said)


async def give(uplink: Uplink, samples: int, pause: float = 0.0, size: int = BLOCK) -> None:
    """Feed the next `samples` samples of the ramp, then finish."""
    for start in range(0, samples, size):
        await uplink.feed(ramp(min(size, samples - start), start))
        await asyncio.sleep(pause)
    uplink.finish()


async def whole(uplink: Uplink, samples: int, pause: float = 0.0, size: int = BLOCK) -> Result:
    """Send a talk of `samples` samples from beginning to end."""
    giving = asyncio.create_task(give(uplink, samples, pause, size))
    try:
        return await uplink.run()
    finally:
        giving.cancel()
        await asyncio.wait([giving])


async def until(condition, seconds: float = 10) -> None:
    """Wait until `condition()` is true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


LOST = Lost(777, "this computer was too busy")
