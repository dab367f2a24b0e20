import asyncio
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtt.capture.file import FileSource
from rtt.capture.folder import folders
from rtt.capture.microphone import Microphone
from rtt.capture.remains import begin
from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input
from rtt.capture.status import PlainFace
from rtt.capture.stdin import StdinSource
from rtt.capture.talk import Talk
from rtt.capture.uplink import Target, Uplink
from rtt.core.errors import LinkError, SourceError
from rtt.core.wire.codes import Close
from tests.capture.calling import QUICK, until
from tests.capture.peer import Peer
from tests.capture.sounds import ramp
from tests.harness.aio import run

MIC = Input("Desk mic", "ALSA", 1, 16_000, default=True)


class Running:
    """A talk, what it said, and the operator's finger on Ctrl-C."""

    def __init__(self, source, url: str, leave: float = 5) -> None:
        self.stream = io.StringIO()
        self.stop = asyncio.Event()
        face = PlainFace(self.stream)
        face.period = 0.02
        self.uplink = Uplink(Target(url, "aula1"), live=source.live, say=face.say, chance=lambda: 0.0, patience=QUICK)
        self.talk = Talk(source, self.uplink, face, "aula1", leave=leave)

    async def run(self) -> int:
        return await self.talk.run(self.stop.wait)

    @property
    def said(self) -> str:
        return self.stream.getvalue()


def recording(tmp_path: Path, samples: int) -> Path:
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.frombuffer(ramp(samples), "<i2"), 16_000)
    return path


def test_a_recording_that_is_settled_to_its_last_sample_is_done(tmp_path: Path) -> None:
    """Exit 0; what was heard is told in one line each; voice without text is named."""

    async def talk() -> None:
        async with Peer(unheard=((16_000, 32_000),)) as peer:
            its = Running(FileSource(recording(tmp_path, 40_000), pace=0), peer.url)
            assert await its.run() == 0
            assert bytes(peer.sound) == ramp(40_000)
            assert "Room aula1 hears talk.wav." in its.said
            assert "Done: 2.5 s of sound are settled. 1.0 s of voice gave no text (at 0:00:01)." in its.said

    run(talk())


def test_leaving_while_the_server_is_away_says_what_is_waited_for(tmp_path: Path) -> None:
    """Nobody is told that a server finishes which is not there; what was not settled makes the exit code 1."""

    async def talk() -> None:
        async with Peer() as peer:
            its = Running(FileSource(recording(tmp_path, 160_000), pace=1), peer.url, leave=0.5)
            running = asyncio.create_task(its.run())
            await until(lambda: "Connected" in its.said)
        await until(lambda: "lost" in its.said and its.uplink.captured > its.uplink.session.settled)
        its.stop.set()
        assert await running == 1
        assert "Leaving: the server is waited for a little. Press Ctrl-C again" in its.said

    run(talk())


def test_a_recording_that_is_not_settled_is_a_failure_that_names_the_seconds(tmp_path: Path) -> None:
    """Exit 1, from where on words may be missing."""

    async def talk() -> None:
        async with Peer(settled_at_end=24_000) as peer:
            its = Running(FileSource(recording(tmp_path, 40_000), pace=0), peer.url)
            assert await its.run() == 1
            assert "1.0 s of 2.5 s are not settled: what was said from 0:00:01 on may be missing" in its.said

    run(talk())


def test_leaving_settles_what_was_said_first() -> None:
    """Ctrl-C ends the source, not the talk: the server finishes it, and the exit code is the signal's."""

    async def talk() -> None:
        sound = ScriptedSound([MIC])
        async with Peer() as peer:
            its = Running(Microphone(sound), peer.url)
            task = asyncio.create_task(its.run())
            await until(lambda: its.uplink.met and sound.opened.is_set())
            for n in range(5):
                sound.give(ramp(1600, 1600 * n))
            await until(lambda: peer.received == 8000)
            its.stop.set()
            assert await task == 0
            assert peer.endings == [8000]
            assert sound.closed == 1
            assert "Room aula1 hears Desk mic." in its.said
            assert "Leaving: the server finishes" in its.said
            assert "Done: 0.5 s of sound are settled." in its.said

    run(talk())


def test_leaving_does_not_wait_for_ever() -> None:
    """A server that does not finish is left after the limit; what is not settled is named, and a failure."""

    async def talk() -> None:
        read, write = os.pipe()
        try:
            async with Peer(ends=False, settle=False) as peer:
                its = Running(StdinSource(read), peer.url, leave=0.3)
                task = asyncio.create_task(its.run())
                os.write(write, ramp(1600))
                await until(lambda: peer.received == 1600)
                its.stop.set()
                assert await task == 1
                assert "0.1 s of 0.1 s are not settled" in its.said
        finally:
            os.close(read)
            os.close(write)

    run(talk())


def test_leaving_where_no_server_ever_was_is_at_once(tmp_path: Path) -> None:
    """There is nobody to wait for; the seconds are named all the same, and the exit code is 1."""

    async def talk() -> None:
        its = Running(FileSource(recording(tmp_path, 80_000), pace=0), "ws://127.0.0.1:9", leave=60)
        task = asyncio.create_task(its.run())
        await until(lambda: "Trying again" in its.said and its.uplink.captured >= 32_000)
        its.stop.set()
        assert await task == 1
        assert "are not settled" in its.said

    run(talk(), 10)


def test_a_recording_waits_for_its_server_even_when_it_has_been_read(tmp_path: Path) -> None:
    """A short file is whole in memory long before the server is there; it is sent when it is."""

    async def talk() -> None:
        async with Peer() as peer:
            port = peer.port
        its = Running(FileSource(recording(tmp_path, 16_000), pace=0), f"ws://127.0.0.1:{port}")
        task = asyncio.create_task(its.run())
        await until(lambda: "Trying again" in its.said)
        async with Peer(port=port) as peer:
            assert await task == 0
            assert bytes(peer.sound) == ramp(16_000)

    run(talk())


def test_an_input_that_vanishes_is_told_at_once_settled_and_an_error() -> None:
    """What was said until then is finished; the capture ends with the reason, and with no other input."""

    async def talk() -> None:
        sound = ScriptedSound([MIC, Input("Other", "ALSA", 1, 16_000)])
        async with Peer() as peer:
            its = Running(Microphone(sound), peer.url)
            task = asyncio.create_task(its.run())
            await until(lambda: its.uplink.met and sound.opened.is_set())
            sound.give(ramp(1600))
            sound.vanish()
            with pytest.raises(SourceError, match="'Desk mic' is gone"):
                await task
            assert peer.endings == [1600]
            assert bytes(peer.sound) == ramp(1600)
            assert "is gone" in its.said

    run(talk())


def test_a_refusal_ends_the_talk_with_the_servers_reason(tmp_path: Path) -> None:
    """No group of errors, no traceback: the one LinkError, and the source is closed."""

    async def talk() -> None:
        async with Peer(refusals=[(Close.LANGUAGE, "only en-US is spoken here")]) as peer:
            its = Running(FileSource(recording(tmp_path, 400_000), pace=0), peer.url)
            with pytest.raises(LinkError, match="only en-US is spoken here"):
                await its.run()

    run(talk())


def test_lost_sound_and_falling_behind_are_told_while_they_happen() -> None:
    """A stuck server is told within two seconds of sound, long before the connection is given up."""

    async def talk() -> None:
        sound = ScriptedSound([MIC])
        async with Peer() as peer:
            its = Running(Microphone(sound), peer.url)
            task = asyncio.create_task(its.run())
            await until(lambda: its.uplink.met and sound.opened.is_set())
            peer.hear = 0
            peer.acks = False
            for n in range(25):
                sound.give(ramp(1600, 1600 * n))
            await until(lambda: "s behind: captions come late" in its.said)
            peer.acks, peer.hear = True, None
            await until(lambda: its.uplink.session.ack_lag == 0)
            its.stop.set()
            assert await task == 0
            assert len(re.findall("s behind", its.said)) == 1
            assert bytes(peer.sound) == ramp(40_000)

    run(talk())


def test_what_is_not_settled_is_kept_with_the_command_that_sends_it(tmp_path: Path) -> None:
    """Exit 1, the seconds, the command; what is settled leaves nothing on disk."""

    async def talk() -> None:
        for settled, code, left in ((24_000, 1, 1), (None, 0, 0)):
            root = tmp_path / str(code)
            async with Peer(settled_at_end=settled) as peer:
                stream = io.StringIO()
                its = await begin(root, Target(peer.url, "aula1"), live=False, say=print, now=1_700_000_000.0)
                face = PlainFace(stream)
                target = Target(peer.url, "aula1")
                uplink = Uplink(target, live=False, say=face.say, session=its.session, spool=its.spool, patience=QUICK)
                source = FileSource(recording(tmp_path, 40_000), pace=0)
                assert await Talk(source, uplink, face, "aula1").run(asyncio.Event().wait) == code
                assert len(list(folders(root))) == left
                command = f"rtt capture --resume --room aula1 --server {peer.url}"
                assert (f"1.0 s are kept on disk. Send them later with: {command}" in stream.getvalue()) == bool(left)

    run(talk())
