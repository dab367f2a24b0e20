"""Who holds a room, and what its screens are told of it."""

import itertools
from pathlib import Path

from rtt.core.outbox import Outbox
from rtt.core.wire.screen import Mode
from rtt.server.archive import RoomArchive
from rtt.server.live_room import LiveRoom


def room(folder: Path) -> LiveRoom:
    epochs = itertools.count()
    archive = RoomArchive(
        folder, boot="b", clock=lambda: 0.0, new_epoch=lambda: f"e{next(epochs)}", on_synced=lambda count: None
    )
    archive.recover()
    return LiveRoom("r", archive)


def test_an_untouched_room_is_idle_until_somebody_comes(tmp_path: Path) -> None:
    """A room without capture, screen or file costs nothing and may be forgotten."""
    live = room(tmp_path)
    assert live.idle
    screen = Outbox(Mode.FINALS, lambda: None)
    live.captions.join(screen, None, 0.0)
    assert not live.idle
    live.captions.leave(screen)
    live.claimed = True
    assert not live.idle


def test_nobody_is_refused_a_free_room(tmp_path: Path) -> None:
    """Without a holder the room is anybody's."""
    assert room(tmp_path).held_against("s", 0.0) is None


def test_only_the_newest_final_gives_an_age(tmp_path: Path) -> None:
    """A screen that catches up on old captions does not make the room look late."""
    live = room(tmp_path)
    live.shown(7, 100.0)
    live.seen(6, 109.0)
    assert live.age_at_glass is None
    live.seen(7, 100.25)
    assert live.age_at_glass == 0.25


def test_state_is_repeated_only_when_it_is_due(tmp_path: Path) -> None:
    """Unchanged state goes out for the heartbeat, not with every look."""
    live = room(tmp_path)
    screen = Outbox(Mode.FINALS, lambda: None)
    live.captions.join(screen, None, 0.0)
    screen.take()
    live.refresh_state(repeat=False)
    assert screen.take() == []
    live.refresh_state(repeat=True)
    assert len(screen.take()) == 1
