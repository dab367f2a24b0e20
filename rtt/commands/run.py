"""How every command runs: signals, exit codes, and errors as sentences instead of tracebacks.

Exit codes: 0 done, 1 failed, 2 wrong usage, 128+n ended by signal n (130 Ctrl-C, 143 SIGTERM, 141 nobody reads our
output any more). `RTT_DEBUG=1` adds the traceback to an error of rtt's own. asyncio is imported late: every command
file imports this one, and `rtt --help` has no loop to run.
"""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import NoReturn

from rtt.core.errors import RttError

SAME_PRESS = 0.2
"""Seconds within which a second signal is the echo of the first: `timeout` and terminals signal a child twice."""


class Stop:
    """The operator's wish to end: set by the first SIGINT or SIGTERM; the second ends the process at once."""

    def __init__(self) -> None:
        import asyncio

        self.signal: int | None = None
        """Number of the signal that asked for the end, or None while nobody has."""
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Return once the end was asked for."""
        await self._event.wait()

    def ask(self, number: int) -> None:
        """Ask for the end, as signal `number` does; call it in the event loop's thread."""
        if self.signal is None:
            self.signal = number
        self._event.set()


def run_command(main: Callable[[Stop], Awaitable[int]]) -> NoReturn:
    """Run a command to its end and leave with the exit code it returns.

    A command that returns 0 after a signal leaves with 128+n. Errors leave as in `leave_with_sentence`.
    """
    import asyncio

    with_sentences(lambda: asyncio.run(_until_done(main)))


def with_sentences(work: Callable[[], int]) -> NoReturn:
    """Call `work` and leave with the exit code it returns, whatever it raises being one sentence on stderr."""
    try:
        code = work()
        sys.stdout.flush()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # groups and cancellations too: none may end as a traceback
        leave_with_sentence(error)
    raise SystemExit(code)


def leave_with_sentence(error: BaseException) -> NoReturn:
    """Say what went wrong in one sentence and leave with its exit code.

    Of several errors at once the first RttError counts. When nobody reads our output any more (`rtt ... | head`)
    there is nothing to say and nobody to say it to.
    """
    found = list(_single(error))
    ours = next((one for one in found if isinstance(one, RttError)), None)
    if ours is not None:
        say(str(ours))
        raise SystemExit(ours.exit_code) from None
    if any(isinstance(one, BrokenPipeError) for one in found) and _reader_left():
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
    say(_own(found[0]))
    _say_traceback(error)
    raise SystemExit(1) from None


def say(sentence: str) -> None:
    """Write one message to stderr; control characters, which could steer the terminal, are shown as codes."""
    safe = "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in sentence)
    sys.stderr.write(safe + "\n")
    sys.stderr.flush()


async def _until_done(main: Callable[[Stop], Awaitable[int]]) -> int:
    import asyncio
    import logging

    from rtt.commands.complaints import Complaints

    loop, stop = asyncio.get_running_loop(), Stop()
    loop.set_exception_handler(lambda _, context: _complain(context.get("exception"), context.get("message", "")))
    logging.getLogger().addHandler(Complaints(_complain))
    asked_at: float | None = None

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal asked_at
        now = time.monotonic()
        if asked_at is None:
            asked_at = now
            loop.call_soon_threadsafe(stop.ask, number)
        elif now - asked_at > SAME_PRESS:
            _give_terminal_back()
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        # The loop's own handler is installed for its wake-up only: it would answer no sooner than the loop turns,
        # and the second signal must end a process whose loop is stuck.
        loop.add_signal_handler(number, int)
        signal.signal(number, on_signal)
    code = await main(stop)
    return 128 + stop.signal if stop.signal is not None and code == 0 else code


def _single(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _single(one)
    else:
        yield error


def _own(error: BaseException) -> str:
    text = " ".join(str(error).split())
    kind = type(error).__name__
    head = f"rtt met an error of its own: {kind}: {text}" if text else f"rtt met an error of its own: {kind}"
    return f"{head.rstrip('.')}. Please report it with the log; RTT_DEBUG=1 adds the details a developer needs."


def _say_traceback(error: BaseException) -> None:
    if os.environ.get("RTT_DEBUG", "") not in ("", "0"):
        say("".join(traceback.format_exception(error)).rstrip())


def _complain(error: BaseException | None, message: str) -> None:
    if error is not None:
        say(_own(error))
        _say_traceback(error)
    else:
        say(f"rtt met an error of its own: {message or 'unknown'}.")


def _reader_left() -> bool:
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        poll.register(stream.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _give_terminal_back() -> None:
    """Leave the alternate screen and show the cursor again: a live view that is ended at once has no time to.

    The cursor is saved first, so that leaving a screen nobody entered moves nothing.
    """
    terminal = next((number for number in (1, 2) if os.isatty(number)), None)
    if terminal is not None:
        os.write(terminal, b"\x1b7\x1b[?1049l\x1b[?25h\n")
