"""The command as it is run."""

import asyncio
import signal
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from rtt.core.wire.codes import Close
from tests.display.stage import ROOM, History, Stage, final, state
from tests.harness.aio import run
from tests.harness.process import Process, rtt


def beside(stage: Stage, story: Callable[[], Coroutine[Any, Any, None]], seconds: float = 60) -> None:
    """Run a story while a stage stands."""

    async def both() -> None:
        async with stage:
            await story()

    run(both(), seconds)


async def line(process: Process, pattern: str, **options: Any) -> None:
    await asyncio.to_thread(process.wait_line, pattern, **options)


def test_plain_puts_each_final_on_one_line_of_output_at_once() -> None:
    history = History()
    history.finals = [(1, "Good morning."), (2, "Welcome.")]
    stage = Stage(history)

    async def story() -> None:
        with rtt("display", "--room", ROOM, "--server", stage.url, "--plain") as display:
            await line(display, "Welcome", stream="stdout")
            await stage.stop()
            await line(display, "trying again", stream="stderr")
            history.finals.append((3, "Said while away."))
            await stage.start()
            await line(display, "Said while away", stream="stdout")
            await stage.seen(3)
            display.signal(signal.SIGINT)
            assert await asyncio.to_thread(display.ended) == 130
            assert display.stdout == ["Good morning.", "Welcome.", "Said while away."]
            assert not [one for one in display.stderr if "Traceback" in one]
            assert [one.split(": ", 1)[1] for one in display.stderr if "connected" in one] == ["connected", "connected"]

    beside(stage, story)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_while_the_server_is_absent(number: signal.Signals) -> None:
    with rtt("display", "--room", ROOM, "--server", "127.0.0.1:9", "--terminal") as display:
        display.wait_line("no server listens at http://127.0.0.1:9; trying again")
        display.signal(number)
        assert display.ended() == 128 + number
        assert len(display.stderr) == 1
        assert display.stdout == []


def test_a_refusal_ends_it_with_the_sentence() -> None:
    stage = Stage()

    async def story() -> None:
        with rtt("display", "--room", ROOM, "--server", stage.url.replace("http", "ws"), "--plain") as display:
            await stage.joined(1)
            await stage.close(Close.BAD_TOKEN)
            assert await asyncio.to_thread(display.ended) == 1
            assert display.stderr[-1].startswith("The server sent this display away: The token is not valid")

    beside(stage, story)


def test_options_are_taken_from_the_environment() -> None:
    stage = Stage(lambda _query: [final(1, "from the environment"), state()])

    async def story() -> None:
        with rtt("display", "--plain", env={"RTT_ROOM": "other", "RTT_SERVER": stage.url}) as display:
            await line(display, "from the environment", stream="stdout")
            await line(display, "other: connected", stream="stderr")

    beside(stage, story)


def test_a_reader_that_leaves_ends_it_without_a_word() -> None:
    stage = Stage()

    async def story() -> None:
        with rtt("display", "--room", ROOM, "--server", stage.url, "--plain", binary=True) as display:
            await stage.joined(1)
            assert display.stdout_pipe is not None
            display.stdout_pipe.close()
            for number in range(1, 100):
                await stage.send(final(number, "nobody reads this"))
                if not display.running:
                    break
                await asyncio.sleep(0.02)
            assert await asyncio.to_thread(display.ended) == 141
            assert not [one for one in display.stderr if "Error" in one]

    beside(stage, story)


def test_the_page_is_opened_once_the_server_is_there(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    stage = Stage()

    async def story() -> None:
        await stage.stop()
        arguments = ("display", "--room", ROOM, "--server", stage.url, "--partial", "stable")
        with rtt(*arguments, env={"DISPLAY": ":99", "BROWSER": f"{browser} %s"}) as display:
            await line(display, "waiting for it", stream="stderr")
            assert not (tmp_path / "opened").exists()
            await stage.start()
            assert await asyncio.to_thread(display.ended) == 0
            assert (tmp_path / "opened").read_text() == f"{stage.page}?partial=stable\n"
            assert display.stdout == [f"{stage.page}?partial=stable"]

    beside(stage, story)


def test_without_a_desktop_the_address_and_the_way_out_are_said() -> None:
    stage = Stage()

    async def story() -> None:
        with rtt(
            "display", "--room", ROOM, "--server", stage.url, env={"DISPLAY": "", "WAYLAND_DISPLAY": ""}
        ) as display:
            assert await asyncio.to_thread(display.ended) == 1
            assert display.stdout == [stage.page]
            assert display.stderr[-1].endswith(f"rtt display --room {ROOM} --server {stage.url} --terminal.")

    beside(stage, story)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--room", "../../etc"),
        ("--room", 'x";alert(1);"'),
        ("--room", "a", "--server", "ftp://h"),
        ("--room", "a", "--partial", "maybe"),
        ("--room", "a", "--server", "http://h:99999"),
        (),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(arguments: tuple[str, ...]) -> None:
    with rtt("display", *arguments) as display:
        assert display.ended() == 2
        assert display.stdout == []
        assert not [one for one in display.stderr if "Traceback" in one]
        assert display.stderr
