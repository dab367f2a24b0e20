"""Whether a process is gone, for tests that kill one."""

import time
from pathlib import Path


def gone(pid: int, seconds: float = 20) -> bool:
    """Wait until process `pid` has ended (a zombie has), at most `seconds`; tell whether it has."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
