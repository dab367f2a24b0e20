"""What a test needs of the machine: skip with the line that mends it, or fail where everything is required."""

import ctypes.util
import importlib.util
import os
import shutil
from collections.abc import Callable

import pytest

from tests.harness import data, namespaces


def _command(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _module(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _driver() -> bool:
    # The driver is a program of its own that finds this library missing only when it is started.
    return _module("playwright")() and ctypes.util.find_library("atomic") is not None


def _root() -> bool:
    return os.geteuid() == 0


DEPS = "`make test-deps` installs it"
VENV = "`make test` sets up a Python environment that has it"

DATA = "put the recordings into ../shared/data or name their folder in RTT_TEST_DATA"

THINGS: dict[str, tuple[Callable[[], bool], str]] = {
    "chromium": (_command("chromium", "chromium-browser"), DEPS),
    "data": (
        lambda: data.folder() is not None,
        DATA,
    ),
    "espeak-ng": (_command("espeak-ng"), DEPS),
    "flite": (_command("flite"), DEPS),
    "hosts": (namespaces.allowed, namespaces.MEND),
    "ip": (_command("ip"), DEPS),
    "playwright": (_driver, "`make test` and `make test-deps` install it (playwright, libatomic1)"),
    "pocketsphinx": (_module("pocketsphinx"), VENV),
    "mypy": (_module("mypy"), VENV),
    "portaudio": (lambda: ctypes.util.find_library("portaudio") is not None, "`make test` installs it (libportaudio2)"),
    "root": (_root, "run the tests as root"),
    "ruff": (_module("ruff"), VENV),
    "sox": (_command("sox"), DEPS),
    "tmux": (_command("tmux"), DEPS),
}
"""Name, how to find out, how to mend."""

GRANTED = {"hosts"}
"""What only a machine's owner can grant and no step of the set-up can bring: its lack is no failure of anything."""


def required() -> bool:
    """Tell whether a missing thing is a failure (RTT_REQUIRE_ALL=1)."""
    return os.environ.get("RTT_REQUIRE_ALL", "") not in ("", "0")


def excused(reason: str) -> bool:
    """Tell whether a skip with this reason is none that the set-up could have avoided."""
    name = reason.partition("needs ")[2].partition(":")[0]
    return name in GRANTED or (name == "data" and data.renounced())


def need(*names: str) -> None:
    """Skip the test if one of THINGS is missing, with the line that mends it; fail under RTT_REQUIRE_ALL=1.

    Recordings that the machine's owner says do not exist (`RTT_TEST_DATA=none`), and what is GRANTED, are a skip even
    then.
    """
    for name in names:
        there, mend = THINGS[name]
        if there():
            continue
        line = f"needs {name}: {mend}"
        if required() and not excused(line):
            pytest.fail(f"{line} (RTT_REQUIRE_ALL is set)", pytrace=False)
        pytest.skip(line)
