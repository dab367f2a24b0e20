import os
import sys
from pathlib import Path

import pytest

from tests.harness import need as needs
from tests.harness.data import ROOT
from tests.harness.process import running

SAMPLE = """
import pytest
from tests.harness.need import THINGS, need

THINGS["unobtainium"] = (lambda: False, "dig for it")

def test_with():
    need("root") if False else None

def test_without():
    need("unobtainium")

def test_bare_skip():
    pytest.skip("no reason that mends anything")

def test_data():
    need("data")
"""


def verdicts(folder: Path, **env: str) -> tuple[str, int]:
    """Run the sample file with the real conftest; return pytest's output and exit code."""
    sample = folder / "test_sample.py"
    sample.write_text(SAMPLE)
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    command = (sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--rootdir", str(folder), str(sample))
    with running(*command, env={"PYTHONPATH": str(ROOT), "RTT_TEST_DATA": str(folder), **env}, cwd=folder) as process:
        code = process.ended(60)
        return "\n".join(process.stdout), code


def test_a_missing_thing_skips_with_the_line_that_mends_it(tmp_path: Path) -> None:
    """A volunteer's machine passes, and reads what would make the test run."""
    output, code = verdicts(tmp_path, RTT_REQUIRE_ALL="")
    assert code == 0, output
    assert "needs unobtainium: dig for it" in output
    assert "1 passed, 3 skipped" in output


def test_where_everything_is_required_a_skip_is_a_failure(tmp_path: Path) -> None:
    """CI cannot pass by skipping, whether through `need` or a bare skip."""
    output, code = verdicts(tmp_path, RTT_REQUIRE_ALL="1")
    assert code == 1, output
    assert "1 passed" in output
    assert "3 failed" in output


def test_recordings_can_be_renounced(tmp_path: Path) -> None:
    """A machine that says it has no recordings may skip what needs them, and only that."""
    output, code = verdicts(tmp_path, RTT_REQUIRE_ALL="1", RTT_TEST_DATA="none")
    assert code == 1, output
    assert "2 failed, 1 passed, 1 skipped" in output


def test_what_only_an_owner_can_grant_is_no_failure(tmp_path: Path) -> None:
    """A machine without rights to network namespaces skips what needs them, and says so; any other lack fails."""
    (tmp_path / "granted").mkdir()
    sample = "THINGS['hosts'] = (lambda: False, 'ask for it')\n\ndef test_hosts():\n    need('hosts')\n"
    (tmp_path / "granted" / "test_granted.py").write_text("from tests.harness.need import THINGS, need\n" + sample)
    command = (sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--rootdir", str(tmp_path))
    (tmp_path / "granted" / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    env = {"PYTHONPATH": str(ROOT), "RTT_REQUIRE_ALL": "1"}
    with running(*command, str(tmp_path / "granted"), env=env, cwd=tmp_path) as process:
        assert process.ended(60) == 0, process.stdout
    assert any("needs hosts: ask for it" in line for line in process.stdout)


@pytest.mark.parametrize("name", sorted(needs.THINGS))
def test_every_thing_says_how_to_mend_it(name: str) -> None:
    """Each probe answers on this machine, whatever it has, and each mend is a sentence."""
    there, mend = needs.THINGS[name]
    assert there() in (True, False)
    assert len(mend.split()) >= 4


def test_what_is_there_is_no_skip() -> None:
    """A test whose things are all there runs."""
    if os.geteuid() == 0:
        needs.need("root")
    needs.need()
