"""Sound of an earlier talk in the journal."""

from pathlib import Path

from rtt.core.journal import Head
from tests.harness.aio import run
from tests.server.test_archive import Keeper, final, write

OTHER = "33333333-2222-4333-8444-555555555555"


def test_late_sound_stands_at_the_time_it_was_said(tmp_path: Path) -> None:
    """Its head and its day are those of the sound, so that it never passes for the room's last talk."""

    async def work() -> None:
        archive = Keeper(tmp_path).open()
        await archive.claim()
        archive.begin("r", final("now")[0].session, "t", "en-US")
        write(archive, "now")
        archive.begin("r", OTHER, OTHER, "en-US", 86_400.0 * 365 + 43_200)
        write(archive, "then", session=OTHER)
        await archive.close()
        found = [line for line in archive.lines() if isinstance(line, Head) and line.session == OTHER]
        assert [head.at for head in found] == [86_400.0 * 365 + 43_200]
        assert [path.parent.name for path in tmp_path.glob(f"*/{OTHER}.jsonl")] == ["1971-01-01"]

    run(work())
