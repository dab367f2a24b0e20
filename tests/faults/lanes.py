"""Many runs, several at a time, and the count at the end."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.run import Outcome, run
from tests.faults.schedule import Schedule

THREADS_PER_LANE = 12
"""Waits on processes that a run may have at a time."""


async def play(
    schedules: Iterable[Schedule],
    *,
    lanes: int,
    jitter: float,
    late: str = "",
    keep: Path | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Play every schedule, `lanes` at a time; `tell` gets each outcome as it comes."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(lanes * THREADS_PER_LANE))
    free = asyncio.Semaphore(lanes)
    outcomes: list[Outcome] = []

    async def one(schedule: Schedule) -> None:
        async with free:
            outcome = await run(schedule, jitter=jitter, late=late, keep=keep)
        outcomes.append(outcome)
        tell(outcome)

    async with asyncio.TaskGroup() as group:
        for schedule in schedules:
            group.create_task(one(schedule))
    return outcomes


def total(outcomes: list[Outcome], jitter: float) -> str:
    """Return the closing count."""
    faults = sum(len(outcome.struck) for outcome in outcomes)
    bad = [outcome for outcome in outcomes if outcome.wrong]
    excused = sum(outcome.excused for outcome in outcomes)
    words = sum(outcome.words for outcome in outcomes)
    how = f"{faults} faults in {len(outcomes)} runs, {words} words ({excused} in announced gaps), jitter {jitter} s"
    if not bad:
        return f"{how}: nothing lost, nothing doubled."
    seeds = ", ".join(f"{outcome.schedule.seed} {outcome.schedule.engine}" for outcome in bad)
    return f"{how}: WRONG in {len(bad)} runs (seeds {seeds})."
