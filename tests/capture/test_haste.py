from rtt.capture.haste import BEHIND_SECONDS, Haste
from rtt.capture.ring import Ring
from rtt.capture.session import Session
from rtt.core.caption import RATE
from rtt.core.wire.audio import Ack
from tests.capture.sounds import ramp

FAR = 2**40


class Late:
    """A session that captures in real time, a server that is where the test puts it."""

    def __init__(self) -> None:
        self.session = Session("7d444840-9dc0-11d1-b245-5ffdce74fad2", Ring(patient=False))
        self.said: list[str] = []
        self.haste = Haste(self.said.append)
        self.gaps: list[tuple[int, int]] = []

    def capture(self, seconds: float) -> None:
        self.session.ring.push(ramp(round(seconds * RATE), self.session.ring.next))

    def hear(self, second: float) -> None:
        at = round(second * RATE)
        self.session.acked(Ack(max(at, self.session.received), at, 0))

    def send(self, now: float) -> int:
        """Send as a connection does; return how much sound it was."""
        session, sound = self.session, 0
        if self.haste.holds(session, now):
            return 0
        for piece in session.ring.frames(session.cursor, FAR):
            sound += piece.audio
            if not piece.audio:
                self.gaps.append((piece.start, piece.end))
            session.cursor = session.sent = piece.end
        return sound


def test_who_is_not_late_sends_all() -> None:
    """Up to five seconds behind nothing is left out."""
    its = Late()
    its.capture(BEHIND_SECONDS)
    assert its.send(0) == BEHIND_SECONDS * RATE
    assert (its.gaps, its.said) == ([], [])


def test_a_server_that_comes_back_gets_one_gap_and_then_what_is_said_now() -> None:
    """Nothing that is late is sent, the gap has its exact length, the operator reads it once."""
    its = Late()
    its.capture(30)
    assert its.send(0) == 0
    assert its.gaps == [(0, 30 * RATE)]
    for second in range(31, 40):
        its.capture(1)
        assert its.send(second) == RATE, "live again, though no ack came yet"
        its.hear(second)
    assert len(its.said) == 1
    assert "30.0 s were skipped" in its.said[0]
    assert its.session.ring.lost == 30 * RATE


def test_what_was_sent_is_waited_for_before_the_gap() -> None:
    """An engine that stands still has four seconds to hear first; all since then is one gap."""
    its = Late()
    its.capture(4)
    its.send(0)
    its.capture(2)
    assert its.send(2) == 0
    assert its.gaps == []
    its.capture(2)
    its.hear(4)
    assert its.send(4) == 0
    assert its.gaps == [(4 * RATE, 8 * RATE)]


def test_an_engine_that_stands_still_gets_a_gap_now_and_then() -> None:
    """A server takes a capture that sends nothing for gone; but a session may have a thousand gaps, no more."""
    its = Late()
    its.capture(4)
    its.send(0)
    for tenth in range(600):
        its.capture(0.1)
        its.send(tenth / 10)
    assert 8 <= len(its.gaps) <= 13
    assert its.gaps[0][0] == BEHIND_SECONDS * RATE
    assert all(before[1] == after[0] for before, after in zip(its.gaps, its.gaps[1:], strict=False))
