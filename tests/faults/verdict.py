"""Whether anything was lost, doubled, moved or invented: pure, from what screens, journal and exports hold.

Words are w0, w1, ... in the order in which they were said. What is missing is lost, unless a gap that was announced
lies between its neighbours and is long enough for it.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.faults.talk import WORD_SECONDS

EDGE_SECONDS = 0.9
"""Words so near to a gap's edge may be part of it: half a word, the 0.6 s of SESSIONS 15, and the word's own length."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A final, or a gap where `text` is None; times are seconds of the session."""

    session: str
    start: float
    end: float
    text: str | None
    key: tuple[str, int] = ("", 0)
    """Epoch and number of a final."""
    times: tuple[tuple[float, float], ...] = ()
    """Start and end of each of its words, where they are known."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What came to a screen: a final, or a reset where `text` is None."""

    key: tuple[str, int]
    text: str | None


def numbers_of(text: str) -> list[int]:
    """Return the numbers of a caption's words; -1 for what is no coded word."""
    found = []
    for word in text.split():
        bare = word.strip(".,?!").lower()
        found.append(int(bare[1:]) if bare[:1] == "w" and bare[1:].isdecimal() else -1)
    return found


def judge(found: Sequence[int], count: int, *, first: int = 0, excused: Collection[int] = ()) -> list[str]:
    """Return what is wrong with a row of words that should be `first` to `count` - 1, each once, in order."""
    wrong = []
    times = Counter(found)
    if invented := sorted(number for number in times if not 0 <= number < count):
        wrong.append(f"never said: {_list(invented)}")
    if doubled := sorted(number for number, often in times.items() if often > 1 and number >= 0):
        wrong.append(f"doubled: {_list(doubled)}")
    once = [number for number in dict.fromkeys(found) if number >= 0]
    if moved := [b for a, b in pairwise(once) if b < a]:
        wrong.append(f"out of order: {_list(moved)}")
    if lost := [number for number in range(first, count) if number not in times and number not in excused]:
        wrong.append(f"lost: {_list(lost)}")
    return wrong


def _list(numbers: Sequence[int]) -> str:
    """Return numbers as ranges: w3-w7, w12."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"w{part[0]}" if len(part) == 1 else f"w{part[0]}-w{part[-1]}" for part in parts)


def excused(entries: Sequence[Entry], count: int) -> set[int]:
    """Return the words whose absence a gap announces."""
    order = list(dict.fromkeys(entry.session for entry in entries))
    places = _places(entries)
    found: set[int] = set()
    missing = [number for number in range(count) if number not in places]
    while missing:
        run = [missing.pop(0)]
        while missing and missing[0] == run[-1] + 1:
            run.append(missing.pop(0))
        before, after = places.get(run[0] - 1), places.get(run[-1] + 1)
        low = (order.index(before[0]), before[2] - EDGE_SECONDS) if before else (-1, 0.0)
        high = (order.index(after[0]), after[1] + EDGE_SECONDS) if after else (len(order), 0.0)
        lengths = [_between(entry, order, low, high) for entry in entries if entry.text is None]
        if any(lengths) and len(run) * WORD_SECONDS <= sum(lengths) + 2 * EDGE_SECONDS:
            found.update(run)
    return found


def _between(gap: Entry, order: Sequence[str], low: tuple[int, float], high: tuple[int, float]) -> float:
    """Return the seconds of a gap between two places (index of the session, second of it).

    A gap may begin before the last word that is there: a server that was killed had shown it, and the next one is told
    of the gap from where it would have heard again.
    """
    session = order.index(gap.session)
    if not low[0] <= session <= high[0]:
        return 0.0
    start = max(gap.start, low[1]) if session == low[0] else gap.start
    end = min(gap.end, high[1]) if session == high[0] else gap.end
    return max(0.0, end - start)


def _places(entries: Iterable[Entry]) -> dict[int, tuple[str, float, float]]:
    places = {}
    for entry in entries:
        for index, number in enumerate(numbers_of(entry.text or "")):
            start, end = entry.times[index] if index < len(entry.times) else (entry.start, entry.end)
            places[number] = (entry.session, start, end)
    return places


def flat(entries: Iterable[Entry]) -> list[int]:
    """Return the words of finals, in order."""
    return [number for entry in entries if entry.text is not None for number in numbers_of(entry.text)]


def glass(shown: Iterable[Shown]) -> tuple[list[int], list[str]]:
    """Return the words that stand on a screen in the end, and what was wrong on the way.

    A reset empties a screen, and what it had from the first caption that follows it on is the server's to say again.
    Without one, nothing may be sent twice, and a number never names another text.
    """
    wrong: list[str] = []
    standing: list[tuple[tuple[str, int], str]] = []
    ever: dict[tuple[str, int], str] = {}
    emptied = False
    for one in shown:
        if one.text is None:
            emptied = True
            continue
        if ever.setdefault(one.key, one.text) != one.text:
            wrong.append(f"{one.key} says {ever[one.key]!r} and {one.text!r}")
        if emptied:
            begin = min(numbers_of(one.text), default=0)
            standing = [kept for kept in standing if max(numbers_of(kept[1]), default=-1) < begin]
            emptied = False
        if any(key == one.key for key, _ in standing):
            wrong.append(f"{one.key} was sent twice")
        standing.append((one.key, one.text))
    return [number for _, text in standing for number in numbers_of(text)], wrong


def printed(lines: Iterable[str], resets: int) -> list[int]:
    """Return the words that a display's output says in the end: each reset lets it begin again somewhere once."""
    said: list[int] = []
    for line in lines:
        numbers = numbers_of(line)
        if said and numbers and numbers[0] <= said[-1] and resets > 0:
            resets -= 1
            said = [number for number in said if number < numbers[0]]
        said += numbers
    return said


def of_transcript(body: dict[str, Any]) -> list[Entry]:
    """Read a transcript.json."""
    entries = []
    for one in body["entries"]:
        gap = one["type"] == "gap"
        entries.append(
            Entry(
                one["session"],
                one["start"],
                one["end"],
                None if gap else one["text"],
                ("", 0) if gap else (one["epoch"], one["number"]),
                () if gap else tuple((word["start"], word["end"]) for word in one["words"]),
            )
        )
    return entries


def of_journal(folder: Path) -> tuple[list[Entry], list[str]]:
    """Read a room's journal, sessions in the order of their start; return it and what is wrong with its numbers."""
    files = []
    for path in folder.glob("????-??-??/*.jsonl"):
        # A torn last line was never shown; it is dropped as a starting server does.
        raw = path.read_bytes()
        lines = [json.loads(line) for line in raw[: raw.rfind(b"\n") + 1].splitlines()]
        files.append((lines[0]["at"] if lines else 0.0, lines))
    entries, wrong = [], []
    given: set[tuple[str, int]] = set()
    for _, lines in sorted(files, key=lambda file: file[0]):
        for line in lines:
            if line["type"] == "final":
                key = (line["epoch"], line["number"])
                if key in given:
                    wrong.append(f"the number {key} was given twice")
                given.add(key)
                times = tuple((word[1] / 16000, word[2] / 16000) for word in line["words"])
                entries.append(Entry(line["session"], line["start"], line["end"], line["text"], key, times))
            elif line["type"] == "gap":
                entries.append(Entry(line["session"], line["from"] / 16000, line["to"] / 16000, None))
    return entries, wrong
