import asyncio
import random
import socket
import stat
import sys
from pathlib import Path

import pytest

from rtt.display.address import read_server
from rtt.display.browser import has_desktop, wait_for_server
from tests.harness.aio import run
from tests.harness.process import running


@pytest.mark.parametrize(
    ("environment", "platform", "desktop"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_desktop_is_known_by_what_the_system_says(environment: dict[str, str], platform: str, desktop: bool) -> None:
    assert has_desktop(environment, platform) is desktop


def test_an_absent_server_is_said_once_and_waited_for() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        said: list[str] = []
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(wait_for_server(read_server(f"127.0.0.1:{port}"), random.random, said.append))
            await asyncio.sleep(1)
            assert not waiting.done()
            async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port):
                await waiting
        assert said == [f"http://127.0.0.1:{port} cannot be reached yet; waiting for it"]

    run(story())


OPEN = """
import asyncio
from rtt.commands.run import run_command
from rtt.display.browser import open_page
async def main(stop):
    await open_page("http://h/room/a?partial=true", "Open it elsewhere")
    return 0
run_command(main)
"""


def test_the_desktops_browser_gets_the_address(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with running(sys.executable, "-c", OPEN, env={"DISPLAY": ":99", "BROWSER": f"{browser} %s"}) as process:
        assert process.ended() == 0
    assert (tmp_path / "opened").read_text() == "http://h/room/a?partial=true\n"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "There is no desktop to open the page on. Open it elsewhere."),
        ({"DISPLAY": ":99", "BROWSER": "false %s", "PATH": ""}, "No browser could be opened. Open it elsewhere."),
    ],
)
def test_without_a_browser_the_sentence_says_what_to_do(environment: dict[str, str], sentence: str) -> None:
    with running(sys.executable, "-c", OPEN, env=environment) as process:
        assert process.ended() == 1
        assert process.stderr == [sentence]
