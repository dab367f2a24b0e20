import random
from itertools import islice

from rtt.core.retry import backoff


def test_waits_double_up_to_the_bound() -> None:
    """With the dice at their highest the bounds themselves can be seen."""
    assert list(islice(backoff(lambda: 1.0, 0.25, 5.0), 8)) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_nobody_spins() -> None:
    """With the dice at their lowest a wait is a tenth of its bound, never nothing."""
    lowest = list(islice(backoff(lambda: 0.0, 0.25, 5.0), 8))
    assert lowest[0] == 0.025
    assert lowest[-1] == 0.5


def test_clients_cut_at_once_do_not_come_back_at_once() -> None:
    """Jitter spreads their third knock over the whole second."""
    dice = random.Random(7)
    thirds = [list(islice(backoff(dice.random), 3))[2] for _ in range(1000)]
    tenths = {int(wait * 10) for wait in thirds}
    assert tenths == set(range(1, 10))
