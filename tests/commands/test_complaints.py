"""What libraries log as errors."""

import logging

from rtt.commands.complaints import SAID_MAX, Complaints
from tests.commands.test_run import command


def heard(*records: tuple[int, str, BaseException | None]) -> list[tuple[str, str]]:
    """Return what is said of these records: class of the exception, and message."""
    said: list[tuple[str, str]] = []
    handler = Complaints(lambda error, message: said.append((type(error).__name__ if error else "", message)))
    logger = logging.Logger("library")
    logger.addHandler(handler)
    for level, message, error in records:
        logger.log(level, message, exc_info=error)
    return said


def test_an_error_is_said_once_and_a_warning_never() -> None:
    """A connection that breaks a thousand times is one sentence."""
    broken = ConnectionError("gone")
    assert heard(
        (logging.WARNING, "slow", None),
        (logging.ERROR, "Unhandled exception", broken),
        (logging.ERROR, "Unhandled exception", broken),
        (logging.ERROR, "no exception", None),
    ) == [("ConnectionError", "Unhandled exception"), ("", "no exception")]


def test_what_is_said_is_bounded() -> None:
    """Whoever provokes errors cannot fill the screen."""
    assert len(heard(*((logging.ERROR, f"error {n}", None) for n in range(3 * SAID_MAX)))) == SAID_MAX


def test_a_logged_traceback_is_one_sentence_on_the_screen() -> None:
    """The command goes on, and the operator reads a sentence."""
    body = "import logging\ntry: 1 / 0\nexcept ZeroDivisionError: logging.getLogger('aiohttp.server').exception('Oh')"
    with command(body + "\nprint('goes on')\nreturn 0") as process:
        assert process.ended() == 0
        assert process.stdout == ["goes on"]
        assert len(process.stderr) == 1
        assert "ZeroDivisionError" in process.stderr[0]
