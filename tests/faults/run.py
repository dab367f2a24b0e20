"""One run: a talk, its faults, and what is to be said of it afterwards."""

import asyncio
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import verdict
from tests.faults.acts import ACTS
from tests.faults.schedule import TOLD, Fault, Schedule
from tests.faults.talk import Sound, compose
from tests.faults.verdict import Entry
from tests.faults.world import ROOM, START_SECONDS, World

END_SECONDS = 180.0
"""Time a capture gets, after its talk is over, to have all of it settled."""


@dataclass(slots=True)
class Outcome:
    """What came of one run."""

    schedule: Schedule
    jitter: float
    struck: list[str] = field(default_factory=list)
    """Faults that befell something."""
    wrong: list[str] = field(default_factory=list)
    """What was lost, doubled, moved or invented, and every other breach; empty is good."""
    excused: int = 0
    """Words in announced gaps."""
    words: int = 0
    seconds: float = 0.0
    story: str = ""
    """Schedule, timeline and the processes' last words, for who looks for the cause."""

    @property
    def line(self) -> str:
        """One line for the run."""
        source = "live" if self.schedule.live else "waiting"
        gaps = f", {self.excused} in announced gaps" if self.excused else ""
        good = "nothing lost or doubled" if not self.wrong else f"WRONG: {'; '.join(self.wrong)}"
        return (
            f"seed {self.schedule.seed} {self.schedule.engine} ({source} source, jitter {self.jitter} s):"
            f" {len(self.struck)} faults ({', '.join(self.struck)}), {self.words} words{gaps},"
            f" {self.seconds:.0f} s: {good}"
        )


async def run(schedule: Schedule, *, jitter: float = 0.1, late: str = "", keep: Path | None = None) -> Outcome:
    """Play one schedule through real processes and judge it; `keep` is a folder for its journal and story."""
    outcome = Outcome(schedule, jitter)
    begun = time.monotonic()
    commands = [(fault.at, fault.name.removeprefix("engine-")) for fault in schedule.faults if fault.name in TOLD]
    sound = compose(schedule.seed, schedule.seconds, commands)
    outcome.words = sound.count
    with tempfile.TemporaryDirectory(prefix="rtt-faults-") as name:
        folder = Path(name) if keep is None else keep / f"{schedule.engine}-{schedule.seed}"
        shutil.rmtree(folder / "data", ignore_errors=True)
        world = World(folder, schedule, sound, jitter, late)
        try:
            await asyncio.to_thread(world.__enter__)
            await _play(world, schedule, outcome, sound)
        except (AssertionError, OSError, TimeoutError, ExceptionGroup) as error:
            outcome.wrong.append(f"the run did not come to its end: {_first(error)!r}")
        finally:
            await asyncio.to_thread(world.__exit__)
        outcome.wrong += [sentence for _, sentence in world.timeline if sentence.startswith("WRONG")]
        outcome.wrong += [
            f"{process.command[3]} showed a traceback" for process in world.processes() if _traceback(process.lines)
        ]
        outcome.story = _story(world, schedule)
        outcome.seconds = time.monotonic() - begun
        if keep is not None:
            (folder / "story.txt").write_text(f"{outcome.line}\n{outcome.story}\n")
    return outcome


async def _play(world: World, schedule: Schedule, outcome: Outcome, sound: Sound) -> None:
    async with asyncio.TaskGroup() as group:
        steady = world.screen("steady screen", world.steady_link, "false")
        struck = world.screen("struck screen", world.screen_link, "true")
        reading = [group.create_task(screen.run()) for screen in (steady, struck)]
        await asyncio.to_thread(world.display.wait_line, "connected", START_SECONDS)
        capture = await asyncio.to_thread(world.start_capture)
        await asyncio.to_thread(capture.wait_line, "Connected", START_SECONDS)
        world.begun = time.monotonic()
        world.mixer.start()
        async with asyncio.TaskGroup() as faults:
            for fault in schedule.faults:
                faults.create_task(_befall(world, fault, outcome))
            faults.create_task(_join_late(world, schedule.seconds / 2, reading, group))
            await asyncio.to_thread(world.mixer.over.wait, schedule.seconds * 2 + 120)
            world.note("the talk is over")
        await _end(world)
        entries = verdict.of_transcript(await asyncio.to_thread(world.transcript))
        await world.all_shown(max(verdict.flat(entries), default=-1))
        world.note("the server is told to stop")
        world.server.process.signal(signal.SIGTERM)
        code = await asyncio.to_thread(world.server.process.ended, 40)
        if code != 128 + signal.SIGTERM:
            world.note(f"WRONG: the server ended with {code}")
        for task in reading:
            task.cancel()
    outcome.wrong += judge(world, entries, sound.count)
    outcome.excused = len(verdict.excused(entries, sound.count))


async def _befall(world: World, fault: Fault, outcome: Outcome) -> None:
    await asyncio.sleep(max(0.0, world.begun + fault.at - time.monotonic()))
    world.note(f"{fault.name} begins")
    struck = await ACTS[fault.name](world, fault)
    world.note(f"{fault.name} is over" if struck else f"{fault.name} found nothing to strike")
    if struck:
        outcome.struck.append(fault.name)


async def _join_late(world: World, at: float, reading: list[asyncio.Task[None]], group: asyncio.TaskGroup) -> None:
    await asyncio.sleep(at)
    late = world.screen("late screen", world.steady_link, "stable", late=True)
    late.first = max(world.screens[0].newest, world.screens[1].newest) + 1
    world.note(f"a late screen comes, after w{late.first - 1}")
    reading.append(group.create_task(late.run()))


async def _end(world: World) -> None:
    """Let the source end, and the capture settle."""
    world.mixer.attach(None)
    with suppress(BrokenPipeError):  # it left before the talk was over: its code and last words say why
        world.capture.close_stdin()
    code = await asyncio.to_thread(world.capture.ended, END_SECONDS)
    world.note(f"the capture ended with {code}: {world.capture.lines[-1][1] if world.capture.lines else ''}")
    if code != 0:
        world.note(f"WRONG: the capture ended with {code}: {world.capture.lines[-1][1] if world.capture.lines else ''}")


def judge(world: World, entries: list[Entry], count: int) -> list[str]:
    """Return what is wrong with transcript, journal and every screen."""
    gaps = verdict.excused(entries, count)
    journal, wrong = verdict.of_journal(world.data / "rooms" / ROOM)
    wrong += _of("transcript.json", verdict.judge(verdict.flat(entries), count, excused=gaps))
    wrong += _of("journal", verdict.judge(verdict.flat(journal), count, excused=gaps))
    sessions = {entry.session for entry in journal}
    if len(sessions) > len(world.captures):
        wrong.append(f"{len(sessions)} sessions of {len(world.captures)} captures: one lost count")
    written = {entry.key: entry.text for entry in journal if entry.text is not None}
    for screen in world.screens:
        other = [one.key for one in screen.shown if one.text and written.get(one.key, one.text) != one.text]
        wrong += _of(screen.name, [f"{key} is another text in the journal" for key in other])
        words, ways = verdict.glass(screen.shown)
        first = min(screen.first, words[0]) if screen.late and words else screen.first
        wrong += _of(screen.name, [*screen.wrong, *ways, *verdict.judge(words, count, first=first, excused=gaps)])
    resets = sum("begin anew" in line for line in world.display.stderr)
    wrong += _of("display", verdict.judge(verdict.printed(world.display.stdout, resets), count, excused=gaps))
    return wrong


def _of(where: str, wrong: list[str]) -> list[str]:
    return [f"{where}: {sentence}" for sentence in wrong]


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _traceback(lines: list[tuple[str, str]]) -> bool:
    return any("Traceback" in line or "error of its own" in line for _, line in lines)


def _story(world: World, schedule: Schedule) -> str:
    planned = "\n".join(f"  {fault}" for fault in schedule.faults)
    happened = "\n".join(f"  {at:6.1f} s {sentence}" for at, sentence in world.timeline)
    said = "\n".join(process.transcript() for process in world.processes())
    sent = "\n".join(f"  {screen.name}: {[(s.key, s.text) for s in screen.shown]}" for screen in world.screens)
    return f"planned:\n{planned}\nhappened:\n{happened}\nsaid:\n{said}\nsent:\n{sent}"
