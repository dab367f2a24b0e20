import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.harness.proxy import FaultProxy

LIMIT = 20


class Echo:
    """A server that sends everything back, and counts."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.heard = 0
        self.endings: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(65536):
                    self.heard += len(data)
                    peer.sendall(data)
                self.endings.append("end")
            except ConnectionResetError:
                self.endings.append("reset")


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Serve an echo."""
    server = Echo()
    yield server
    server.listener.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    """Put a proxy before it."""
    with FaultProxy(echo.port) as one:
        yield one


def connect(proxy: FaultProxy) -> socket.socket:
    """Connect a client; every wait of it is bounded."""
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=LIMIT)
    client.settimeout(LIMIT)
    return client


def say(client: socket.socket, data: bytes) -> bytes:
    """Send `data` and read as much back."""
    client.sendall(data)
    back = b""
    while len(back) < len(data):
        more = client.recv(65536)
        assert more, "the connection ended"
        back += more
    return back


def until(true: object, what: str = "never happened") -> None:
    """Wait until `true()` holds."""
    deadline = time.monotonic() + LIMIT
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def silent(client: socket.socket, seconds: float = 0.3) -> bool:
    """Tell whether nothing comes for a while, not even an end."""
    client.settimeout(seconds)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(LIMIT)
    return False


def test_bytes_pass_both_ways_in_order(proxy: FaultProxy) -> None:
    """Without a fault it is a plain connection, also for more than any buffer holds."""
    data = bytes(range(256)) * 4096
    with connect(proxy) as client:
        threading.Thread(target=client.sendall, args=(data,), daemon=True).start()
        back = b""
        while len(back) < len(data):
            back += client.recv(65536)
        assert back == data
        assert proxy.moved == {"up": len(data), "down": len(data)}
        assert proxy.connections == proxy.accepted == 1


def test_an_end_is_passed_on(proxy: FaultProxy, echo: Echo) -> None:
    """A client's FIN reaches the server, and the server's the client."""
    with connect(proxy) as client:
        say(client, b"bye")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    until(lambda: echo.endings == ["end"])
    until(lambda: proxy.connections == 0)


def test_cut_resets_and_new_connections_work(proxy: FaultProxy, echo: Echo) -> None:
    """Both sides see RST, and a client that comes back is served."""
    with connect(proxy) as client:
        say(client, b"hello")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    until(lambda: echo.endings == ["reset"])
    with connect(proxy) as client:
        assert say(client, b"again") == b"again"


def test_close_ends_politely(proxy: FaultProxy) -> None:
    """Clients see FIN."""
    with connect(proxy) as client:
        say(client, b"hello")
        proxy.close()
        assert client.recv(1) == b""


def test_refuse_and_heal_keep_the_port(proxy: FaultProxy) -> None:
    """While refused there is no server; open connections go on; healed, the same port serves again."""
    port = proxy.port
    with connect(proxy) as before:
        say(before, b"hello")
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert say(before, b"still") == b"still"
        proxy.heal()
        assert proxy.port == port
        with connect(proxy) as after:
            assert say(after, b"back") == b"back"


def test_delay_is_late_but_in_order(proxy: FaultProxy) -> None:
    """A delayed message comes no sooner than told, and none overtakes another."""
    with connect(proxy) as client:
        say(client, b"warm")
        proxy.delay(0.2, "up")
        began = time.monotonic()
        assert say(client, b"0123456789") == b"0123456789"
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("way", "heard"), [("up", 4), ("down", 9)])
def test_swallow_is_half_open(proxy: FaultProxy, echo: Echo, way: str, heard: int) -> None:
    """One direction is lost without a sign: up, the server never hears it; down, it hears and its answer is lost."""
    with connect(proxy) as client:
        say(client, b"warm")
        proxy.swallow(way)  # type: ignore[arg-type]
        client.sendall(b"lost?")
        assert silent(client)
        until(lambda: echo.heard == heard)
        proxy.heal()
        assert say(client, b"found") == b"found"


def test_swallow_hides_the_end_too(proxy: FaultProxy, echo: Echo) -> None:
    """A peer that vanishes behind a half-open link is never reported."""
    with connect(proxy) as client:
        say(client, b"warm")
        proxy.swallow("down")
        client.shutdown(socket.SHUT_WR)
        until(lambda: echo.endings == ["end"])
        assert silent(client)


def test_freeze_fills_the_senders_buffers_and_loses_nothing(proxy: FaultProxy, echo: Echo) -> None:
    """A black hole takes nothing; healed, everything arrives."""
    with connect(proxy) as client:
        say(client, b"warm")
        proxy.freeze()
        client.settimeout(0.3)
        sent = 0
        full = False
        while not full and sent < 256 * 1024 * 1024:
            try:
                sent += client.send(bytes(65536))
            except TimeoutError:
                full = True
        assert full
        assert echo.heard == 4
        client.settimeout(LIMIT)
        proxy.heal()
        back = 0
        while back < sent:
            back += len(client.recv(65536))
        assert back == sent


def test_throttle_holds_the_rate(proxy: FaultProxy) -> None:
    """Bytes pass no faster than told."""
    with connect(proxy) as client:
        say(client, b"warm")
        proxy.throttle(10_000, "up")
        began = time.monotonic()
        say(client, bytes(5000))
        assert time.monotonic() - began >= 0.4


def test_a_server_that_is_away_ends_the_client() -> None:
    """Where the target does not listen, the client's connection ends."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with FaultProxy(port) as proxy, connect(proxy) as client:
        assert client.recv(1) == b""
