"""`rtt devices`: which inputs this computer has."""

from typing import TYPE_CHECKING, Annotated

import typer

from rtt.commands.run import Stop, run_command

if TYPE_CHECKING:
    from rtt.capture.sound import Input


def devices(
    as_json: Annotated[
        bool, typer.Option("--json", envvar="RTT_JSON", help="Print a JSON list, for programs.")
    ] = False,
) -> None:
    """List the inputs of this computer, the default one marked with *."""
    from rtt.capture.portaudio import PortAudio

    async def main(_stop: Stop) -> int:
        from rtt.capture.aside import aside
        from rtt.capture.microphone import OPEN_SECONDS
        from rtt.core.errors import SetupError

        try:
            found = await aside(PortAudio().inputs, OPEN_SECONDS)
        except TimeoutError as error:
            raise SetupError(
                "The sound system does not answer",
                f"nothing came back for {OPEN_SECONDS:.0f} s",
                "Restart the sound server",
            ) from error
        return _print(found, as_json)

    run_command(main)


def _print(found: "list[Input]", as_json: bool) -> int:
    import sys

    from rich.console import Console
    from rich.table import Table

    from rtt.capture.devices import COLUMNS, listing, nothing, plain, row

    if as_json:
        sys.stdout.write(listing(found) + "\n")
    if not found:
        raise nothing()
    if as_json:
        return 0
    console = Console()
    if not console.is_terminal:
        sys.stdout.write(plain(found))
        return 0
    table = Table(*COLUMNS)
    for one in found:
        table.add_row(*(cell.replace("[", r"\[") for cell in row(one)))
    console.print(table)
    return 0
