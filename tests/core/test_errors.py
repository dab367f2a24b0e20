import pytest

from rtt.core.errors import (
    ArchiveError,
    EngineError,
    LinkError,
    RttError,
    SetupError,
    SourceError,
    UsageError,
)

ALL = (UsageError, SetupError, SourceError, LinkError, EngineError, ArchiveError)


def test_an_error_reads_as_sentences() -> None:
    """What, why and the mend, with one full stop each, whether the writer put it or not."""
    error = RttError("The port 8000 is taken.", "another rtt serves there.", "Choose one with --port.")
    assert str(error) == "The port 8000 is taken: another rtt serves there. Choose one with --port."


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("It broke",), "It broke."),
        (("It broke", "it fell"), "It broke: it fell."),
        (("It broke", "", "Buy another"), "It broke. Buy another."),
        (("It broke", "it fell", "Buy another"), "It broke: it fell. Buy another."),
    ],
)
def test_what_is_missing_leaves_no_trace(parts: tuple[str, ...], text: str) -> None:
    """No empty brackets, no double stop."""
    assert str(RttError(*parts)) == text


def test_every_error_is_one_an_operator_can_read() -> None:
    """All are RttError, so that one place catches them all; only a wrong wish exits 2."""
    assert all(issubclass(kind, RttError) for kind in ALL)
    assert {kind.__name__: kind.exit_code for kind in ALL if kind.exit_code != 1} == {"UsageError": 2}


def test_some_say_what_to_do_to_a_program_too() -> None:
    """A close code, and whether trying again can help."""
    link = LinkError("Refused", code=4511)
    assert link.code == 4511
    assert str(link) == "Refused."
    assert EngineError("Lost", retry=True).retry
    assert not EngineError("No credentials", retry=False).retry
