import pytest

from rtt.capture.address import audio_address, shown
from rtt.core.errors import UsageError


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("ws://127.0.0.1:8000", "ws://127.0.0.1:8000/ws/audio/aula1"),
        ("wss://captions.example.org", "wss://captions.example.org/ws/audio/aula1"),
        ("http://localhost:8000/", "ws://localhost:8000/ws/audio/aula1"),
        ("https://example.org/captions/", "wss://example.org/captions/ws/audio/aula1"),
        ("ws://[::1]:8000", "ws://[::1]:8000/ws/audio/aula1"),
        (" ws://a ", "ws://a/ws/audio/aula1"),
    ],
)
def test_every_usual_way_to_name_a_server_works(server: str, address: str) -> None:
    """Schemes of pages are understood as those of sockets; a path stays in front."""
    assert audio_address(server, "aula1") == address


def test_the_language_travels_in_the_address() -> None:
    """A room without a language leaves it to the server."""
    assert audio_address("ws://a", "r", "it-IT") == "ws://a/ws/audio/r?lang=it-IT"


BAD = ["127.0.0.1:8000", "localhost:8000", "ftp://a", "ws://", "ws:a", "ws://a:99999", "ws://a:x", "ws://a?b=c"]
BAD += ["ws://a#b", "ws://[::1", "ws://a:0"]


@pytest.mark.parametrize("server", [*BAD, "", "ws://a b", "ws://" + "a" * 70, "ws://a\x1b[2J"])
def test_a_bad_address_is_a_usage_error_that_shows_a_good_one(server: str) -> None:
    """Exit 2, one line, no control characters, an example."""
    with pytest.raises(UsageError) as caught:
        audio_address(server, "aula1")
    assert "ws://127.0.0.1:8000" in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("room", ["", 'x";alert(1);"', "../../etc", "a b", "-a", "a" * 65, "aula1\n"])
def test_a_bad_room_is_a_usage_error(room: str) -> None:
    """It never becomes part of an address."""
    with pytest.raises(UsageError, match="--room"):
        audio_address("ws://a", room)


def test_a_bad_language_is_a_usage_error() -> None:
    """A name instead of a tag is told with an example."""
    with pytest.raises(UsageError, match="it-IT"):
        audio_address("ws://a", "r", "italian&x=1")


def test_a_password_in_an_address_is_never_shown() -> None:
    """Lines and logs name the machine only."""
    assert shown("wss://me:secret@example.org/x/") == "wss://example.org/x"
