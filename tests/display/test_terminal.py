import io
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from rtt.core.wire.screen import State
from rtt.display.follow import Follower, Reset, Standing
from rtt.display.reader import Connected, Lost
from rtt.display.terminal import Plain, Screen, one_line, sign_of
from tests.display.stage import ROOM, Stage, final, partial, state
from tests.harness.aio import run
from tests.harness.data import ROOT
from tests.harness.need import need


def rows(screen: Screen, width: int = 40, height: int = 10) -> list[str]:
    """Return what the screen shows at this size."""
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(screen, end="")
    return capture.get().split("\n")


def told(*frames: str, partials: bool = True) -> Screen:
    """Return a screen that was sent these frames."""
    screen, follower = Screen(ROOM), Follower(partials=partials)
    screen.take(Connected())
    for frame in frames:
        for news in follower.take(frame):
            screen.take(news)
    return screen


def test_the_newest_lines_are_at_the_bottom_above_one_line_of_state() -> None:
    shown = rows(told(state(), *(final(n, f"line {n}") for n in range(1, 30)), partial(29, "not yet")), 40, 10)
    assert [row.strip() for row in shown] == [*(f"line {n}" for n in range(23, 30)), "not yet", "", ROOM]


def test_a_few_lines_stand_at_the_bottom_too() -> None:
    shown = rows(told(state(), final(1, "first")), 40, 6)
    assert [row.strip() for row in shown] == ["", "", "", "first", "", ROOM]


@pytest.mark.parametrize("width", [1, 2, 5, 20, 79, 200])
@pytest.mark.parametrize("height", [1, 2, 3, 10, 50])
def test_any_size_of_terminal_is_filled_and_never_overflown(width: int, height: int) -> None:
    from rich.cells import cell_len

    screen = told(state(paused=True), final(1, "x" * 300), final(2, "字幕はここに" * 20), final(3, "a few words " * 20))
    shown = rows(screen, width, height)
    assert len(shown) <= max(height, 3)
    assert all(cell_len(row) <= max(width, 2) for row in shown)


def test_wrapped_words_are_all_there_and_whole() -> None:
    text = " ".join(f"word{n}" for n in range(40))
    shown = rows(told(state(), final(1, text)), 40, 20)
    assert " ".join(" ".join(shown[:-1]).split()) == text


def test_a_final_takes_the_place_of_its_partial() -> None:
    screen = told(partial(0, "we hold", line="x"), final(1, "We hold.", line="x"), state())
    assert [row.strip() for row in rows(screen) if row.strip()] == ["We hold.", ROOM]


def test_partials_are_dimmer_than_finals() -> None:
    console = Console(width=40, height=6, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(told(final(1, "settled"), partial(1, "unsettled"), state()), end="")
    assert "\x1b[1m settled" in capture.get()
    assert "\x1b[2m unsettled" in capture.get()


def test_a_lost_connection_is_said_quietly_and_the_text_stays() -> None:
    screen = told(final(1, "kept"), state())
    screen.take(Lost("no server listens at http://h"))
    shown = rows(screen, 70)
    assert shown[-1].strip() == f"{ROOM} · ○ no server listens at http://h; trying again"
    assert "kept" in shown[-3]
    screen.take(Connected())
    assert rows(screen)[-1].strip() == ROOM


def test_a_reset_empties_the_screen() -> None:
    screen = told(final(1, "old"), partial(1, "older"), state())
    screen.take(Reset())
    assert [row.strip() for row in rows(screen) if row.strip()] == [ROOM]


@pytest.mark.parametrize(
    ("what", "sign"),
    [
        (State(live=True), ""),
        (State(live=False), "No sound at the moment"),
        (State(live=True, lagging=True), "Captions are late"),
        (State(live=True, lagging=True, paused=True), "Captions are paused"),
    ],
)
def test_the_state_is_said_in_a_few_words(what: State, sign: str) -> None:
    assert sign_of(what) == sign


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\nc\td", "a b c d"),
        ("\x1b[2J\x1b]0;title\x07red \x9b31m", "[2J ]0;title red 31m"),
        ("\u202eback", "back"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
        ("  ", ""),
    ],
)
def test_text_cannot_steer_the_terminal(text: str, shown: str) -> None:
    assert one_line(text) == shown
    visible = rows(told(final(1, text), state()), 60, 5)
    assert visible[2].strip() == shown


def plain() -> tuple[Plain, io.StringIO, io.StringIO]:
    out, messages = io.StringIO(), io.StringIO()
    return Plain(ROOM, out, messages, lambda: "12:00:00"), out, messages


def test_plain_is_one_line_for_each_final_and_nothing_else() -> None:
    lines, out, messages = plain()
    follower = Follower(partials=True)
    for frame in (
        partial(0, "o"),
        final(1, "one\ntwo", line="l1"),
        partial(1, "x"),
        final(2, "three", line="l2"),
        final(2, "three"),
    ):
        for news in follower.take(frame):
            lines.take(news)
    assert out.getvalue() == "one two\nthree\n"
    assert messages.getvalue() == ""


def test_plain_says_each_change_of_state_once_and_beside_the_data() -> None:
    lines, out, messages = plain()
    live, paused = Standing(State(live=True)), Standing(State(live=True, paused=True))
    for news in (Connected(), live, live, paused, paused, live, Lost("gone."), Connected(), live, Reset()):
        lines.take(news)
    assert out.getvalue() == ""
    assert messages.getvalue().splitlines() == [
        "12:00:00 aula1: connected",
        "12:00:00 aula1: Captions are paused",
        "12:00:00 aula1: Captions are live",
        "12:00:00 aula1: gone; trying again",
        "12:00:00 aula1: connected",
        "12:00:00 aula1: the server's captions begin anew",
    ]


class Tmux:
    """A real terminal of a given size."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    def do(self, *command: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *command], capture_output=True, text=True, timeout=20, check=True
        )
        return done.stdout

    def until(self, holds: Callable[[list[str]], bool], seconds: float = 30) -> list[str]:
        deadline = time.monotonic() + seconds
        while True:
            shown = self.do("capture-pane", "-p").split("\n")[:-1]
            if holds(shown):
                return shown
            assert time.monotonic() < deadline, "\n".join(shown)
            time.sleep(0.1)


@contextmanager
def terminal(width: int, height: int, *command: str) -> Iterator[Tmux]:
    need("tmux")
    tmux = Tmux(f"rtt-test-{time.monotonic_ns()}")
    # COLUMNS and LINES are exported, and wrong from the first resize on, wherever the parent uses readline.
    line = f"trap : INT; cd {shlex.quote(str(ROOT))} && COLUMNS={width} LINES={height} {shlex.join(command)}"
    line += "; echo exit $?; exec cat"
    tmux.do("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "sh", "-c", line)
    try:
        yield tmux
    finally:
        tmux.do("kill-server")


def test_in_a_real_terminal_captions_appear_and_follow_its_size() -> None:
    import asyncio

    async def story() -> None:
        frames = [
            state(),
            *(final(n, f"line number {n} of a talk") for n in range(1, 40)),
            partial(39, "not settled yet"),
        ]
        async with Stage(lambda _query: frames) as stage:
            stage.beat = state()
            options = ("--room", ROOM, "--server", stage.url, "--terminal", "--partial", "true")
            with terminal(80, 24, sys.executable, "-m", "rtt", "display", *options) as tmux:

                async def until(holds: Callable[[list[str]], bool]) -> list[str]:
                    return await asyncio.to_thread(tmux.until, holds)

                shown = await until(lambda rows: "not settled yet" in rows[21])
                assert [row.strip() for row in shown[:21]] == [f"line number {n} of a talk" for n in range(19, 40)]
                assert shown[23].strip() == ROOM
                tmux.do("resize-window", "-x", "16", "-y", "12")
                wrapped = ["line number 39", "of a talk", "not settled", "yet", "", ROOM]
                await until(lambda rows: len(rows) == 12 and [row.strip() for row in rows[-6:]] == wrapped)
                tmux.do("resize-window", "-x", "80", "-y", "24")
                stage.beat = state(paused=True)
                await until(lambda rows: rows[23].strip() == f"{ROOM} · Captions are paused")
                await stage.stop()
                await until(lambda rows: "trying again" in rows[23])
                stage.beat = state()
                await stage.start()
                await until(lambda rows: rows[23].strip() == ROOM)
                tmux.do("send-keys", "C-c")
                shown = await until(lambda rows: any(row == "exit 130" for row in rows))
                assert not [row for row in shown if "Traceback" in row]

    run(story(), 120)
