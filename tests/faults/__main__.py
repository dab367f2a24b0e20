"""The fault runner: python -m tests.faults --seeds 1..20 --engine both --jitter 0.1 --lanes 3 --seconds 40.

Plays talks through real processes while faults befall them, one line a run, and counts at the end. The seed of a
failure, with the same options, gives the same schedule again. Exit code 1 if anything was lost or doubled.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.faults.lanes import play, total
from tests.faults.run import Outcome
from tests.faults.schedule import ENGINES, OF_ENGINE, OPTIONAL, WORLD, draw


def seeds(text: str) -> range:
    """Read `7` or `1..20`."""
    first, _, last = text.partition("..")
    found = range(int(first), int(last or first) + 1)
    if not found:
        raise ValueError(text)
    return found


def main() -> int:
    """Read the command line, play, and return the exit code."""
    every = {**WORLD, **OPTIONAL, **OF_ENGINE["scripted"], **OF_ENGINE["transcribe"]}
    parser = argparse.ArgumentParser(
        prog="tests.faults",
        description="Talks through real processes, with faults; nothing may be lost or doubled.",
        epilog="kinds of fault:\n" + "".join(f"  {name:22} {kind.what}\n" for name, kind in every.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seeds",
        type=seeds,
        default=range(1, 21),
        help="one, or the first and the last: 1..20; with `both`, each for both engines",
    )
    parser.add_argument("--engine", choices=[*ENGINES, "both"], default="both")
    parser.add_argument("--jitter", type=float, default=0.1, help="seconds by which the engine's word times are wrong")
    parser.add_argument("--lanes", type=int, default=3, help="runs at a time")
    parser.add_argument("--seconds", type=float, default=40.0, help="of talk, at least")
    parser.add_argument("--faults", type=int, default=5, help="in each run")
    parser.add_argument("--longest", type=float, default=30.0, help="seconds a fault may last")
    parser.add_argument("--extra", action="append", default=[], choices=list(OPTIONAL), help="faults off by default")
    parser.add_argument("--late", choices=["", "keep", "skip"], default="", help="given to rtt capture")
    parser.add_argument("--keep", type=Path, help="folder for journals and stories of every run")
    asked = parser.parse_args()
    engines = ENGINES if asked.engine == "both" else (asked.engine,)
    schedules = [
        draw(seed, engine, seconds=asked.seconds, count=asked.faults, longest=asked.longest, extra=asked.extra)
        for seed in asked.seeds
        for engine in engines
    ]

    def tell(outcome: Outcome) -> None:
        sys.stdout.write(outcome.line + "\n")
        if outcome.wrong and asked.keep is None:
            sys.stdout.write(outcome.story + "\n")
        sys.stdout.flush()

    outcomes = asyncio.run(
        play(schedules, lanes=asked.lanes, jitter=asked.jitter, late=asked.late, keep=asked.keep, tell=tell)
    )
    sys.stdout.write(total(outcomes, asked.jitter) + "\n")
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
