from rtt.capture.level import Meter
from rtt.capture.watch import Watch
from rtt.core.caption import RATE
from tests.capture.sounds import ramp


def look(watch: Watch, captured: int = 0, lag: float = 0.0, connected: bool = True) -> list[str]:
    return list(watch.look(captured, round(lag * RATE), connected))


def test_exact_silence_is_told_once_and_so_is_its_end() -> None:
    """After five seconds, not before, and not again and again."""
    meter = Meter()
    watch = Watch(meter)
    meter.push(bytes(2 * (5 * RATE - 1)))
    assert look(watch) == []
    meter.push(bytes(2))
    assert len(look(watch)) == 1
    meter.push(bytes(2 * RATE))
    assert look(watch) == []
    meter.push(ramp(100))
    assert look(watch) == ["The source gives sound again."]
    assert look(watch) == []


def test_a_quiet_room_is_no_alarm() -> None:
    """The noise of a microphone is enough."""
    meter = Meter()
    watch = Watch(meter)
    meter.push(b"\x01\x00" * (60 * RATE))
    assert look(watch) == []


def test_clipping_is_told_once_a_minute_at_most() -> None:
    """Once when it begins; again when it is still there a minute of sound later."""
    meter = Meter()
    watch = Watch(meter)
    told = []
    for second in range(121):
        meter.push(b"\xff\x7f")
        told += [second for _ in look(watch, captured=second * RATE)]
    assert told == [0, 60, 120]


def test_falling_behind_and_catching_up_are_one_sentence_each() -> None:
    """With room between the two, so that a lag at the edge does not chatter."""
    watch = Watch(Meter())
    assert look(watch, lag=1.9) == []
    assert look(watch, lag=2.0) == ["The server is 2.0 s behind: captions come late. The sound is kept."]
    assert look(watch, lag=1.5) == []
    assert look(watch, lag=2.5) == []
    assert look(watch, lag=0.5) == ["The server has caught up."]
    assert look(watch, lag=0.5) == []


def test_losses_are_told_at_once_and_then_added_up() -> None:
    """The first within a look; a flood of them is one line per cause every five seconds, and none is forgotten."""
    watch = Watch(Meter())
    assert list(watch.losses(0.0)) == []
    watch.lose(1600, "busy")
    assert list(watch.losses(1.0)) == ["0.10 s of sound were lost: busy."]
    for _ in range(50):
        watch.lose(1600, "busy")
    watch.lose(16_000, "full")
    assert list(watch.losses(5.9)) == []
    assert list(watch.losses(6.0)) == ["5.00 s of sound were lost: busy.", "1.00 s of sound were lost: full."]
    assert list(watch.losses(99.0)) == []


def test_a_lost_connection_is_not_told_a_second_time_as_lag() -> None:
    """It has a sentence of its own."""
    watch = Watch(Meter())
    assert look(watch, lag=30, connected=False) == []
