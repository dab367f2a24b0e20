r"""Real processes with bounded waits.

::

    with rtt("serve", "--port", "0") as server:
        port = server.wait_line(r"http://127.0.0.1:(\d+)")[1]
        server.signal(signal.SIGTERM)
        assert server.ended() == 143

Each process leads a session of its own; leaving the `with` kills whatever is left of that session and nothing else.
When the test fails inside, what the process said is added to the failure.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from tests.harness.data import ROOT

KEPT = 20_000
"""Lines kept of each process: a runaway must not eat the machine."""


class Process:
    """A running command; its output is read line by line from the start."""

    def __init__(
        self, command: tuple[str, ...], env: Mapping[str, str], cwd: Path | None, binary: bool, keep: tuple[int, ...]
    ) -> None:
        self.command = command
        self.lines: list[tuple[str, str]] = []
        """What it said: (`stdout` or `stderr`, line without its end), in order of arrival."""
        self._news = threading.Condition()
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **env},
            cwd=cwd,
            start_new_session=True,
            pass_fds=keep,
        )
        self.pid = self._popen.pid
        self.stdout_pipe = self._popen.stdout if binary else None
        """The raw pipe, for a test that reads (or does not read) it itself."""
        streams = [("stderr", self._popen.stderr)] + ([] if binary else [("stdout", self._popen.stdout)])
        self._readers = [threading.Thread(target=self._read, args=(name, pipe), daemon=True) for name, pipe in streams]
        for reader in self._readers:
            reader.start()

    @property
    def stdout(self) -> list[str]:
        """Lines it wrote to stdout so far."""
        return [line for stream, line in list(self.lines) if stream == "stdout"]

    @property
    def stderr(self) -> list[str]:
        """Lines it wrote to stderr so far."""
        return [line for stream, line in list(self.lines) if stream == "stderr"]

    def wait_line(
        self, pattern: str, seconds: float = 30, *, stream: str | None = None, count: int = 1
    ) -> re.Match[str]:
        """Return the match of the `count`-th line (from the start) that holds `pattern`.

        Fails with all the process said when `seconds` pass or it ends without that line.
        """
        regex, deadline = re.compile(pattern), time.monotonic() + seconds
        while True:
            with self._news:
                found = [m for s, line in self.lines if stream in (None, s) and (m := regex.search(line))]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                over = not any(reader.is_alive() for reader in self._readers)
                if left <= 0 or over:
                    why = "ended" if over else f"waited {seconds} s"
                    raise AssertionError(f"{why} without line {pattern!r} (found {len(found)} of {count})")
                self._news.wait(min(left, 0.2))

    def ended(self, seconds: float = 30) -> int:
        """Wait for its end and return the exit code as a shell names it: 128+n when signal n killed it."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s") from None
        self._read_out()
        return code if code >= 0 else 128 - code

    @property
    def running(self) -> bool:
        """True until it ended."""
        return self._popen.poll() is None

    def signal(self, number: int) -> None:
        """Send one signal to the process itself, not to its children."""
        self._popen.send_signal(number)

    def interrupt(self) -> None:
        """Send SIGINT to the process and its children, as Ctrl-C in a terminal does."""
        os.killpg(self.pid, signal.SIGINT)

    def write(self, data: bytes) -> None:
        """Write to its stdin, at once."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(data)
        self._popen.stdin.flush()

    def close_stdin(self) -> None:
        """Let its stdin end."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def left_behind(self) -> list[int]:
        """Return the pids of its session that still run, itself not counted (Linux)."""
        return [pid for pid in _session(self.pid) if pid != self.pid]

    def kill(self) -> None:
        """End it and whatever it started, at once; safe to call twice."""
        for _ in range(50):
            members = _session(self.pid)
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if self._popen.poll() is None:
                self._popen.kill()
                self._popen.wait(10)
            elif not members:
                break
            time.sleep(0.02)
        self._read_out()
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            try:
                pipe.close()  # type: ignore[union-attr]
            except BrokenPipeError:
                continue

    def transcript(self) -> str:
        """Return the command, how it stands, and the last lines it said."""
        code = self._popen.poll()
        tail = "\n".join(f"  {stream} | {line}" for stream, line in self.lines[-60:])
        return f"$ {' '.join(self.command)}\n  ({'running' if code is None else f'exit {code}'})\n{tail}"

    def _read_out(self, seconds: float = 2) -> None:
        """Let the readers come to the end; a child that still holds the pipes must not keep them waiting."""
        deadline = time.monotonic() + seconds
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))

    def _read(self, name: str, pipe: IO[bytes]) -> None:
        for line in pipe:
            with self._news:
                if len(self.lines) < KEPT:
                    self.lines.append((name, line.decode("utf-8", "replace").rstrip("\r\n")))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


@contextmanager
def running(
    *command: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    binary: bool = False,
    keep: tuple[int, ...] = (),
) -> Iterator[Process]:
    """Run `command` for the length of a `with`.

    `binary` leaves its stdout unread in `stdout_pipe`; `keep` are file descriptors it gets as they are.
    """
    process = Process(command, env or {}, cwd, binary, keep)
    try:
        yield process
    except BaseException as error:
        error.add_note(process.transcript())
        raise
    finally:
        process.kill()


def rtt(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT, binary: bool = False
) -> AbstractContextManager[Process]:
    """Run `python -m rtt` with these arguments, as `running` does."""
    return running(sys.executable, "-m", "rtt", *arguments, env=env, cwd=cwd, binary=binary)


def _session(leader: int) -> list[int]:
    """Return the pids of a session whose processes are alive (zombies not counted)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The second field is the name in brackets and may hold anything; state and session follow it.
            state, _parent, _group, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(session) == leader and state != "Z":
            found.append(int(entry.name))
    return found
