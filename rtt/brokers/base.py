"""The seam between the server that hears a room and the servers that show it."""

from collections.abc import Callable
from typing import Protocol

from rtt.core.caption import Caption


class Broker(Protocol):
    """Carries numbered finals and partials; finals of a room arrive in order and at least once."""

    def subscribe(self, deliver: Callable[[Caption], None]) -> None:
        """Have `deliver` called, which neither blocks nor raises, for every caption of every room."""
        ...

    def publish(self, caption: Caption) -> None:
        """Send a caption on its way; never blocks. A final was written to the journal before."""
        ...
