import pytest

from rtt.capture.ring import Ring
from rtt.capture.session import Session, Unreadable
from rtt.core.wire.audio import Ack, Ready
from tests.capture.sounds import ramp

ONE = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
TWO = "7d444840-9dc0-11d1-b245-5ffdce74fad3"


def session(samples: int = 160_000) -> Session:
    made = Session(ONE, Ring(patient=False))
    made.ring.push(ramp(samples))
    return made


def ready(resume: int, window: int = 20) -> Ready:
    return Ready(ONE, resume, "e", "en-US", window)


def test_every_hello_has_a_higher_attempt_and_what_is_held() -> None:
    """Only a higher attempt replaces a session's socket."""
    made = session()
    first, second = made.hello("it-IT", 5.0), made.hello("it-IT", 6.0)
    assert (first.attempt, second.attempt) == (1, 2)
    assert (first.session, first.first, first.next, first.at) == (ONE, 0, 160_000, 5.0)


def test_resume_goes_where_the_server_asks_within_what_is_held() -> None:
    """Below the ring or beyond its end the count is lost."""
    made = session()
    assert made.resume(ready(1234))
    assert (made.cursor, made.received) == (1234, 1234)
    assert made.ack_lag == 160_000 - 1234
    assert not made.resume(ready(160_001))
    made.ring.forget_before(1000)
    assert not made.resume(ready(999))
    assert made.cursor == 1234


def test_what_the_server_has_is_not_taken_for_heard() -> None:
    """After an engine's loss it has more than was heard: an ack says how far the window goes, or a lower resume."""
    made = session()
    made.resume(ready(0))
    made.sent = 60_000
    made.acked(Ack(60_000, 40_000, 0))
    made.resume(ready(60_000))
    assert made.heard == 40_000
    made.resume(ready(30_000))
    assert made.heard == 30_000


def test_a_window_that_makes_no_sense_is_brought_into_bounds() -> None:
    """A server that grants nothing would stop the talk, one that grants hours would fill its own memory."""
    made = session()
    for asked, given in ((0, 1), (-5, 1), (7, 7), (9999, 20)):
        made.resume(ready(0, asked))
        assert made.window == given


@pytest.mark.parametrize(
    "ack", [Ack(1601, 0, 0), Ack(1600, 1601, 0), Ack(1600, 0, 1601), Ack(-1, -1, -1), Ack(10, 5, -1), Ack(10, 5, 11)]
)
def test_an_ack_that_cannot_be_is_unreadable(ack: Ack) -> None:
    """Received is at most what was ever sent; settled and heard are at most received."""
    made = session()
    made.resume(ready(0))
    made.sent = 1600
    with pytest.raises(Unreadable):
        made.acked(ack)
    assert made.settled == 0


def test_settled_never_goes_back_and_progress_is_told() -> None:
    """A restarted server may have heard less, but what is settled is on disk."""
    made = session()
    made.resume(ready(0))
    made.sent = 160_000
    assert made.acked(Ack(100_000, 100_000, 90_000))
    assert not made.acked(Ack(100_000, 100_000, 90_000))
    assert not made.acked(Ack(80_000, 80_000, 70_000))
    assert (made.received, made.heard, made.settled) == (80_000, 80_000, 90_000)


def test_a_new_session_begins_with_what_was_not_settled() -> None:
    """Nothing is lost, and nothing that stands on the screens is heard again."""
    made = session()
    made.resume(ready(0))
    made.sent = 160_000
    made.acked(Ack(150_000, 150_000, 140_001))
    made.renew(TWO)
    hello = made.hello("", 0)
    assert (hello.session, hello.first, hello.next, hello.attempt) == (TWO, 140_001, 160_000, 1)
    assert made.cursor == 140_001


def test_a_session_of_an_earlier_process_goes_on() -> None:
    """Its attempts are counted on, and what it knew to be settled stays settled."""
    made = Session(ONE, Ring(patient=False), attempt=7, settled=500)
    made.ring.push(ramp(1600))
    assert made.hello("", 0.0).attempt == 8
    assert made.settled == 500


def test_a_room_is_taken_over_once() -> None:
    """Who was let in and is ended by another later does not end that one in turn."""
    made = session()
    made.takeover = True
    assert made.hello("", 0.0).takeover
    made.resume(ready(0))
    assert not made.hello("", 0.0).takeover


def test_late_sound_says_so_and_believes_a_server_that_has_more() -> None:
    """What the server got beyond what was on disk is a gap here: nothing is sent twice under another name."""
    made = Session(ONE, Ring(patient=False), late=True)
    made.ring.push(ramp(1600))
    assert made.hello("", 0.0).late
    assert made.resume(ready(2000))
    assert (made.ring.next, made.cursor) == (2000, 2000)
