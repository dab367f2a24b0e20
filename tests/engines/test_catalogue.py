"""Which engines there are, found out without importing them."""

import subprocess
import sys

import pytest

from rtt.core.errors import SetupError, UsageError
from rtt.engines import catalogue
from tests.harness.data import ROOT
from tests.harness.need import need
from tests.harness.process import rtt


def test_auto_is_the_embedded_engine_where_it_is_installed() -> None:
    """An installed offline engine needs no choice; the one for tests is never chosen by itself."""
    need("pocketsphinx")
    assert catalogue.choose("auto") == "pocketsphinx"
    assert "scripted" in [entry.name for entry in catalogue.available()]


def test_a_name_is_taken_case_blind() -> None:
    """What an operator types is not a matter of capitals."""
    assert catalogue.choose("Scripted") == "scripted"


def test_an_unknown_engine_is_refused_with_the_names_there_are() -> None:
    """A typing error is answered with what would have been right."""
    with pytest.raises(UsageError, match="pocketsphinx") as refusal:
        catalogue.choose("pocketsfinx")
    assert refusal.value.exit_code == 2


def test_an_engine_that_is_not_installed_says_how_to_install_it() -> None:
    """The sentence names what is missing and a command that works, which is not the index's package `rtt`."""
    entry = catalogue.Entry("dream", "a dream", catalogue.ENTRIES[0].make, needs=("no_such_module",), extra="offline")
    assert entry.missing == ("no_such_module",)
    assert ".[offline]" in entry.mend
    assert "install rtt" not in entry.mend


def test_a_machine_without_any_engine_is_told_what_to_install() -> None:
    """Without the extra, both `auto` and the name end in one sentence with the mend (a real interpreter without it)."""
    # -S leaves site-packages out: a machine with rtt and none of its engines.
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from rtt.engines import catalogue\n"
        "from rtt.core.errors import SetupError\n"
        "for name in ('auto', 'pocketsphinx'):\n"
        "    try: catalogue.choose(name)\n"
        "    except SetupError as error: print(error)\n"
        "print([entry.name for entry in catalogue.available()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, str(ROOT)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.count(".[offline]") == 2, done.stdout + done.stderr
    assert "['scripted']" in done.stdout


def test_looking_around_imports_no_engine() -> None:
    """`rtt --help` stays cheap: asking what is there loads neither a decoder nor numpy."""
    script = (
        "import sys; from rtt.engines import catalogue; catalogue.available(); catalogue.choose('scripted')\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('pocketsphinx', 'numpy')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_a_script_that_cannot_be_is_one_sentence() -> None:
    """`RTT_SCRIPTED` with a wrong name ends `rtt serve` with the names there are and without a traceback."""
    with rtt("serve", "--engine", "scripted", "--port", "0", "--plain", env={"RTT_SCRIPTED": "log=3"}) as process:
        assert process.ended(60) == 2
        said = "\n".join(process.stderr)
    assert "lag" in said
    assert "Traceback" not in said


def test_setup_errors_leave_with_1() -> None:
    """A missing engine is a matter of the machine, not of the command line."""
    assert SetupError("x").exit_code == 1
