import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.commands.capture import takeover_command
from rtt.core.wire.codes import Close
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run
from tests.harness.process import rtt


@contextmanager
def serving(peer: Peer) -> Iterator[Peer]:
    """Run `peer` beside a test that has no loop of its own."""
    ready, over = threading.Event(), threading.Event()

    async def main() -> None:
        import asyncio

        async with peer:
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: run(main(), 120), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield peer
    finally:
        over.set()
        thread.join(10)


def recording(tmp_path: Path, samples: int) -> str:
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.frombuffer(ramp(samples), "<i2"), 16_000)
    return str(path)


def until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_recording_is_sent_whole_and_the_command_ends_with_0(tmp_path: Path) -> None:
    """Nothing on stdout; messages on stderr; room, language and server from options or the environment."""
    with serving(Peer()) as peer:
        arguments = ("capture", "--file", recording(tmp_path, 40_000), "--fast", "--lang", "it-IT")
        with rtt(*arguments, env={"RTT_ROOM": "aula1", "RTT_SERVER": f"http://127.0.0.1:{peer.port}"}) as process:
            assert process.ended() == 0
        assert bytes(peer.sound) == ramp(40_000)
        assert peer.paths == ["/ws/audio/aula1?lang=it-IT"]
        assert process.stdout == []
        assert "Done: 2.5 s of sound are settled." in process.stderr[-1]


def test_a_recording_in_real_time_takes_its_time(tmp_path: Path) -> None:
    """Without --fast it is sent as it would have been spoken: never ahead of the clock."""
    with serving(Peer()) as peer:
        begin = time.monotonic()
        with rtt("capture", "--room", "r", "--file", recording(tmp_path, 16_000), "--server", peer.url) as process:
            assert process.ended() == 0
        assert time.monotonic() - begin >= 1
        assert bytes(peer.sound) == ramp(16_000)


def test_standard_input_is_heard_to_its_end() -> None:
    """Raw sound through a pipe, an odd byte at the end dropped."""
    with serving(Peer()) as peer:
        with rtt("capture", "--room", "r", "--stdin", "--server", peer.url) as process:
            process.write(ramp(20_001) + b"\x7f")
            process.close_stdin()
            assert process.ended() == 0
        assert bytes(peer.sound) == ramp(20_001)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_settles_and_leaves(tmp_path: Path, number: int, code: int) -> None:
    """A looped recording would go on for ever; the operator's wish ends it, settled."""
    with serving(Peer()) as peer:
        arguments = ("capture", "--room", "r", "--file", recording(tmp_path, 8000), "--loop", "--server", peer.url)
        with rtt(*arguments) as process:
            until(lambda: peer.received > 16_000)
            process.signal(number)
            assert process.ended() == code
        assert peer.endings == [len(peer.sound) // 2]
        assert (ramp(8000) * 99).startswith(bytes(peer.sound))
        assert any("Done:" in line for line in process.stderr)


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    """A server that never finishes does not hold the operator."""
    with serving(Peer(ends=False, settle=False)) as peer:
        arguments = ("capture", "--room", "r", "--file", recording(tmp_path, 8000), "--loop", "--server", peer.url)
        with rtt(*arguments) as process:
            until(lambda: peer.received > 1600)
            process.signal(signal.SIGINT)
            process.wait_line("Press Ctrl-C again")
            time.sleep(0.3)
            process.signal(signal.SIGINT)
            assert process.ended(10) == 130


def test_a_refused_room_is_one_sentence_and_1(tmp_path: Path) -> None:
    """The server's reason reaches the operator."""
    with serving(Peer(refusals=[(Close.LANGUAGE, "en-US is what is spoken here")])) as peer:
        arguments = ("capture", "--room", "r", "--file", recording(tmp_path, 8000), "--server", peer.url)
        with rtt(*arguments) as process:
            assert process.ended() == 1
        assert "en-US is what is spoken here" in process.stderr[-1]
        assert not any("Traceback" in line for line in process.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--room", 'x";alert(1);"', "--stdin"), 2, "not a room's name"),
        (("--room", "../../etc", "--stdin"), 2, "not a room's name"),
        (("--room", "r", "--lang", "italian!", "--stdin"), 2, "not a language"),
        (("--room", "r", "--server", "127.0.0.1:8000", "--stdin"), 2, "not the address of a server"),
        (("--room", "r", "--stdin", "--file", "a.wav"), 2, "two sources"),
        (("--room", "r", "--stdin", "--loop"), 2, "--loop is for recordings"),
        (("--room", "r", "--fast"), 2, "--fast is for recordings"),
        (("--room", "r", "--stdin", "--late", "never"), 2, "'keep', 'skip'"),
        (("--resume", "--room", "../../etc"), 2, "not a room's name"),
        (("--resume", "--server", "127.0.0.1:8000"), 2, "not the address of a server"),
        (("--room", "r", "--file", "/nowhere/a.wav"), 1, "There is no file"),
        (("--room", "r", "--file", "/"), 1, "is a folder"),
        (("--room", "r", "--stdin", "--no-wait", "--server", "ws://127.0.0.1:9"), 1, "nothing listens there"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: tuple[str, ...], code: int, says: str) -> None:
    """Exit 2 for what cannot be meant, 1 for what fails; no traceback, nothing on stdout."""
    with rtt("capture", "--plain", *arguments) as process:
        process.close_stdin()
        assert process.ended() == code
    assert process.stdout == []
    assert any(says in line for line in process.stderr)
    assert not any("Traceback" in line for line in process.stderr)


def test_a_room_is_required() -> None:
    """The usual usage error, naming the option and its environment variable."""
    with rtt("capture") as process:
        assert process.ended() == 2
    assert "--room" in "".join(process.stderr)


def test_no_microphone_and_no_library_is_one_sentence(tmp_path: Path) -> None:
    """The default source on a machine without PortAudio: what to install, and exit 1."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    with rtt("capture", "--room", "r", env={"PYTHONPATH": str(tmp_path)}) as process:
        assert process.ended() == 1
    assert len(process.stderr) == 1
    assert "libportaudio2" in process.stderr[0]


def test_what_a_killed_capture_left_is_sent_by_resume(tmp_path: Path) -> None:
    """The state folder from the environment; a recording begins anew, and says how to send what is left."""
    state = str(tmp_path / "state")
    with serving(Peer(ends=False, settle=False)) as peer:
        arguments = ("capture", "--room", "r", "--server", peer.url)
        loop = (*arguments, "--file", recording(tmp_path, 8000), "--loop")
        with rtt(*loop, env={"RTT_STATE_DIR": state}) as process:
            until(lambda: peer.received > 32_000)
            process.signal(signal.SIGKILL)
            process.ended()
        had = bytes(peer.sound)
        first = peer.hellos[0].session
        with rtt(*loop, env={"RTT_STATE_DIR": state}) as process:
            process.wait_line("of an earlier talk in this room are not settled. Send them with: rtt capture --resume")
            process.wait_line("Connected")
            process.signal(signal.SIGKILL)
            process.ended()
        assert peer.hellos[1].session != first
        peer.ends = peer.settle = True
        with rtt("capture", "--resume", "--server", peer.url, "--state-dir", state) as process:
            assert process.ended() == 0
        late = [hello for hello in peer.hellos if hello.late]
        assert (late[0].session, late[0].attempt) == (first, 2)
        assert peer.endings[0] >= len(had) // 2
        assert list((tmp_path / "state" / "spool").iterdir()) == []


def test_the_command_that_takes_a_room_over_does_the_same() -> None:
    """Everything that names the source and the target is in it, quoted, and no password."""
    command = takeover_command("r", "ws://me:secret@h:1", "it-IT", Path("a b.wav"), loop=True, fast=False, stdin=False)
    assert command == "rtt capture --room r --server ws://h:1 --lang it-IT --file 'a b.wav' --loop --takeover"
    assert "--stdin --takeover" in takeover_command("r", "ws://h:1", "", None, loop=False, fast=False, stdin=True)
