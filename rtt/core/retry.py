"""How long to wait before trying again."""

from collections.abc import Callable, Iterator


def backoff(random: Callable[[], float], first: float = 0.25, most: float = 5.0) -> Iterator[float]:
    """Yield seconds to wait, without end: exponential from `first` to `most`, with full jitter.

    `random` returns a number from 0 up to 1. Full jitter (a wait drawn evenly from 0 to the bound, here from a tenth of
    it, so that nobody spins) keeps many clients from knocking in step after one cut.
    """
    bound = first
    while True:
        yield bound * (0.1 + 0.9 * random())
        bound = min(most, bound * 2)
