"""The broker within one process."""

from rtt.brokers.memory import MemoryBroker
from tests.brokers.test_base import CAPTION


def test_a_caption_is_delivered_before_publish_returns() -> None:
    """No queue, no task, no delay lies between the engine's report and the rooms."""
    got: list[object] = []
    broker = MemoryBroker()
    broker.subscribe(got.append)
    broker.publish(CAPTION)
    assert got == [CAPTION]
