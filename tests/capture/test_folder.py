import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rtt.capture.folder import HOLE, MAKING, Card, Folder, folders
from rtt.capture.records import Mark, Missing, Sound, Stretch, encode, title
from tests.capture.sounds import ramp

CARD = Card("7d444840-9dc0-11d1-b245-5ffdce74fad2", 3, "aula1", "ws://127.0.0.1:8000", "it-IT", True)


def test_a_folder_is_one_processs_own(tmp_path: Path) -> None:
    """While it is held nobody else takes it; released, the next one finds the card as it was last written."""
    mine = Folder.make(tmp_path, CARD)
    assert Folder.take(mine.path) is None
    mine.write(replace(CARD, attempt=4, samples=99))
    mine.release()
    theirs = Folder.take(mine.path)
    assert theirs is not None
    assert theirs.card == replace(CARD, attempt=4, samples=99)
    theirs.remove()
    assert list(folders(tmp_path)) == []


def test_speech_is_for_its_owner_only(tmp_path: Path) -> None:
    """Folders 0700, files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        folder = Folder.make(tmp_path / "state", CARD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()} == {0o600}
    folder.release()


@pytest.mark.parametrize("card", [b"", b"{", b"[]", b'{"session": "x"}'])
def test_what_is_no_session_of_ours_is_left_alone(tmp_path: Path, card: bytes) -> None:
    """A folder with another content is neither taken nor deleted, and is no error."""
    strange = tmp_path / "spool" / "strange"
    strange.mkdir(parents=True)
    (strange / "card.json").write_bytes(card)
    assert list(folders(tmp_path)) == [strange]
    assert Folder.take(strange) is None
    assert Folder.take(tmp_path / "spool" / "nowhere") is None
    assert (strange / "card.json").exists()


def test_what_was_never_made_to_its_end_is_cleared_away(tmp_path: Path) -> None:
    """Not while somebody may be making it."""
    old, young = (tmp_path / "spool" / f"{MAKING}{name}" for name in ("old", "young"))
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    assert list(folders(tmp_path)) == []
    assert not old.exists()
    assert young.exists()
    assert list(folders(tmp_path / "nowhere")) == []


def test_the_contents_are_the_records_of_all_segments(tmp_path: Path) -> None:
    """Sound and gaps in one row, a hole between two processes as a gap, nothing below what is needed."""
    folder = Folder.make(tmp_path, CARD)
    one = [Sound(0, ramp(1600)), Sound(1600, ramp(1600, 1600)), Missing(3200, 4000, "busy")]
    two = [Mark(800, 1600, 6000, 1000.0), Sound(6000, ramp(16_000, 6000))]
    for number, records in enumerate((one, two), 1):
        (folder.path / f"{number:08}.sound").write_bytes(title() + b"".join(encode(record) for record in records))
    contents = folder.contents()
    assert contents.row == (
        Stretch(800, 1600, None),
        Stretch(1600, 3200, None),
        Stretch(3200, 6000, f"busy; {HOLE}"),
        Stretch(6000, 22_000, None),
    )
    assert contents.next == 22_000
    assert contents.unsettled == 1600 + 16_000
    assert contents.ended_at == 1001.0
    assert [(segment.start, segment.end) for segment in contents.segments] == [(0, 4000), (6000, 22_000)]
    folder.release()


def test_an_empty_folder_has_no_contents(tmp_path: Path) -> None:
    """A capture that was killed before its first sound left nothing, and nothing is known of its time."""
    folder = Folder.make(tmp_path, CARD)
    contents = folder.contents()
    assert (contents.row, contents.next, contents.unsettled, contents.ended_at) == ((), 0, 0, 0.0)
    folder.release()
