"""`rtt serve`: the server for all rooms."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtt.commands.run import Stop, run_command

if TYPE_CHECKING:
    from rtt.engines.base import Traits
    from rtt.server.config import ServerConfig


AMAZON = "Amazon Transcribe"


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(envvar="RTT_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="RTT_PORT", min=0, max=65535, help="0 takes a free one.")] = 8000,
    engine: Annotated[
        str, typer.Option(envvar="RTT_ENGINE", help="auto, transcribe, pocketsphinx or scripted.")
    ] = "auto",
    lang: Annotated[
        str, typer.Option(envvar="RTT_LANG", metavar="TAG", help="Language of rooms that name none, as en-US.")
    ] = "",
    data_dir: Annotated[
        Path | None, typer.Option(envvar="RTT_DATA_DIR", metavar="DIR", help="Where captions are kept.")
    ] = None,
    guard: Annotated[
        bool,
        typer.Option("--guard/--no-guard", envvar="RTT_GUARD", help="Show only words that a voice was there for."),
    ] = True,
    open_: Annotated[
        bool,
        typer.Option("--open", envvar="RTT_OPEN", help="Let everyone who reaches the server speak and read."),
    ] = False,
    plain: Annotated[bool, typer.Option(envvar="RTT_PLAIN", help="Lines instead of the live table.")] = False,
    aws_region: Annotated[
        str,
        typer.Option(
            "--aws-region",
            envvar="RTT_AWS_REGION",
            metavar="REGION",
            rich_help_panel=AMAZON,
            help="Else AWS_REGION, or the profile.",
        ),
    ] = "",
    transport: Annotated[
        str,
        typer.Option(
            "--transcribe-transport",
            envvar="RTT_TRANSCRIBE_TRANSPORT",
            metavar="NAME",
            rich_help_panel=AMAZON,
            help="websocket or http2.",
        ),
    ] = "websocket",
    vocabulary: Annotated[
        str,
        typer.Option(
            "--vocabulary", envvar="RTT_VOCABULARY", metavar="NAME", rich_help_panel=AMAZON, help="Custom vocabulary."
        ),
    ] = "",
    vocabulary_filter: Annotated[
        str,
        typer.Option(
            "--vocabulary-filter",
            envvar="RTT_VOCABULARY_FILTER",
            metavar="NAME",
            rich_help_panel=AMAZON,
            help="Words to leave out.",
        ),
    ] = "",
    filter_method: Annotated[
        str,
        typer.Option(
            "--filter-method",
            envvar="RTT_FILTER_METHOD",
            metavar="NAME",
            rich_help_panel=AMAZON,
            help="remove, mask or tag them.",
        ),
    ] = "mask",
    language_model: Annotated[
        str,
        typer.Option(
            "--language-model",
            envvar="RTT_LANGUAGE_MODEL",
            metavar="NAME",
            rich_help_panel=AMAZON,
            help="Custom language model.",
        ),
    ] = "",
    stability: Annotated[
        str,
        typer.Option(
            "--stability",
            envvar="RTT_STABILITY",
            metavar="NAME",
            rich_help_panel=AMAZON,
            help="Of partials: off, low, medium or high.",
        ),
    ] = "medium",
    speaker_labels: Annotated[
        bool,
        typer.Option(
            "--speaker-labels/--no-speaker-labels",
            envvar="RTT_SPEAKER_LABELS",
            rich_help_panel=AMAZON,
            help="Ask the service who speaks.",
        ),
    ] = False,
    usd_per_minute: Annotated[
        float,
        typer.Option(
            "--usd-per-minute", envvar="RTT_USD_PER_MINUTE", rich_help_panel=AMAZON, help="What a minute costs you."
        ),
    ] = 0.024,
    stream_minutes: Annotated[
        float,
        typer.Option(
            "--stream-minutes",
            envvar="RTT_STREAM_MINUTES",
            rich_help_panel=AMAZON,
            help="A stream is replaced after so long.",
        ),
    ] = 230.0,
) -> None:
    """Run the server: it hears the rooms, guards, and shows their captions.

    rtt serve                            for programs on this machine

    rtt serve --host 0.0.0.0 --open      for a network where you trust everyone
    """
    from rtt import settings
    from rtt.server.config import ServerConfig

    config = ServerConfig(
        data_dir=data_dir or settings.data_path(),
        host=host,
        port=port,
        language=lang,
        room_languages=settings.room_languages(context.obj),
        guard=guard,
        open=open_,
    )

    amazon = {
        "region": aws_region,
        "transport": transport,
        "vocabulary": vocabulary,
        "vocabulary_filter": vocabulary_filter,
        "filter_method": filter_method,
        "language_model": language_model,
        "stability": stability,
        "speaker_labels": speaker_labels,
        "rate_usd_per_minute": usd_per_minute,
        "limit_seconds": stream_minutes * 60,
        "rooms": settings.room_options(context.obj),
    }

    async def main(stop: Stop) -> int:
        return await _serve(config, engine, amazon, stop, plain=plain)

    run_command(main)


async def _serve(config: "ServerConfig", wish: str, amazon: dict[str, Any], stop: Stop, *, plain: bool) -> int:
    import asyncio
    import sys

    from rtt.brokers.memory import MemoryBroker
    from rtt.engines import catalogue
    from rtt.server import status
    from rtt.server.app import running_server
    from rtt.server.console import LiveConsole, PlainConsole

    engine, why = await catalogue.proved(wish, amazon)
    live = sys.stderr.isatty() and not plain
    console: LiveConsole | PlainConsole = LiveConsole() if live else PlainConsole(sys.stderr)
    async with running_server(config, engine, MemoryBroker(), console.tell) as server:
        for sentence in opening(server.url, config, engine.traits, why):
            console.tell("", sentence)
        async with asyncio.TaskGroup() as group:
            drawing = None
            if isinstance(console, LiveConsole):
                drawing = group.create_task(console.run(lambda: status.rooms(server.hub)))
            await stop.wait()
            if drawing is not None:
                drawing.cancel()
        console.tell("", "The server stops: what was said is settled first. Again Ctrl-C leaves at once.")
    console.tell("", "Stopped.")
    return 0


def opening(url: str, config: "ServerConfig", traits: "Traits", why: str) -> Iterator[str]:
    """Yield what an operator must know of a server that starts: where, the engine and why, every check that is off."""
    yield f"rtt serves on {url} (open it in a browser to see the rooms)."
    where = "sound stays on this machine" if traits.private else "sound leaves this building"
    price = f"{traits.usd_per_minute} USD a minute" if traits.usd_per_minute else "no cost"
    yield f"Engine {traits.name}: {where}, {price}. {why}"
    yield f"Captions are kept in {config.data_dir}."
    if traits.invents:
        yield f"The engine {traits.name} may write words that nobody said; stricter rules guard it."
    if traits.tones:
        yield f"The engine {traits.name} hears only test tones; it is for rehearsals and tests."
    if not config.guard:
        yield "WARNING: the guard is off (--no-guard). Words that nobody said can reach the screens."
    if config.open:
        yield "WARNING: every check is off (--open). Everyone who reaches this server can speak and read."
