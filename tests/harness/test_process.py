import os
import signal
import sys
from pathlib import Path

import pytest

from tests.harness.process import rtt, running

PYTHON = (sys.executable, "-u", "-c")


def test_lines_of_both_streams_are_told_apart() -> None:
    """Stdout and stderr are read line by line while the process runs."""
    with running(
        *PYTHON, "import sys; print('one'); print('two', file=sys.stderr); input(); print('three')"
    ) as process:
        assert process.wait_line("o(n)e")[1] == "n"
        process.wait_line("two", stream="stderr")
        assert process.running
        process.write(b"\n")
        assert process.ended() == 0
        assert process.stdout == ["one", "three"]
        assert process.stderr == ["two"]


def test_a_wait_for_a_line_is_bounded_and_ends_with_the_process() -> None:
    """A line that never comes fails the test, at once where the process is gone, with all it said."""
    last = "print('last words')"
    with pytest.raises(AssertionError, match="ended without line") as caught, running(*PYTHON, last) as process:
        process.wait_line("never", seconds=60)
    assert "stdout | last words" in "".join(caught.value.__notes__)
    with running(*PYTHON, "input()") as process, pytest.raises(AssertionError, match=r"waited 0\.1 s"):
        process.wait_line("never", seconds=0.1)


def test_the_nth_line_can_be_waited_for() -> None:
    """A message that comes again is told from the first."""
    with running(*PYTHON, "print('try 1'); print('try 2')") as process:
        assert process.wait_line(r"try (\d)", count=2)[1] == "2"
        with pytest.raises(AssertionError, match="found 2 of 3"):
            process.wait_line("try", count=3)


def test_exit_codes_are_those_of_a_shell() -> None:
    """A code is a code, and death by signal n is 128+n."""
    with running(*PYTHON, "raise SystemExit(7)") as process:
        assert process.ended() == 7
    with running(*PYTHON, "print(1); input()") as process:
        process.wait_line("1")
        process.signal(signal.SIGKILL)
        assert process.ended() == 137
    with running(*PYTHON, "print(1); input()") as process, pytest.raises(AssertionError, match="still running"):
        process.ended(0.05)


def test_nothing_is_left_behind() -> None:
    """Leaving the `with` ends grandchildren too, also those that ignore signals, and leaves no zombie."""
    child = "import signal, time; signal.signal(15, signal.SIG_IGN); signal.signal(2, signal.SIG_IGN); time.sleep(600)"
    parent = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {child!r}]); print(c.pid); input()"
    with running(*PYTHON, parent) as process:
        pid = int(process.wait_line(r"(\d+)")[1])
        assert process.left_behind() == [pid]
        process.signal(signal.SIGKILL)
        process.ended()
        assert process.left_behind() == [pid]
    assert process.left_behind() == []
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


def test_ctrl_c_reaches_the_children_too() -> None:
    """A terminal signals the whole group."""
    wait = "import time\ntry: print('ready', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: {}"
    child = wait.format("print('child heard', flush=True)")
    call = f"subprocess.run([sys.executable, '-c', {child!r}])"
    parent = f"import subprocess, sys\ntry: {call}\nexcept KeyboardInterrupt: pass"
    with running(*PYTHON, parent) as process:
        process.wait_line("ready")
        process.interrupt()
        process.wait_line("child heard")
        process.ended()


def test_binary_output_stays_in_the_pipe() -> None:
    """A test may read stdout itself, or leave it full."""
    with running(*PYTHON, "import sys; sys.stdout.buffer.write(bytes(range(256)))", binary=True) as process:
        assert process.stdout_pipe is not None
        assert process.stdout_pipe.read() == bytes(range(256))


def test_rtt_itself_runs() -> None:
    """The program under test is the one of this checkout."""
    with rtt("--version") as process:
        assert process.ended() == 0
        assert process.stdout[0].startswith("rtt ")
