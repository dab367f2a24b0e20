"""What earlier captures of this machine left on disk, and how one that starts goes on from it (SESSIONS 7).

A capture of a microphone that was killed goes on with its session if it is started again within `FRESH_SECONDS`; what
was not captured in between becomes an announced gap. All else stays for `rtt capture --resume`, bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from rtt.capture.address import shown
from rtt.capture.aside import aside
from rtt.capture.folder import Card, Contents, Folder, folders
from rtt.capture.ring import CAPACITY, Piece, Ring
from rtt.capture.session import Session
from rtt.capture.spool import Spool
from rtt.capture.target import Target, resume_command
from rtt.core.caption import RATE
from rtt.core.wire.bounds import EXPIRE_SECONDS

FRESH_SECONDS = float(EXPIRE_SECONDS)
"""The server has forgotten a session whose capture was away for longer."""
REMAINS_MAX = 32
"""Folders of earlier talks that are kept for a room; beyond that the oldest are deleted."""
LOOK_SECONDS = 15.0
"""How long the disk is waited for at a start."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What one earlier session left; its folder is held by this process."""

    folder: Folder
    contents: Contents

    @property
    def seconds(self) -> float:
        """Unsettled sound in it."""
        return self.contents.unsettled / RATE


@dataclass(frozen=True, slots=True)
class Beginning:
    """With what a capture begins."""

    session: Session
    since: float = 0.0
    """Wall-clock time at which an earlier process's session was cut off, where it goes on; else 0."""
    spool: Spool | None = None


async def begin(
    root: Path, target: Target, *, live: bool, say: Callable[[str], None], now: float, capacity: int = CAPACITY
) -> Beginning:
    """Return the session of a capture that starts: its room's last one if that was cut off, else a new one.

    `now` is the wall-clock time; `capacity` the samples of audio held in memory. A disk that cannot be used is one
    sentence, and memory goes on alone.
    """
    card = Card(str(uuid4()), 0, target.room, shown(target.server), target.language, live)
    try:
        folder, contents, told = await aside(partial(_start, root, card, now), LOOK_SECONDS)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "the disk does not answer"
        say(f"What is not settled is kept in memory only: {root} cannot be used ({why}). Choose another --state-dir.")
        return Beginning(Session(card.session, Ring(patient=not live, capacity=capacity)))
    for sentence in told:
        say(sentence)
    spool = Spool(folder, say, contents)
    if contents is None:
        return Beginning(Session(card.session, Ring(patient=not live, shelf=spool, capacity=capacity)), spool=spool)
    session = restored(folder.card, contents, spool, capacity=capacity)
    dead = max(0.0, now - contents.ended_at)
    say(
        f"The talk that was cut off goes on: nothing was captured for {dead:.1f} s,"
        f" {contents.unsettled / RATE:.1f} s of sound are on disk and not settled."
    )
    return Beginning(session, contents.ended_at, spool)


def restored(card: Card, contents: Contents, spool: Spool, *, late: bool = False, capacity: int = CAPACITY) -> Session:
    """Return an earlier process's session; its sound is read from the spool when it is needed."""
    pieces = [Piece(s.start, s.end, None, s.why or "", away=s.why is None) for s in contents.row]
    ring = Ring(patient=False, shelf=spool, pieces=pieces, capacity=capacity)
    if not pieces:
        ring.first = ring.next = contents.mark.first
    return Session(card.session, ring, attempt=card.attempt, settled=contents.mark.settled, late=late)


def find(root: Path, wanted: Callable[[Card], bool]) -> list[Remains]:
    """Return what captures that do not run any more left, oldest first; what is settled is deleted."""
    found = []
    for path in folders(root):
        folder = Folder.take(path)
        if folder is None:
            continue
        if not wanted(folder.card):
            folder.release()
            continue
        found.append(Remains(folder, folder.contents()))
    return found


def _start(root: Path, card: Card, now: float) -> tuple[Folder, Contents | None, list[str]]:
    """Find the session to go on with, or make a folder for a new one; return what the operator has to know, too."""
    chosen: Remains | None = None
    left: list[Remains] = []
    for remains in find(root, lambda other: (other.room, other.server) == (card.room, card.server)):
        if card.live and _goes_on(remains, now):
            left += [chosen] if chosen is not None else []
            chosen = remains
        else:
            left.append(remains)
    told = list(_keep(left, resume_command(card.room, card.server)))
    if chosen is not None:
        return chosen.folder, chosen.contents, told
    return Folder.make(root, card), None, told


def _goes_on(remains: Remains, now: float) -> bool:
    """Tell whether a session was cut off a moment ago; a clock that went back proves nothing."""
    card, at = remains.folder.card, remains.contents.ended_at
    return card.live and card.samples is None and at > 0 and 0 <= now - at <= FRESH_SECONDS


def _keep(left: list[Remains], command: str) -> list[str]:
    """Leave remains for later, within bounds; return sentences for the operator."""
    told = []
    unsettled = []
    for remains in left:
        if remains.seconds:
            unsettled.append(remains)
        else:
            remains.folder.remove()
    while len(unsettled) > REMAINS_MAX:
        oldest = unsettled.pop(0)
        oldest.folder.remove()
        told.append(
            f"{oldest.seconds:.1f} s of the oldest of {REMAINS_MAX + 1} earlier talks were never sent and are deleted."
        )
    for remains in unsettled:
        remains.folder.release()
    if unsettled:
        total = sum(remains.seconds for remains in unsettled)
        talks = "an earlier talk" if len(unsettled) == 1 else f"{len(unsettled)} earlier talks"
        told.append(f"{total:.1f} s of {talks} in this room are not settled. Send them with: {command}")
    return told
