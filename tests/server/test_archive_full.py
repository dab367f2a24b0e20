"""The journal while the disk is full: finals that wait in memory, and the epoch that begins there."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from tests.harness.aio import run
from tests.server.stand import SESSION
from tests.server.test_archive import Keeper, texts, write

FULL = """
import asyncio, json, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.server.test_archive import Keeper, SESSION, texts, write
keeper = Keeper(Path(sys.argv[1]))
archive = keeper.open()
archive.begin("r", SESSION, "talk", "en-US")
before = write(archive, "one", "two")
size = next(Path(sys.argv[1]).glob("*/*.jsonl")).stat().st_size
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, hard))   # the next line fits only in part
during = write(archive, "three", "four")
asyncio.run(archive.sync())
said, safe, on_disk = archive.fault, archive.safe, texts(keeper.open())
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
asyncio.run(archive.sync())
after = write(archive, "five")
asyncio.run(archive.sync())
print(json.dumps({
    "numbers": [[c.epoch, c.number] for c in before + during + after], "said": said, "safe": safe, "on_disk": on_disk,
    "fault": archive.fault, "texts": texts(keeper.open()), "told": keeper.safe, "seen": texts(archive)}))
"""


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Finals go on under a new epoch, wait in memory, are not called safe, and are written when the disk is back."""
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", FULL, str(tmp_path), root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    epochs = [epoch for epoch, _ in found["numbers"]]
    assert [number for _, number in found["numbers"]] == [1, 2, 1, 2, 3]
    assert epochs[0] == epochs[1] != epochs[2] == epochs[3] == epochs[4]
    assert "cannot be written" in found["said"]
    assert not found["safe"]
    assert found["on_disk"] == ["one", "two"]
    assert found["fault"] == ""
    assert found["texts"] == ["one", "two", "three", "four", "five"]
    assert found["told"] == [4, 5]


def test_the_oldest_waiting_finals_fall_out_with_a_line(tmp_path: Path) -> None:
    """Memory is bounded while the disk is full, and what fell out is said in the journal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    archive = Keeper(tmp_path).open()
    archive.begin("r", SESSION, "talk", "en-US")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        write(archive, *(f"w{n}" for n in range(2005)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run(archive.sync())
    assert texts(archive) == [f"w{n}" for n in range(5, 2005)]
    assert '"type":"lost"' in next(tmp_path.glob("*/*.jsonl")).read_text()


def test_an_epoch_that_began_while_the_disk_was_full_is_found_again(tmp_path: Path) -> None:
    """However often the disk refused it: the next server knows its numbers and the finals that screens have seen."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    keeper = Keeper(tmp_path)
    archive = keeper.open()
    archive.begin("r", SESSION, "talk", "en-US")
    write(archive, "one")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        write(archive, "two", "three")
        run(archive.sync())
        run(archive.sync())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run(archive.sync())
    again = keeper.open()
    assert (again.epoch, again.number) == (archive.epoch, archive.number) == ("epoch-2", 2)
    assert [final.caption.text for final in again.recover().finals] == ["two", "three"]
