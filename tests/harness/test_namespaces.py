import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.data import ROOT
from tests.harness.namespaces import Host, network
from tests.harness.need import need
from tests.harness.process import Process, running

ECHO = """
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as listener:
    print("listening", flush=True)
    while True:
        peer, _ = listener.accept()
        while data := peer.recv(65536):
            peer.sendall(data)
        peer.close()
"""
ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], 7000), timeout=20) as link:
    for line in sys.stdin.buffer:
        link.sendall(line)
        back = b""
        while len(back) < len(line):
            back += link.recv(65536)
        print(back.decode().strip(), flush=True)
"""
LEFT = """
from tests.harness.namespaces import network
with network(2) as hosts:
    print(*(host._keeper.pid for host in hosts), hosts[0]._switch.pid, flush=True)
    input()
"""


@pytest.fixture
def hosts() -> Iterator[tuple[Host, ...]]:
    """Make three hosts."""
    need("hosts")
    with network(3) as three:
        yield three


@pytest.fixture
def conversation(hosts: tuple[Host, ...]) -> Iterator[Process]:
    """Let the second host talk to an echo on the first."""
    server, client, _ = hosts
    with server.running(sys.executable, "-u", "-c", ECHO, server.address) as echo:
        echo.wait_line("listening")
        with client.running(sys.executable, "-u", "-c", ASK, server.address) as asking:
            asking.write(b"hello\n")
            asking.wait_line("^hello$")
            yield asking


def gone(pid: int) -> bool:
    """Tell whether a process ended; one that nobody has reaped yet counts as ended."""
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_hosts_see_each_other_and_nothing_else(hosts: tuple[Host, ...]) -> None:
    """Each has its own loopback and one cable, no interface of this machine, and no way out."""
    assert len({host.address for host in hosts}) == 3
    for host in hosts:
        links = host.do("ip", "-o", "link")
        assert [line.split()[1].rstrip(":") for line in links.splitlines()] == ["lo", "eth0"]
        assert host.do("ip", "route", "get", hosts[0].address)
        with pytest.raises(AssertionError, match="unreachable"):
            host.do("ip", "route", "get", "192.0.2.1")


def test_every_host_has_ports_of_its_own(hosts: tuple[Host, ...]) -> None:
    """Two servers listen on the same port, each on its host, and a third host tells them apart."""
    one, two, three = hosts
    serve = (sys.executable, "-u", "-m", "http.server", "8000", "--bind", "0.0.0.0", "--directory")
    with one.running(*serve, str(ROOT / "tests")) as first, two.running(*serve, str(ROOT / "rtt")) as second:
        first.wait_line("Serving")
        second.wait_line("Serving")
        assert "harness/" in three.get(f"http://{one.address}:8000/")
        assert "commands/" in three.get(f"http://{two.address}:8000/")


def test_much_goes_through_whole(conversation: Process) -> None:
    """TCP over these cables is TCP: a megabyte comes back as it was sent, also over a poor line."""
    for number in range(16):
        conversation.write(bytes((97 + number,)) * 65_535 + b"\n")
        assert len(conversation.wait_line(chr(97 + number) * 65_535)[0]) == 65_535


def test_a_slow_and_lossy_cable_is_slow_and_loses_no_word(hosts: tuple[Host, ...], conversation: Process) -> None:
    """A round trip takes twice the delay at the least; what frames lose, TCP sends again."""
    hosts[1].cable(delay=0.1, loss=0.05)
    for number in range(20):
        began = time.monotonic()
        conversation.write(f"line {number}\n".encode())
        conversation.wait_line(f"^line {number}$")
        assert time.monotonic() - began >= 0.2


def test_a_pulled_cable_stops_all_until_it_is_back(hosts: tuple[Host, ...], conversation: Process) -> None:
    """The host sees that its carrier is gone; connections stand still, and go on with nothing lost."""
    hosts[1].cable(plugged=False)
    assert "LOWER_UP" not in hosts[1].do("ip", "link", "show", "eth0")
    assert "LOWER_UP" in hosts[0].do("ip", "link", "show", "eth0")
    conversation.write(b"into the void\n")
    with pytest.raises(AssertionError, match="waited"):
        conversation.wait_line("void", 1)
    hosts[1].cable()
    assert "LOWER_UP" in hosts[1].do("ip", "link", "show", "eth0")
    conversation.wait_line("into the void")


def test_nothing_is_left_even_after_kill_9() -> None:
    """Whoever made the hosts may be killed: their keepers and the switch end by themselves."""
    need("hosts")
    with running(sys.executable, "-c", LEFT, cwd=ROOT) as maker:
        pids = [int(pid) for pid in maker.wait_line(r"^\d+ \d+ \d+$")[0].split()]
        assert not any(gone(pid) for pid in pids)
        maker.signal(signal.SIGKILL)
        assert maker.ended() == 137
        deadline = time.monotonic() + 20
        while not all(gone(pid) for pid in pids):
            assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if not gone(pid)]}"
            time.sleep(0.05)
