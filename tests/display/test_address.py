import pytest

from rtt.core.errors import UsageError
from rtt.core.wire.screen import Mode
from rtt.display.address import read_mode, read_room, read_server


@pytest.mark.parametrize(
    ("text", "page", "socket"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/room/a", "ws://127.0.0.1:8000/ws/transcript/a?partial=false"),
        ("ws://127.0.0.1:8000/", "http://127.0.0.1:8000/room/a", "ws://127.0.0.1:8000/ws/transcript/a?partial=false"),
        (
            "https://captions.example",
            "https://captions.example/room/a",
            "wss://captions.example/ws/transcript/a?partial=false",
        ),
        (
            "wss://captions.example/rtt/",
            "https://captions.example/rtt/room/a",
            "wss://captions.example/rtt/ws/transcript/a?partial=false",
        ),
        ("mixer.local:9000", "http://mixer.local:9000/room/a", "ws://mixer.local:9000/ws/transcript/a?partial=false"),
        ("http://[::1]:8000", "http://[::1]:8000/room/a", "ws://[::1]:8000/ws/transcript/a?partial=false"),
    ],
)
def test_page_and_socket_are_found_from_any_form_of_the_server(text: str, page: str, socket: str) -> None:
    server = read_server(text)
    assert server.page("a") == page
    assert server.socket("a", Mode.FINALS) == socket


def test_partials_and_what_is_there_already_go_into_the_address() -> None:
    server = read_server("http://h")
    assert server.page("a", Mode.STABLE) == "http://h/room/a?partial=stable"
    assert server.socket("a", Mode.PARTIALS, "e/1:7") == "ws://h/ws/transcript/a?partial=true&since=e%2F1%3A7"


@pytest.mark.parametrize(("text", "port"), [("http://h", 80), ("https://h", 443), ("ws://h:8000", 8000), ("h:81", 81)])
def test_the_port_is_known(text: str, port: int) -> None:
    assert read_server(text).port == port


@pytest.mark.parametrize(
    ("text", "local"),
    [("127.0.0.1:1", True), ("localhost", True), ("http://[::1]", True), ("10.0.0.1", False), ("host", False)],
)
def test_this_machine_is_known_from_others(text: str, local: bool) -> None:
    assert read_server(text).is_local is local


NO_ADDRESS = ["", "http://", "ftp://h", "http://h:0", "http://h:99999", "http://h:x", "http://u:p@h", "http://h?x=1"]
NO_ADDRESS += ["http://h/#t", "a b", "http://[::1", "http://" + "a" * 70, "h\x1b[31m:80"]


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_server(text)
    assert "--server" in str(caught.value)


@pytest.mark.parametrize("text", ["", "a/b", "../../etc", 'x";alert(1);"', "-a", "a" * 65])
def test_what_is_no_room_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--room"):
        read_room(text)


def test_a_room_is_taken_as_it_is() -> None:
    assert read_room("Aula-1.b_2") == "Aula-1.b_2"


def test_partials_are_one_of_three() -> None:
    assert [read_mode(text) for text in ("false", "True", "stable")] == [Mode.FINALS, Mode.PARTIALS, Mode.STABLE]
    with pytest.raises(UsageError, match="--partial"):
        read_mode("maybe")
