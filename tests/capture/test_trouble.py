import pytest

from rtt.capture.trouble import why


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TimeoutError(), "it did not answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens there"),
        (OSError(113, "No route to host."), "No route to host"),
        (OSError("Multiple exceptions: one, two"), "none of its addresses answers"),
        (ValueError("odd."), "odd"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_a_part_of_a_sentence(error: Exception, says: str) -> None:
    """In an operator's words, without a full stop, never empty."""
    assert why(error) == says
