"""What is wrong after a schedule: words lost, twice, out of order, said by nobody; screens that differ."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from rtt.core import journal
from rtt.core.caption import RATE
from rtt.core.journal import Final
from tests.system.schedules.engine import NOBODY
from tests.system.schedules.screens import Screen
from tests.system.schedules.talk import Said
from tests.system.schedules.world import World

EDGE = 0.6
"""Seconds beside a gap in which words are part of it (SESSIONS 15)."""
RESIDUE = "lost beside an equal word"
"""The one thing that is known to happen: three times in 6000 (SESSIONS)."""


def judge(world: World) -> dict[str, list[str]]:
    """Return the faults found by name, each with what it is about; nothing where every promise was kept."""
    wrong: dict[str, list[str]] = {}

    def note(name: str, what: str) -> None:
        wrong.setdefault(name, []).append(what)

    outcome = world.capture.outcome
    if outcome is None or outcome.why:
        note("the capture did not end well", outcome.why if outcome else "it never ended")
    for conflict in world.conflicts:
        note("one number, two texts", conflict)
    archived = [number for numbers in finals(world) for number in world.published[numbers].words]
    for name, what in _offences(world, archived):
        note(name, what)
    said = world.talk.words
    if outcome is not None and not outcome.why:
        for word in said:
            if word.index not in archived and not excused(world, word):
                note(RESIDUE if _beside_equal(said, word) else "lost", _name(word))
    for screen in world.screens:
        for what in _of_screen(world, screen):
            note("a screen differs", what)
    return wrong


def finals(world: World) -> list[tuple[str, int]]:
    """Return epoch and number of each final in the archive, in its order."""
    lines = journal.read(b"".join(world.disk.lines))[0]
    return [(line.caption.epoch, line.caption.number) for line in lines if isinstance(line, Final)]


def excused(world: World, word: Said) -> bool:
    """Tell whether a word lies in an announced gap or at its edge, where its times may be wrong, too."""
    slack = (EDGE + world.schedule.jitter) * RATE
    return any(word.end > start - slack and word.start < end + slack for start, end in world.capture.gaps)


def _offences(world: World, shown: list[int]) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with words shown in this order."""
    said = world.talk.words
    for index, count in Counter(shown).items():
        if index == NOBODY:
            yield "said by nobody", f"{count} times"
        elif count > 1:
            yield "twice", _name(said[index])
    for who in ("A", "B"):
        own = [index for index in dict.fromkeys(shown) if index != NOBODY and said[index].who == who]
        for before, after in pairwise(own):
            if after < before:
                yield "out of order", _name(said[after])


def _of_screen(world: World, screen: Screen) -> Iterable[str]:
    for page in screen.pages:
        words: list[int] = []
        for before, one in zip([None, *page], page, strict=False):
            published = world.published.get((one.epoch, one.number))
            if published is None or published.text != one.text:
                yield f"{one} is not what was published"
                continue
            words += published.words
            if before is not None and before.epoch == one.epoch and one.number != before.number + 1:
                yield f"after {before.number} came {one.number}"
        for name, what in _offences(world, words):
            yield f"{name}: {what}"
    seen = {(one.epoch, one.number) for page in screen.pages for one in page}
    archived = finals(world)
    first = next((at for at, key in enumerate(archived) if key in seen), len(archived))
    if archived and not seen:
        yield "nothing came"
    missed = [key for key in archived[first:] if key not in seen]
    if missed and not world.power_cuts:  # what was said before a power cut is not history any more
        yield f"missed {missed}"
    if archived and archived[-1] not in seen and not world.power_cuts:
        yield "the last final is missing"


def _beside_equal(said: tuple[Said, ...], word: Said) -> bool:
    own = [other for other in said if other.who == word.who]
    at = own.index(word)
    return any(own[i].text == word.text for i in (at - 1, at + 1) if 0 <= i < len(own))


def _name(word: Said) -> str:
    return f"{word.text} #{word.index} {word.who} at {word.start / RATE:.1f} s"
