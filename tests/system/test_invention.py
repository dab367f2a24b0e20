"""The anchor, measured: no word without a voice."""

import sys

from tests.harness.data import ROOT
from tests.harness.need import need
from tests.harness.process import running


def test_nothing_is_invented_and_little_is_lost() -> None:
    """The short form of the no-invention benchmark, through real servers: its bounds hold, and its control invents."""
    need("pocketsphinx")
    with running(sys.executable, "-m", "benchmarks.invention", "--short", cwd=ROOT) as benchmark:
        assert benchmark.ended(170) == 0, benchmark.transcript()
        benchmark.wait_line("invented", 1)
