"""The house rules, and of each rule the proof that it can fail."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import rules
from tests.harness.data import ROOT
from tests.harness.need import need
from tests.harness.process import running
from tests.harness.rules import Source

Rule = Callable[[Source], Iterator[str]]

IN_RTT: list[Rule] = [
    rules.too_long, rules.impure_core, rules.wrong_way, rules.late_imports, rules.vague_names, rules.loose_tasks,
    rules.unfinished,
]  # fmt: skip
IN_TESTS: list[Rule] = [rules.too_long, rules.mocks]


def sources(*folders: str) -> list[Source]:
    """Read every Python file below these folders."""
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


RTT = sources("rtt")
TESTS = sources("tests", "benchmarks")


@pytest.mark.parametrize("rule", IN_RTT, ids=lambda rule: rule.__name__)
def test_the_program_keeps_the_rule(rule: Rule) -> None:
    """No file of rtt/ breaks it."""
    assert [fault for source in RTT for fault in rule(source)] == []


@pytest.mark.parametrize("rule", IN_TESTS, ids=lambda rule: rule.__name__)
def test_the_tests_keep_the_rule(rule: Rule) -> None:
    """No test and no benchmark breaks it."""
    assert [fault for source in TESTS for fault in rule(source)] == []


def test_no_module_imports_itself_the_long_way_round() -> None:
    """The import graph has no cycle."""
    assert list(rules.cycles(RTT)) == []


def test_every_module_has_its_own_test_file() -> None:
    """tests/ mirrors rtt/ one to one."""
    assert list(rules.untested([one.path for one in RTT], [one.path for one in TESTS])) == []


def tracked() -> list[Path]:
    """Return the files of the repository, new ones too; in a tree without git, every file of its folders."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        found = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    else:
        folders = ("rtt", "tests", "benchmarks", "templates", "completions", "requirements")
        found = [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
        found += [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in found if path.is_file()]


def texts() -> Iterator[tuple[str, str]]:
    """Yield path and text of every tracked file that is text."""
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_machine() -> None:
    """The repository works wherever it lies, and takes packages from where the machine is set to."""
    assert [fault for path, text in texts() for fault in rules.places(path, text)] == []


def test_the_page_is_finished_too() -> None:
    """What is said of the program holds for its page."""
    pages = [Source(path, text) for path, text in texts() if path.startswith("templates/")]
    assert pages
    assert [fault for page in pages for fault in rules.unfinished(page)] == []


BAD: list[tuple[Rule, str, str]] = [
    (rules.too_long, "rtt/core/a.py", "x = 1\n" * 301),
    (rules.impure_core, "rtt/core/a.py", "import asyncio"),
    (rules.impure_core, "rtt/core/a.py", "from time import monotonic"),
    (rules.impure_core, "rtt/core/a.py", "from urllib import request"),
    (rules.impure_core, "rtt/core/a.py", "import numpy"),
    (rules.impure_core, "rtt/core/a.py", "def f():\n    import random"),
    (rules.impure_core, "rtt/core/a.py", "from datetime import datetime\nat = datetime.now()"),
    (rules.impure_core, "rtt/core/a.py", "import uuid\nname = uuid.uuid4()"),
    (rules.impure_core, "rtt/core/a.py", "text = open('x').read()"),
    (rules.wrong_way, "rtt/core/a.py", "from rtt.engines.base import Engine"),
    (rules.wrong_way, "rtt/server/a.py", "from rtt.capture.ring import Ring"),
    (rules.wrong_way, "rtt/server/a.py", "import rtt.capture"),
    (rules.wrong_way, "rtt/server/a.py", "from rtt import capture"),
    (rules.wrong_way, "rtt/capture/a.py", "from rtt.server import hub"),
    (rules.wrong_way, "rtt/capture/a.py", "from .ring import Ring"),
    (rules.wrong_way, "rtt/display/a.py", "from rtt.commands.run import say"),
    (rules.wrong_way, "rtt/newcomer/a.py", "from rtt.core.caption import RATE"),
    (rules.late_imports, "rtt/server/a.py", "def f():\n    import json"),
    (rules.late_imports, "rtt/server/a.py", "class A:\n    async def f(self):\n        from rtt.core import caption"),
    (rules.vague_names, "rtt/server/utils.py", ""),
    (rules.vague_names, "rtt/helpers/a.py", ""),
    (rules.vague_names, "rtt/server/a.py", "class RoomManager: ..."),
    (rules.loose_tasks, "rtt/server/a.py", "import asyncio\nasyncio.create_task(f())"),
    (rules.loose_tasks, "rtt/server/a.py", "asyncio.get_running_loop().create_task(f())"),
    (rules.loose_tasks, "rtt/server/a.py", "asyncio.ensure_future(f())"),
    (rules.unfinished, "rtt/server/a.py", "# {}: later".format("TO" + "DO")),
    (rules.unfinished, "rtt/server/a.py", f"raise {NotImplementedError.__name__}"),
    (rules.mocks, "tests/test_a.py", "from unittest.mock import patch"),
    (rules.mocks, "tests/test_a.py", "from unittest import mock"),
    (rules.mocks, "tests/test_a.py", "def test_a(mocker): ..."),
    (rules.mocks, "tests/test_a.py", "def test_a(monkeypatch):\n    monkeypatch.setattr('rtt.x', 1)"),
    (rules.mocks, "tests/test_a.py", "with pytest.MonkeyPatch.context() as patch:\n    patch.setitem({}, 1, 2)"),
]  # fmt: skip

GOOD: list[tuple[Rule, str, str]] = [
    (rules.impure_core, "rtt/core/a.py", "from urllib.parse import quote\nfrom rtt.core.caption import RATE"),
    (rules.wrong_way, "rtt/commands/a.py", "from rtt import __version__\nfrom rtt.server import hub"),
    (rules.late_imports, "rtt/commands/a.py", "def f():\n    import numpy"),
    (rules.loose_tasks, "rtt/server/a.py", "group.create_task(f())"),
    (rules.mocks, "tests/test_a.py", "def test_a(monkeypatch):\n    monkeypatch.setenv('RTT_ROOM', 'a')"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_each_rule_can_fail(rule: Rule, path: str, text: str) -> None:
    """A rule that finds nothing in a file that breaks it would find nothing anywhere."""
    faults = list(rule(Source(path, text)))
    assert faults
    assert all(fault.startswith(path) for fault in faults)


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_no_rule_forbids_what_is_right(rule: Rule, path: str, text: str) -> None:
    """What the house does on purpose passes."""
    assert list(rule(Source(path, text))) == []


def test_the_rules_about_many_files_can_fail() -> None:
    """A cycle of three, a module without test, and a path of a machine are found."""
    ring = [Source(f"rtt/core/{a}.py", f"from rtt.core.{b} import x") for a, b in ("ab", "bc", "ca")]
    assert list(rules.cycles(ring)) == ["rtt.core.a -> rtt.core.b -> rtt.core.c -> rtt.core.a"]
    assert list(rules.cycles(ring[:2])) == []
    assert list(rules.untested(["rtt/a/b.py", "rtt/c.py"], ["tests/test_c.py"])) == ["rtt/a/b.py: no tests/a/test_b.py"]
    for text, word in (
        ("see /{}/anna", "home"),
        ("cd /{}/x", "root"),
        ("https://{}i.org", "pyp"),
        ("--extra-{}-url", "index"),
    ):
        assert next(rules.places("a", f"fine\n{text.format(word)}\n")).startswith("a:2: ")
    assert list(rules.places("a", "https://example.org/work/x ./work/ network/")) == []


@pytest.mark.parametrize(
    "arguments",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=["lint", "format", "types"],
)
def test_the_tools_are_content(arguments: tuple[str, ...]) -> None:
    """Lint, format and strict types are clean."""
    need(arguments[0])
    with running(sys.executable, "-m", *arguments, cwd=ROOT) as process:
        assert process.ended(170) == 0, "\n".join(process.stdout)
