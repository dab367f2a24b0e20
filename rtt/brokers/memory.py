"""The broker of a single server: what is published is delivered at once."""

from collections.abc import Callable

from rtt.core.caption import Caption


class MemoryBroker:
    """Delivers within the process."""

    def __init__(self) -> None:
        self._deliver: list[Callable[[Caption], None]] = []

    def subscribe(self, deliver: Callable[[Caption], None]) -> None:
        """Have `deliver` called for every caption."""
        self._deliver.append(deliver)

    def publish(self, caption: Caption) -> None:
        """Deliver a caption to all subscribers, in the order in which they came."""
        for deliver in self._deliver:
            deliver(caption)
