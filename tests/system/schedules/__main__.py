"""Random fault schedules, many: python -m tests.system.schedules --count 6000.

Prints how many schedules broke of how many in which each kind of fault occurred, and the seeds of those that did.
`--seed N` plays one and tells what was wrong.
"""

import argparse
import sys
import time
from collections import Counter

from tests.system.schedules.faults import Kind, Schedule, draw
from tests.system.schedules.rules import Rules
from tests.system.schedules.verdict import judge
from tests.system.schedules.world import World


def main(arguments: list[str] | None = None) -> int:
    """Play; return 1 if a schedule broke."""
    parser = argparse.ArgumentParser(prog="tests.system.schedules", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seed", type=int, help="play this one only, and tell all")
    parser.add_argument("--kind", type=Kind, action="append", help="faults to draw from: " + ", ".join(Kind))
    parser.add_argument("--voices", type=int, choices=(1, 2), help="people who speak; by default in 3 of 10 talks two")
    parser.add_argument("--without", action="append", default=[], help="a rule that does not hold (see rules.py)")
    asked = parser.parse_args(arguments)
    rules = Rules(**dict.fromkeys(asked.without, False))
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.count)
    tally = _Tally()
    began = time.process_time()
    for seed in seeds:
        second_voice = None if asked.voices is None else asked.voices == 2
        schedule = draw(seed, kinds=tuple(asked.kind or Kind), second_voice=second_voice)
        world = World(schedule, rules)
        world.run()
        wrong = judge(world)
        tally.add(schedule, wrong)
        if asked.seed is not None:
            sys.stdout.write(f"{schedule}\ngaps {world.capture.gaps}\n{wrong}\n")
    sys.stdout.write(tally.table() + f"{time.process_time() - began:.1f} s of CPU\n")
    return 1 if tally.names else 0


class _Tally:
    """Counts schedules played and broken by what befell them."""

    def __init__(self) -> None:
        self.played, self.broken, self.names = Counter[str](), Counter[str](), Counter[str]()
        self._seeds: dict[str, list[int]] = {}

    def add(self, schedule: Schedule, wrong: dict[str, list[str]]) -> None:
        """Count one schedule and what was wrong with it."""
        tags = {fault.kind.value for fault in schedule.faults} | {f"jitter {schedule.jitter}", "all"}
        tags |= {"two voices" if schedule.second_voice else "one voice", f"pace {schedule.pace}"}
        self.played.update(tags)
        self.broken.update(tags if wrong else ())
        for name in wrong:
            self.names[name] += 1
            self._seeds.setdefault(name, []).append(schedule.seed)

    def table(self) -> str:
        """Return the counts as lines."""
        lines = [f"{self.broken[tag]:6d} of {self.played[tag]:6d} broken  {tag}" for tag in sorted(self.played)]
        lines += [f"{count:6d} {name}, seeds {self._seeds[name][:8]}" for name, count in self.names.most_common()]
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
