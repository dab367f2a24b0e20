"""Every case is a process of its own: exit codes and signals are promises to shells and service managers."""

import asyncio
import os
import pty
import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from rtt.commands.run import Stop, say
from tests.harness.aio import run
from tests.harness.data import ROOT
from tests.harness.process import Process, running

HEAD = """
import asyncio, os, sys, time
from rtt.core.errors import LinkError, RttError, UsageError
from rtt.commands.run import run_command
"""


def command(body: str, **env: str) -> AbstractContextManager[Process]:
    """Run a command whose coroutine is `body`."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    code = f"{HEAD}\nasync def main(stop):\n{lines}\nrun_command(main)"
    return running(sys.executable, "-u", "-c", code, cwd=ROOT, env=env)


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_command_s_code_is_the_exit_code(code: int) -> None:
    """What the coroutine returns is what the shell gets."""
    with command(f"return {code}") as process:
        assert process.ended() == code
        assert process.lines == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_asks_for_the_end_and_names_it(number: int, code: int) -> None:
    """The first signal lets the command settle; 0 becomes 128+n."""
    with command("print('up'); await stop.wait(); print('settled', stop.signal); return 0") as process:
        process.wait_line("up")
        process.signal(number)
        assert process.ended() == code
        assert process.stdout == ["up", f"settled {int(number)}"]
        assert process.stderr == []


def test_a_failure_after_a_signal_stays_a_failure() -> None:
    """What could not be settled is not hidden by the signal's code."""
    with command("print('up'); await stop.wait(); return 1") as process:
        process.wait_line("up")
        process.signal(signal.SIGTERM)
        assert process.ended() == 1


@pytest.mark.parametrize("wait", ["await asyncio.sleep(600)", "time.sleep(600)", "while True: pass"])
def test_a_second_signal_ends_it_at_once(wait: str) -> None:
    """Whatever the command does with the first, even if its loop is stuck, the second ends it."""
    with command(f"print('up'); await asyncio.sleep(0)\n{wait}") as process:
        process.wait_line("up")
        process.signal(signal.SIGINT)
        # The echo of the same press does not count as a second one.
        process.signal(signal.SIGINT)
        with pytest.raises(AssertionError, match="still running"):
            process.ended(1)
        process.signal(signal.SIGINT)
        assert process.ended(20) == 130


def test_the_cursor_comes_back_on_a_hasty_end() -> None:
    """A live view that is killed in its tracks does not leave the operator without a cursor."""
    leader, follower = pty.openpty()
    body = f"os.dup2({follower}, 2); print('up'); await asyncio.sleep(600)"
    os.set_inheritable(follower, True)
    lines = f"{HEAD}\nasync def main(stop):\n    {body}\nrun_command(main)"
    with running(sys.executable, "-u", "-c", lines, cwd=ROOT, keep=(follower,)) as process:
        process.wait_line("up")
        process.signal(signal.SIGTERM)
        with pytest.raises(AssertionError, match="still running"):
            process.ended(0.5)
        process.signal(signal.SIGTERM)
        assert process.ended() == 143
    assert b"\x1b[?25h" in os.read(leader, 1000)
    os.close(leader)
    os.close(follower)


def test_an_error_is_its_sentence_and_its_code() -> None:
    """An RttError is one line on stderr and its own exit code; no traceback, no markup."""
    with command("raise UsageError('no [bold]room[/bold]', 'none was named', 'Say --room NAME')") as process:
        assert process.ended() == 2
        assert process.stderr == ["no [bold]room[/bold]: none was named. Say --room NAME."]
        assert process.stdout == []


def test_of_several_errors_the_first_of_ours_counts() -> None:
    """A TaskGroup's errors are unwrapped, however deep they sit."""
    body = """
async def fail(error): raise error
async with asyncio.TaskGroup() as outer:
    outer.create_task(fail(ValueError("noise")))
    async with asyncio.TaskGroup() as inner:
        inner.create_task(fail(LinkError("the server is gone", code=4400)))
"""
    with command(body) as process:
        assert process.ended() == 1
        assert process.stderr == ["the server is gone."]


def test_an_error_of_rtt_s_own_is_one_sentence() -> None:
    """A bug is reported as one, without a traceback on the operator's screen."""
    with command("raise ValueError('odd\\nthings')", RTT_DEBUG="") as process:
        assert process.ended() == 1
        (line,) = process.stderr
        assert line.startswith("rtt met an error of its own: ValueError: odd things.")
    with command("raise ValueError('odd')", RTT_DEBUG="1") as process:
        assert process.ended() == 1
        assert "Traceback (most recent call last):" in process.stderr


def test_an_error_in_the_background_is_one_sentence_too() -> None:
    """What asyncio would log with a traceback reaches the operator as a sentence."""
    body = """
asyncio.get_running_loop().call_soon(lambda: 1 / 0)
await asyncio.sleep(0.01)
return 0
"""
    with command(body, RTT_DEBUG="") as process:
        assert process.ended() == 0
        (line,) = process.stderr
        assert "ZeroDivisionError" in line


def test_a_cancelled_command_is_no_traceback() -> None:
    """Even an error no handler expects ends as a sentence."""
    with command("raise asyncio.CancelledError") as process:
        assert process.ended() == 1
        assert len(process.stderr) == 1


@pytest.mark.parametrize("body", ["while True: print('line'); await asyncio.sleep(0)", "print('x' * 100); return 0"])
def test_a_reader_that_leaves_is_no_error(body: str, tmp_path: Path) -> None:
    """In `rtt ... | head -1` nobody is left to read a complaint."""
    script = tmp_path / "command.py"
    lines = "\n".join("    " + line for line in ["import asyncio", "await asyncio.sleep(0.3)", body])
    script.write_text(f"{HEAD}\nasync def main(stop):\n{lines}\nrun_command(main)")
    pipe = f"{sys.executable} {script} | true; echo ${{PIPESTATUS[0]}}"
    with running("bash", "-c", pipe, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}) as process:
        assert process.ended() == 0
        assert process.stdout == ["141"]
        assert process.stderr == []


def test_a_socket_s_broken_pipe_is_an_error() -> None:
    """Only our own output may be left by its reader in silence."""
    with command("raise BrokenPipeError('a socket')") as process:
        assert process.ended() == 1
        assert "BrokenPipeError" in process.stderr[0]


def test_what_is_said_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names come from strangers: control characters are shown, not obeyed."""
    say("room \x1b[2J\x07 é 日本")
    assert capsys.readouterr().err == "room \\x1b[2J\\x07 é 日本\n"


def test_the_first_signal_is_remembered() -> None:
    """A command may be asked twice; it says who asked first."""

    async def scene() -> None:
        stop = Stop()
        assert stop.signal is None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.01)
        stop.ask(15)
        stop.ask(2)
        await stop.wait()
        assert stop.signal == 15

    run(scene())
