"""What every test stands on: nobody's own settings, and no silent skip where everything is required."""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.harness.need import excused, required

KEPT = ("RTT_REQUIRE_ALL", "RTT_TEST_DATA", "RTT_DEBUG")
"""Environment variables of rtt that tests may see."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the user's settings, data and environment out of the tests, and the tests out of theirs."""
    for name in [name for name in os.environ if name.startswith("RTT_") and name not in KEPT]:
        del os.environ[name]
    home = tempfile.TemporaryDirectory(prefix="rtt-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(Path(home.name) / name.lower())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure under RTT_REQUIRE_ALL=1, unless nothing in the set-up could have avoided it."""
    report = yield
    if not hasattr(report, "wasxfail"):
        _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a file that is skipped as a whole."""
    report = yield
    _judge(report)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (required() and report.skipped):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not excused(reason):
        report.outcome = "failed"
        report.longrepr = f"{reason}\nRTT_REQUIRE_ALL is set: a skip is a failure."
