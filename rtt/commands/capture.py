"""`rtt capture`: send a room's sound to the server."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtt.commands.run import Stop, run_command, with_sentences

if TYPE_CHECKING:
    from rtt.capture.source import Source


class Late(StrEnum):
    """What becomes of sound that the server is late with."""

    KEEP = "keep"
    SKIP = "skip"


def capture(
    room: Annotated[str, typer.Option(metavar="ROOM", envvar="RTT_ROOM", help="The room that is heard.")] = "",
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
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="RTT_RECORD", help="Keep all that is heard in a FLAC file of this name."),
    ] = None,
    live_only: Annotated[
        bool,
        typer.Option("--live-only", envvar="RTT_LIVE_ONLY", help="Drop what cannot be sent within 5 s, oldest first."),
    ] = False,
    late: Annotated[
        Late,
        typer.Option(envvar="RTT_LATE", help="Sound the server is late with: keep all, or skip to what is said now."),
    ] = Late.KEEP,
    takeover: Annotated[
        bool, typer.Option("--takeover", envvar="RTT_TAKEOVER", help="End the capture that is live in the room.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", envvar="RTT_RESUME", help="Send what earlier captures left, and leave.")
    ] = False,
    state_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="RTT_STATE_DIR", help="Where sound is kept until it is settled."),
    ] = None,
    memory_seconds: Annotated[int, typer.Option(envvar="RTT_MEMORY_SECONDS", hidden=True, min=1)] = 120,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", envvar="RTT_NO_WAIT", help="Leave if the server is not there.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", envvar="RTT_PLAIN", help="One line per change instead of a live view.")
    ] = False,
) -> None:
    """Send a room's sound to the server: the default microphone, a recording, or standard input.

    Ends when the recording does or with Ctrl-C, once all that was said is settled; Ctrl-C again leaves at once.
    Sound is kept on disk until it is settled: a capture that was killed goes on with its talk when it is started again.
    """
    from rtt import settings

    root = state_dir or settings.state_path()
    if resume:
        run_command(lambda stop: _resume(root, server, room, stop, wait=not no_wait))
    _need_room(room)

    async def main(stop: Stop) -> int:
        import sys
        import time

        from rtt.capture.address import audio_address
        from rtt.capture.backpressure import Backpressure, newest_only
        from rtt.capture.haste import Haste
        from rtt.capture.remains import Beginning, begin
        from rtt.capture.status import face
        from rtt.capture.talk import Talk
        from rtt.capture.uplink import Target, Uplink
        from rtt.core.caption import RATE
        from rtt.core.errors import UsageError

        if live_only and fast:
            raise UsageError("--live-only and --fast exclude each other", "--live-only plays as if it were spoken now")
        source = _source(file, stdin, loop, fast)
        shown = face(plain, sys.stderr)
        taped = None
        if record is not None:
            from rtt.capture.record import Record

            taped = Record(record, say=shown.say, room=room)
        pressure = Backpressure(shown.say) if live_only else None
        live = source.live or live_only
        command = takeover_command(room, server, lang, file, loop=loop, fast=fast, stdin=stdin)
        target = Target(server, room, lang, takeover=command)
        audio_address(server, room, lang)  # what cannot be meant is refused before anything is kept of it
        if live_only:
            beginning = Beginning(newest_only())
        else:
            capacity, now = memory_seconds * RATE, time.time()
            beginning = await begin(root, target, live=source.live, say=shown.say, now=now, capacity=capacity)
        beginning.session.takeover = takeover
        uplink = Uplink(
            target,
            live=live,
            say=shown.say,
            wait=not no_wait,
            session=beginning.session,
            since=beginning.since,
            spool=beginning.spool,
            haste=Haste(shown.say) if late is Late.SKIP else None,
        )
        return await Talk(source, uplink, shown, room, record=taped, backpressure=pressure).run(stop.wait)

    run_command(main)


async def _resume(root: Path, server: str, room: str, stop: Stop, *, wait: bool) -> int:
    import sys

    from rtt.capture.resume import Late as LateSound
    from rtt.capture.status import PlainFace

    return await LateSound(root, server, room, PlainFace(sys.stderr).say, wait=wait).run(stop.wait)


def _need_room(room: str) -> None:
    from rtt.core.errors import UsageError

    def refuse() -> int:
        raise UsageError("No room is named", "", "Name it with --room or RTT_ROOM, e.g. --room aula1")

    if not room:
        with_sentences(refuse)


def takeover_command(
    room: str, server: str, lang: str, file: Path | None, *, loop: bool, fast: bool, stdin: bool
) -> str:
    """Return the command that does the same and takes the room over from whoever is live in it."""
    from rtt.capture.address import shown

    parts = ["rtt", "capture", "--room", room, "--server", shown(server)]
    parts += ["--lang", lang] if lang else []
    parts += ["--file", str(file)] if file is not None else []
    parts += [flag for flag, on in (("--loop", loop), ("--fast", fast), ("--stdin", stdin)) if on]
    return shlex.join([*parts, "--takeover"])


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
