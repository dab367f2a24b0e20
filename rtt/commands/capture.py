"""`rtt capture`: send a room's sound to the server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtt.commands.run import Stop, run_command

if TYPE_CHECKING:
    from rtt.capture.source import Source


def capture(
    room: Annotated[str, typer.Option(metavar="ROOM", envvar="RTT_ROOM", help="The room that is heard.")],
    lang: Annotated[
        str, typer.Option(metavar="TAG", envvar="RTT_LANG", help="What is spoken, e.g. it-IT; else the server decides.")
    ] = "",
    server: Annotated[
        str, typer.Option(metavar="URL", envvar="RTT_SERVER", help="The server.")
    ] = "ws://127.0.0.1:8000",
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="RTT_FILE", help="Play a recording (WAV, FLAC, OGG, MP3) in real time."),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", envvar="RTT_LOOP", help="Begin the recording again at its end.")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", envvar="RTT_FAST", help="Play it as fast as the server takes it.")
    ] = False,
    stdin: Annotated[
        bool, typer.Option("--stdin", envvar="RTT_STDIN", help="Hear standard input: raw s16le, mono, 16 kHz.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", envvar="RTT_NO_WAIT", help="Leave if the server is not there.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", envvar="RTT_PLAIN", help="One line per change instead of a live view.")
    ] = False,
) -> None:
    """Send a room's sound to the server: the default microphone, a recording, or standard input.

    Ends when the recording does or with Ctrl-C, once all that was said is settled; Ctrl-C again leaves at once.
    """

    async def main(stop: Stop) -> int:
        import sys

        from rtt.capture.status import face
        from rtt.capture.talk import Talk
        from rtt.capture.uplink import Target, Uplink

        source = _source(file, stdin, loop, fast)
        shown = face(plain, sys.stderr)
        uplink = Uplink(Target(server, room, lang), live=source.live, say=shown.say, wait=not no_wait)
        return await Talk(source, uplink, shown, room).run(stop.wait)

    run_command(main)


def _source(file: Path | None, stdin: bool, loop: bool, fast: bool) -> "Source":
    from rtt.core.errors import UsageError

    if file is not None and stdin:
        raise UsageError("--file and --stdin are two sources", "a room has one", "Leave one of them out")
    if file is None and (loop or fast):
        raise UsageError(f"{'--loop' if loop else '--fast'} is for recordings", "", "Name one with --file")
    if file is not None:
        from rtt.capture.file import FileSource

        return FileSource(file, loop=loop, pace=0 if fast else 1)
    if stdin:
        from rtt.capture.stdin import StdinSource

        return StdinSource()
    from rtt.capture.microphone import Microphone
    from rtt.capture.portaudio import PortAudio

    return Microphone(PortAudio())
