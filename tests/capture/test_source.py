from pathlib import Path

from rtt.capture.file import FileSource
from rtt.capture.microphone import Microphone
from rtt.capture.scripted import ScriptedSound
from rtt.capture.source import BLOCK, Lost, Source
from rtt.capture.stdin import StdinSource


def test_every_source_fits_the_seam_and_says_whether_it_waits() -> None:
    """A recording and a pipe wait; a microphone goes on: only its sound may be dropped."""
    sources: list[Source] = [FileSource(Path("a.wav")), StdinSource(), Microphone(ScriptedSound())]
    assert [source.live for source in sources] == [False, False, True]
    assert all(source.name for source in sources)


def test_a_block_is_a_tenth_of_a_second() -> None:
    """Blocks are 1600 samples; a loss carries its exact length."""
    assert BLOCK == 1600
    assert Lost(7, "why").samples == 7
