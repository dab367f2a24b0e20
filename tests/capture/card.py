"""A sound card for a process of its own: coded speech through the whole of a capture, in real time.

    python -m tests.capture.card ROOM SERVER RECORD SAMPLES-OUT

It plays the words w0, w1, ... for ever, as a room does: what nobody takes while the process is stopped is gone, and no
flag says so, as with every sound server that was measured. The position of each block it gave is written to
SAMPLES-OUT, so that a test knows what was truly lost.
"""

import asyncio
import signal
import sys
import threading
import time
from pathlib import Path

from rtt.capture.microphone import Microphone
from rtt.capture.record import Record
from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input
from rtt.capture.source import BLOCK
from rtt.capture.status import PlainFace
from rtt.capture.talk import Talk
from rtt.capture.uplink import Target, Uplink
from rtt.core.caption import RATE
from rtt.core.codedspeech import encode

BUFFER = 0.25
"""Seconds of sound the card keeps for a process that is late."""


def speech(words: int) -> bytes:
    """Return so many coded words, in groups of five with pauses."""
    return b"".join(encode(range(start, start + 5)) + bytes(RATE // 2) for start in range(0, words, 5))


def play(sound: ScriptedSound, pcm: bytes, given: Path) -> None:
    """Give the room's sound block by block, each when it has been spoken."""
    sound.opened.wait()
    begin, position = time.monotonic(), 0
    with given.open("w") as out:
        while (block := pcm[2 * position : 2 * (position + BLOCK)]) and len(block) == 2 * BLOCK:
            wait = begin + (position + BLOCK) / RATE - time.monotonic()
            if wait < -BUFFER:
                position += round(-wait * RATE)
                continue
            time.sleep(max(0.0, wait))
            sound.give(block)
            out.write(f"{position}\n")
            out.flush()
            position += BLOCK


async def main(room: str, server: str, record: str, given: str) -> int:
    sound = ScriptedSound([Input("Room mic", "ALSA", 1, RATE, default=True)])
    threading.Thread(target=play, args=(sound, speech(400), Path(given)), daemon=True).start()
    face, stop = PlainFace(sys.stderr), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    uplink = Uplink(Target(server, room, "en-US"), live=True, say=face.say)
    return await Talk(Microphone(sound), uplink, face, room, record=Record(Path(record), say=face.say)).run(stop.wait)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
