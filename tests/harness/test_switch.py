from tests.harness.switch import QUEUED_MAX, Cable, Switch

BROADCAST = b"\xff" * 6


def address(port: int) -> bytes:
    return bytes((2, 0, 0, 0, 0, port))


def frame(to: bytes, sender: int, text: bytes = b"") -> bytes:
    return to + address(sender) + b"\x08\x00" + text


def test_what_is_for_all_reaches_all_others() -> None:
    """A broadcast, or a frame for a host not heard of yet, goes to every port but its own."""
    switch = Switch(3)
    switch.take(0, frame(BROADCAST, 0), 0)
    switch.take(0, frame(address(2), 0), 0)
    assert [port for port, _ in switch.arrived(0)] == [1, 2, 1, 2]


def test_a_known_host_alone_gets_what_is_for_it() -> None:
    """Once a host has spoken, frames for it go to its port only, whole and in order."""
    switch = Switch(3)
    switch.take(2, frame(BROADCAST, 2), 0)
    switch.arrived(0)
    sent = [frame(address(2), 0, bytes((n,))) for n in range(5)]
    for one in sent:
        switch.take(0, one, 0)
    assert switch.arrived(0) == [(2, one) for one in sent]


def test_a_slow_cable_delays_both_ways() -> None:
    """Frames from and to the host come after its cable's delay, not before."""
    switch = Switch(2)
    switch.cables[0] = Cable(delay=0.1)
    switch.take(0, frame(BROADCAST, 0), 10)
    assert switch.next_due == 10.1
    assert switch.arrived(10.09) == []
    assert len(switch.arrived(10.1)) == 1
    switch.take(1, frame(address(0), 1), 20)
    assert switch.arrived(20.09) == []
    assert [port for port, _ in switch.arrived(20.1)] == [0]
    assert switch.next_due is None


def test_a_lossy_cable_loses_its_part() -> None:
    """Of 10 000 frames over a cable that loses a tenth, a tenth is lost; the other cables lose none."""
    switch = Switch(3)
    switch.cables[1] = Cable(loss=0.1)
    came = {1: 0, 2: 0}
    for _ in range(10_000):
        switch.take(0, frame(BROADCAST, 0), 0)
        for port, _frame in switch.arrived(0):
            came[port] += 1
    assert 8800 < came[1] < 9200
    assert came[2] == 10_000


def test_a_pulled_cable_carries_nothing() -> None:
    """Neither what the host sends, nor what is sent to it, nor what was on its way when it was pulled."""
    switch = Switch(2)
    switch.cables[0] = Cable(delay=1)
    switch.take(0, frame(BROADCAST, 0), 0)
    switch.take(1, frame(address(0), 1), 0)
    switch.cables[0] = Cable(plugged=False)
    assert [port for port, _ in switch.arrived(1)] == [1]
    switch.take(0, frame(BROADCAST, 0), 2)
    switch.take(1, frame(address(0), 1), 2)
    assert switch.arrived(2) == []
    switch.cables[0] = Cable()
    switch.take(0, frame(address(1), 0), 3)
    assert len(switch.arrived(3)) == 1


def test_its_queue_is_bounded_and_scraps_are_no_frames() -> None:
    """What nobody takes in time is dropped, and what is too short to have an address."""
    switch = Switch(2)
    switch.take(0, b"scrap", 0)
    assert switch.arrived(0) == []
    for _ in range(QUEUED_MAX + 10):
        switch.take(0, frame(BROADCAST, 0), 0)
    assert len(switch.arrived(0)) == QUEUED_MAX
