import random
import signal
import sys

import pytest

from benchmarks.readers import Place, Tally
from benchmarks.soak import proc
from benchmarks.trend import BLOCKS, STUDENT, allowed, trend
from tests.harness.data import ROOT
from tests.harness.process import running

TIMES = [5.0 * n for n in range(120)]
"""Ten minutes, as `make soak` samples them."""
HOUR = 3600


def waves(seed: int, size: float) -> list[float]:
    """Return noise whose neighbours are alike, as memory's is."""
    chance, value, found = random.Random(seed), 0.0, []
    for _ in TIMES:
        value = 0.9 * value + chance.gauss(0, size)
        found.append(value)
    return found


def test_a_straight_line_is_found_exactly() -> None:
    """60 MiB and 3.6 MiB an hour more each hour: the slope is 3.6, its bound nothing, the level that of the middle."""
    found = trend(TIMES, [60 + 3.6 * time / HOUR for time in TIMES], 0)
    assert found.slope == pytest.approx(3.6)
    assert found.bound == pytest.approx(0, abs=1e-6)
    assert found.level == pytest.approx(60 + 3.6 * TIMES[-1] / 2 / HOUR)
    assert found.hours == pytest.approx(TIMES[-1] / HOUR)


def test_the_bound_is_students() -> None:
    """For block means of +-1 in turn about a flat line, slope and bound are those of the textbook."""
    per_block = len(TIMES) // BLOCKS
    found = trend(TIMES, [(-1.0) ** (n // per_block) for n in range(len(TIMES))], 0)
    x = [n * per_block * 5 / HOUR for n in range(BLOCKS)]
    middle = sum(x) / BLOCKS
    spread = sum((at - middle) ** 2 for at in x)
    slope = sum((at - middle) * (-1) ** n for n, at in enumerate(x)) / spread
    rest = sum(((-1) ** n - slope * (at - middle)) ** 2 for n, at in enumerate(x))
    assert found.slope == pytest.approx(slope)
    assert found.bound == pytest.approx(STUDENT * (rest / 10 / spread) ** 0.5)


@pytest.mark.parametrize("seed", range(20))
def test_growing_is_told_from_flat_in_noise(seed: int) -> None:
    """Ten minutes with waves of 0.1 MiB: a leak of 30 MiB an hour is seen each time, and never one that is not."""
    noise = waves(seed, 0.04)
    limit = allowed(1.0, 1.0, TIMES[-1] / HOUR)
    leaking = [60 + 30 * time / HOUR + wave for time, wave in zip(TIMES, noise, strict=True)]
    assert trend(TIMES, leaking, 0).verdict(limit) == "grows"
    assert trend(TIMES, [60 + wave for wave in noise], 0).verdict(limit) == "flat"


def test_what_is_too_restless_is_called_so() -> None:
    """Where noise hides any slope the verdict is neither flat nor growing."""
    swings = [60 + (5 if n % 40 < 20 else -5) for n in range(len(TIMES))]
    assert trend(TIMES, swings, 0).verdict(6.0) == "unclear"


def test_waves_seldom_pass_for_growth() -> None:
    """Noise forty times that of a real run is taken for a leak in no more than one of ten runs."""
    found = [trend(TIMES, [60 + wave for wave in waves(seed, 1.6)], 0).verdict(6.0) for seed in range(200)]
    assert found.count("grows") <= 20


def test_the_warm_up_does_not_count() -> None:
    """What grows at first and then stands still is flat once the warm-up is left out."""
    series = [60 + min(time, 200) / 10 for time in TIMES]
    assert trend(TIMES, series, 0).verdict(6.0) == "grows"
    assert trend(TIMES, series, 240).verdict(6.0) == "flat"


def test_shrinking_is_flat() -> None:
    """What gets less is no growth."""
    assert trend(TIMES, [60 - 10 * time / HOUR for time in TIMES], 0).verdict(1.0) == "flat"


def test_too_few_samples_are_refused() -> None:
    """A trend of nothing is not made up."""
    with pytest.raises(ValueError, match="24 samples"):
        trend(TIMES, [1.0] * len(TIMES), TIMES[-1] - 30)


def test_long_runs_are_judged_more_strictly() -> None:
    """One MiB in all is forgiven to a short run; hours are held to the slope."""
    assert allowed(1.0, 1.0, 0.1) == pytest.approx(10)
    assert allowed(1.0, 1.0, 8) == 1.0


def test_a_process_is_seen_as_it_is() -> None:
    """Memory it takes, files it opens and threads it starts are counted; one that ended is an error."""
    code = (
        "import threading, time; input(); kept = b'x' * 64 * 2**20; files = [open('/dev/null') for _ in range(7)];"
        " [threading.Thread(target=time.sleep, args=(600,), daemon=True).start() for _ in range(3)];"
        " print('now', flush=True); input()"
    )
    with running(sys.executable, "-c", f"print('up', flush=True); {code}") as process:
        process.wait_line("up")
        before = proc(process.pid)
        process.write(b"\n")
        process.wait_line("now")
        after = proc(process.pid)
        assert after["descriptors"] - before["descriptors"] == 7
        assert after["threads"] - before["threads"] == 3
        for kind in ("RSS MiB", "private MiB", "PSS MiB"):
            assert 60 < after[kind] - before[kind] < 90
        process.write(b"\n")
        process.ended()
    with pytest.raises(ProcessLookupError):
        proc(process.pid)


def test_a_reader_counts_holes_and_doubles() -> None:
    """A number left out is a hole, one that comes again a double; a new epoch begins anew."""
    tally = Tally()
    place = Place(tally=tally)
    for epoch, number in (("a", 7), ("a", 8), ("a", 10), ("a", 10), ("a", 11), ("b", 1), ("b", 2)):
        place.take({"type": "caption", "is_partial": False, "epoch": epoch, "number": number})
    place.take({"type": "caption", "is_partial": True, "epoch": "b", "number": 2})
    place.take({"type": "state"})
    assert (tally.finals, tally.holes, tally.doubles) == (7, 1, 1)
    assert (place.epoch, place.number) == ("b", 2)


def test_a_short_soak_runs_and_tells() -> None:
    """Its shortest form holds talks, reads them whole, and ends with a verdict on every process."""
    with running(sys.executable, "-m", "benchmarks.soak", "--minutes", "0.4", "--engine", "none", cwd=ROOT) as soak:
        code = soak.ended(150)
        said = "\n".join(soak.stdout)
        assert "Traceback" not in soak.transcript()
        for name in ("server, tones", "capture of one", "capture of two"):
            assert f"{name}" in said
        assert "0 missed, 0 doubled" in said
        assert code == (0 if "Nothing grows." in said else 1)
        assert code == 0 or " grows by " in said


def test_a_soak_that_is_stopped_leaves_nothing() -> None:
    """SIGTERM ends the servers and captures too."""
    with running(sys.executable, "-m", "benchmarks.soak", "--minutes", "5", "--engine", "none", cwd=ROOT) as soak:
        soak.wait_line("0 min", 60)
        assert len(soak.left_behind()) >= 3
        soak.signal(signal.SIGTERM)
        assert soak.ended(60) == 130
        assert soak.left_behind() == []
