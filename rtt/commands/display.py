"""The command `rtt display`: a room's captions in a browser or in this terminal."""

from collections.abc import Coroutine
from typing import Annotated

import typer

from rtt.commands.run import Stop, run_command, say


def display(
    room: Annotated[str, typer.Option(envvar="RTT_ROOM", help="The room to read.")],
    server: Annotated[
        str, typer.Option(envvar="RTT_SERVER", metavar="URL", help="Where rtt serve runs; http:// or ws://.")
    ] = "http://127.0.0.1:8000",
    partial: Annotated[
        str,
        typer.Option(
            envvar="RTT_PARTIAL",
            metavar="false|true|stable",
            help="Text that is not final yet: none, all of it, or only words that will not be taken back.",
        ),
    ] = "false",
    terminal: Annotated[
        bool, typer.Option("--terminal", envvar="RTT_TERMINAL", help="Read here instead of opening the page.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", envvar="RTT_PLAIN", help="One line for each final; implies --terminal.")
    ] = False,
) -> None:
    """Show a room's captions: opens its page in the browser, or reads it in the terminal.

    \b
    rtt display --room aula1
    rtt display --room aula1 --server http://192.168.1.20:8000 --terminal
    rtt display --room aula1 --plain > talk.txt
    """  # noqa: D301 - \b is meant: it tells Typer to keep the lines that follow as they are
    from rtt.display.address import read_mode, read_room, read_server

    name, at, mode = read_room(room), read_server(server), read_mode(partial)
    in_terminal = f"rtt display --room {name} --server {at.url} --terminal"

    async def read() -> None:
        from rtt.display.terminal import show_in_terminal

        await show_in_terminal(at, name, mode, plain=plain)

    async def open_in_browser() -> None:
        import random

        from rtt.display.browser import open_page, wait_for_server

        page = at.page(name, mode)
        typer.echo(page)
        await wait_for_server(at, random.random, say)
        await open_page(page, f"Open {page} on any device with a browser, or read here: {in_terminal}")

    run_command(lambda stop: _until_stopped(read() if terminal or plain else open_in_browser(), stop))


async def _until_stopped(work: Coroutine[None, None, None], stop: Stop) -> int:
    import asyncio

    async def end(task: asyncio.Task[None]) -> None:
        await stop.wait()
        task.cancel()

    async with asyncio.TaskGroup() as group:
        job = group.create_task(work)
        waiting = group.create_task(end(job))
        job.add_done_callback(lambda _: waiting.cancel())
    return 0
