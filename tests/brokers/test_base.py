"""The contract of a broker, kept by every broker there is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from rtt.brokers.base import Broker
from rtt.brokers.memory import MemoryBroker
from rtt.core.caption import Caption

CAPTION = Caption("r", "s", "e", 1, "l", "one", True, "en-US", "x", 0, 1, 0.0)


@pytest.fixture(params=[MemoryBroker], ids=["memory"])
def broker(request: pytest.FixtureRequest) -> Broker:
    make: Callable[[], Broker] = request.param
    return make()


def test_every_subscriber_gets_every_caption_in_order(broker: Broker) -> None:
    """Finals of a room arrive in order, on every server that shows it."""
    one: list[Caption] = []
    two: list[Caption] = []
    broker.subscribe(one.append)
    broker.subscribe(two.append)
    sent = [replace(CAPTION, number=n) for n in range(1, 6)]
    for caption in sent:
        broker.publish(caption)
    assert one == two == sent


def test_publishing_to_nobody_is_no_fault(broker: Broker) -> None:
    """A server without displays still hears."""
    broker.publish(CAPTION)
