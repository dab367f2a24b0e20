import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.access import host_name, is_loopback, why_not_local
from tests.core.making import unhurried

HERE = "127.0.0.1"
OWN = {"Host": "localhost:8000"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"]
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.0.0.2"])
def test_a_program_of_this_machine_comes_in(peer: str, host: str) -> None:
    """By any name and over either protocol, with our own page's Origin or none."""
    assert why_not_local(peer, {"Host": host}) == ""
    assert why_not_local(peer, {"Host": host, "Origin": f"http://{host}"}) == ""
    assert why_not_local(peer, {"Host": host, "Origin": f"HTTP://{host.upper()}"}) == ""


@pytest.mark.parametrize(
    "peer", ["192.168.1.7", "10.0.0.1", "fe80::1%eth0", "::ffff:192.168.1.7", "0.0.0.0", "::", "", "?"]
)
def test_another_machine_does_not(peer: str) -> None:
    """Whatever it claims to be."""
    assert "another machine" in why_not_local(peer, OWN)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8000",  # DNS rebinding: the name of the attacker's page, resolved to 127.0.0.1
        "localhost.evil.example",
        "127.0.0.1.evil.example:8000",
        "localhost@evil.example",
        "localhost:80@evil.example",
        "localhost:evil",
        "[::1]evil.example",
        "[::1",
        "[::2]:8000",
        "192.168.1.7:8000",
        "rtt.local",
        "localhost.",
        "",
        ":8000",
    ],
)
def test_a_connection_that_names_another_host_does_not(host: str) -> None:
    """Its page was loaded from elsewhere, even if its own Origin agrees."""
    assert "another host" in why_not_local(HERE, {"Host": host})
    assert "another host" in why_not_local(HERE, {"Host": host, "Origin": f"http://{host}"})
    assert "another host" in why_not_local(HERE, {})


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "X-Forwarded-For",
        "x-forwarded-host",
        "X-FORWARDED-PROTO",
        "X-Forwarded-Server",
        "X-Real-IP",
        "Via",
        "CF-Connecting-IP",
        "True-Client-IP",
    ],
)
def test_what_came_through_a_proxy_does_not(name: str) -> None:
    """A proxy on this machine would let the whole world in; also with an empty header of its."""
    assert name in why_not_local(HERE, {**OWN, name: "127.0.0.1"})
    assert name in why_not_local(HERE, {**OWN, name: ""})


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost",  # another server on this machine
        "http://localhost:3000",
        "http://127.0.0.1:8000",
        "http://localhost:8000.evil.example",
        "http://evil@localhost:8000",
        "http://localhost:8000/x",
        "null",  # a sandboxed frame, a file
        "file://",
        "http://[::1",
        "localhost:8000",
        "ftp://localhost:8000",
        "",
    ],
)
def test_a_page_of_another_site_does_not(origin: str) -> None:
    """Else any page in the operator's browser could speak into a room."""
    assert "another site" in why_not_local(HERE, {**OWN, "Origin": origin})


@unhurried
@given(st.text(), st.dictionaries(st.sampled_from(["Host", "Origin", "Via"]), st.text()))
def test_whatever_is_sent_is_an_answer_and_no_error(peer: str, headers: dict[str, str]) -> None:
    """And nothing but the names of this machine gets in."""
    if why_not_local(peer, headers) == "":
        assert is_loopback(peer)
        assert host_name(headers["Host"]) in ("localhost", "127.0.0.1", "[::1]")


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.0.1", False),
        ("::ffff:192.168.0.1", False),
        ("example.org", False),
    ],
)
def test_an_address_to_listen_on_is_open_only_if_it_is_loopback(address: str, own: bool) -> None:
    """All addresses of the machine are not."""
    assert is_loopback(address) is own
