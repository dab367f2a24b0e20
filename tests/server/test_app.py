"""The web application: who may come in, and where it listens."""

import socket
from pathlib import Path

import aiohttp
import pytest

from rtt.core.errors import SetupError
from tests.harness.aio import run
from tests.server.stand import server

PATHS = ["/", "/room/aula1", "/api/rooms", "/healthz", "/ws/transcript/aula1", "/ws/audio/aula1"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
    ],
    ids=lambda headers: next(iter(headers.items()))[0] + "=" + next(iter(headers.values())),
)
def test_only_this_machines_own_programs_come_in(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    """Foreign Host, foreign Origin and everything that came through a proxy is refused, on every route."""

    async def work() -> None:
        async with server(tmp_path) as running, aiohttp.ClientSession() as client:
            async with client.get(running.url + path, headers=headers) as answer:
                assert answer.status == 403
                assert "own machine" in await answer.text()

    run(work())


def test_our_own_page_comes_in(tmp_path: Path) -> None:
    """Same origin, by either name of this machine."""

    async def work() -> None:
        async with server(tmp_path) as running, aiohttp.ClientSession() as client:
            port = running.url.rpartition(":")[2]
            for name in ("localhost", "127.0.0.1"):
                headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
                async with client.get(f"{running.url}/api/rooms", headers=headers) as answer:
                    assert answer.status == 200

    run(work())


def test_open_means_open(tmp_path: Path) -> None:
    """With --open nothing is checked."""

    async def work() -> None:
        async with server(tmp_path, open=True) as running, aiohttp.ClientSession() as client:
            async with client.get(f"{running.url}/api/rooms", headers={"Host": "evil.example"}) as answer:
                assert answer.status == 200

    run(work())


def test_no_route_lets_a_path_out(tmp_path: Path) -> None:
    """Nothing outside the fixed table of files can be had, however it is written."""

    async def work() -> None:
        async with server(tmp_path) as running, aiohttp.ClientSession() as client:
            for path in ("/static/../pyproject.toml", "/static/%2e%2e%2fpyproject.toml", "/static/", "/nothing"):
                async with client.get(running.url + path) as answer:
                    assert answer.status == 404
                    assert "hatchling" not in await answer.text()

    run(work())


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    """The operator reads what holds the port and which option helps."""
    with socket.create_server(("127.0.0.1", 0)) as taken:

        async def work() -> None:
            async with server(tmp_path, port=taken.getsockname()[1]):
                pass

        with pytest.raises(SetupError, match="--port"):
            run(work())


def test_an_address_of_another_machine_is_a_sentence(tmp_path: Path) -> None:
    """An address that is not this machine's cannot be listened on."""

    async def work() -> None:
        async with server(tmp_path, host="192.0.2.1", open=True):
            pass

    with pytest.raises(SetupError, match="--host"):
        run(work())


def test_the_version_of_the_server_is_not_told(tmp_path: Path) -> None:
    """A banner helps only who looks for holes."""

    async def work() -> None:
        async with server(tmp_path) as running, aiohttp.ClientSession() as client:
            async with client.get(running.url + "/healthz") as answer:
                assert "aiohttp" not in answer.headers.get("Server", "").lower()

    run(work())
