"""The command `rtt`: which commands there are, and where their defaults come from."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from rtt import __version__
from rtt.commands.capture import capture
from rtt.commands.demo import demo
from rtt.commands.devices import devices
from rtt.commands.display import display
from rtt.commands.run import with_sentences
from rtt.commands.serve import serve

_HELP = """Live captions for conference rooms: every word that is spoken, and not one that was not.

\b
See it now, offline:      rtt demo
On the server:            rtt serve --host 0.0.0.0 --open
Beside the mixer:         rtt capture --room aula1 --server ws://SERVER:8000
For the audience:         rtt display --room aula1 --server http://SERVER:8000
"""

app = typer.Typer(
    name="rtt",
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command(rich_help_panel="Try it")(demo)
app.command(rich_help_panel="The three parts")(serve)
app.command(rich_help_panel="The three parts")(capture)
app.command(rich_help_panel="The three parts")(display)
app.command(rich_help_panel="Look around")(devices)


def main() -> None:
    """Run `rtt` with the process's arguments and leave with its exit code."""
    # The matrices of the voice detector are small: a thread a core would wait for the others more than it works.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with_sentences(lambda: app(prog_name="rtt"))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rtt {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="RTT_CONFIG", help="Read defaults from this file."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options' defaults from config.toml; a command finds the whole Config as its context's `obj`."""
    from rtt import settings

    context.obj = settings.load(config)
    group: Any = context.command
    known = {name: [_option(one) for one in command.params] for name, command in group.commands.items()}
    context.default_map = dict(settings.defaults(context.obj, known))
    for name, values in context.default_map.items():
        for parameter in group.commands[name].params:
            if parameter.name in values:
                _check(context, f"{context.obj.path}: [{name}] {parameter.opts[0].lstrip('-')}", parameter, values)


def _check(context: typer.Context, where: str, parameter: Any, values: dict[str, Any]) -> None:
    """Name the file in what Typer would otherwise say of a flag that nobody gave."""
    from rtt.core.errors import UsageError

    try:
        parameter.process_value(context, values[parameter.name])
    except typer.BadParameter as error:
        raise UsageError(f"{where} = {values[parameter.name]!r} cannot be meant", error.message) from error


def _option(parameter: Any) -> Any:
    from rtt.settings import Option

    def bare(flags: list[str]) -> tuple[str, ...]:
        return tuple(flag.lstrip("-") for flag in flags)

    return Option(
        name=parameter.name,
        keys=bare(parameter.opts),
        flag=bool(getattr(parameter, "is_flag", False)),
        off=bare(parameter.secondary_opts),
        many=bool(getattr(parameter, "multiple", False)),
    )
