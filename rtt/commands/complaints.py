"""What libraries complain of in their logs: one sentence each for the operator, instead of a traceback.

A web server's library, say, logs an error of its own when a connection breaks at a bad moment; without a handler
Python prints it with its whole traceback.
"""

import logging
from collections.abc import Callable

SAID_MAX = 100
"""Different sentences that are said at most: whoever provokes them must not fill the screen."""


class Complaints(logging.Handler):
    """Says every error that is logged, each once; `say` takes the exception, or None, and the message."""

    def __init__(self, say: Callable[[BaseException | None, str], None]) -> None:
        super().__init__(logging.ERROR)
        self._say_it = say
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Say a logged error, unless it was said before."""
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage()
        key = repr(error) if error is not None else message
        if key not in self._said and len(self._said) < SAID_MAX:
            self._said.add(key)
            self._say_it(error, message)
