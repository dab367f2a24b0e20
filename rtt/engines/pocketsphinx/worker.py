"""The speech worker: one decoder in a process of its own, driven over its standard input and output.

A process, because the decoder holds the interpreter's lock while it works (up to half a second at a time), and one
per room, because decoders share nothing.
"""

import contextlib
import ctypes
import os
import re
import signal
import sys
from typing import Any, BinaryIO

from pocketsphinx import Decoder

from rtt.engines.pocketsphinx.frames import FrameError, Kind, Words, pack, pack_words, read

ALTERNATIVE = re.compile(r"\(\d+\)$")
"""The dictionary marks a word's second pronunciation: `and(2)`."""
FILLER = ("<", "[", "+")
"""What is no word begins like this: `<sil>`, `[NOISE]`, `++breath++`."""
PR_SET_PDEATHSIG = 1
TOPN = 8
"""Gaussians looked at for each frame: 28.3 % word error rate instead of 30.1 with 4, for 12 % more CPU (measured)."""


def die_with(parent: int) -> None:
    """Make the kernel end this process when its parent ends, however that happens (Linux; elsewhere input ends)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def words_of(segments: Any, sure: bool) -> Words:
    """Return the words among a decoder's segments; confidences are only true once an utterance is over (`sure`)."""
    return [
        (
            ALTERNATIVE.sub("", found.word),
            found.start_frame,
            found.end_frame + 1,
            max(0.0, min(1.0, found.prob)) if sure else None,
        )
        for found in segments or ()
        if not found.word.startswith(FILLER)
    ]


class Ear:
    """A decoder that hears a segment twice: as it comes, for partials, and whole, for the final.

    Whole is far better (word error rate 37 against 52 %, measured): the mean of the sound's spectrum, by which the
    decoder takes the microphone and the hall out of it, is known only at the end.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._open = False

    def more(self, pcm: bytes) -> Words:
        """Take more of the open segment; return its words so far."""
        if not self._open:
            self._decoder.start_utt()
            self._open = True
        if pcm:
            self._decoder.process_raw(pcm, no_search=False, full_utt=False)
        return words_of(self._decoder.seg(), sure=False)

    def drop(self) -> Words:
        """Forget the open segment."""
        if self._open:
            self._open = False
            self._decoder.end_utt()
        return []

    def whole(self, pcm: bytes) -> Words:
        """Decode a segment that is over; return its words."""
        self.drop()
        if not pcm:
            return []
        # The mean is taken of this sound alone only by a front end without a past: after a streaming pass over the
        # same sound, "and all my fellow americans" comes out as "and ah my alma mater".
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=False, full_utt=True)
        self._decoder.end_utt()
        return words_of(self._decoder.seg(), sure=True)


def serve(ear: Ear, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the other side has gone."""
    while (request := read(requests)) is not None:
        kind, pcm = request
        match kind:
            case Kind.MORE:
                words = ear.more(pcm)
            case Kind.DROP:
                words = ear.drop()
            case Kind.WHOLE:
                words = ear.whole(pcm)
            case _:
                raise FrameError(f"{kind.name} is no request")
        answers.write(pack_words(words))
        answers.flush()


def main() -> int:
    """Run the worker; its one argument is the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(int(sys.argv[1]))
    os.nice(5)
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever the decoder's C code prints must not land between two frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        ear = Ear(Decoder(loglevel="FATAL", topn=TOPN))
        answers.write(pack(Kind.READY))
        answers.flush()
        serve(ear, sys.stdin.buffer, answers)
    except BrokenPipeError:
        return 0
    except Exception as error:
        with contextlib.suppress(BrokenPipeError):
            answers.write(pack(Kind.FAILED, f"{type(error).__name__}: {error}".encode()))
            answers.flush()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
