"""Voice detectors, and the thread they run in."""

import asyncio
import random
import struct
from concurrent.futures import ThreadPoolExecutor

import soundfile

from rtt.server.pages import recording
from rtt.server.voice import Ear, Loudness, Silero
from tests.harness.aio import run
from tests.server.stand import tone


def listen(ear: Ear, pcm: bytes) -> tuple[float, ...]:
    return run(ear.listen(pcm))


def test_a_window_is_32_ms_and_the_last_is_filled_up() -> None:
    """512 samples give one probability; a rest of a window gives one too."""
    with ThreadPoolExecutor(1) as threads:
        ear = Ear(Loudness, threads)
        assert len(listen(ear, bytes(2 * 1600))) == 4


def test_loudness_counts_tones_and_not_silence() -> None:
    """For the scripted engine any sound is voice, and zeros are none."""
    with ThreadPoolExecutor(1) as threads:
        ear = Ear(Loudness, threads)
        assert set(listen(ear, tone(5120))) == {1.0}
        assert set(listen(ear, bytes(2 * 5120))) == {0.0}


def test_silero_hears_no_voice_in_noise() -> None:
    """White noise at -20 dBFS is no voice."""
    noise = random.Random(1)
    pcm = struct.pack("<16000h", *(round(noise.gauss(0, 3000)) for _ in range(16000)))
    with ThreadPoolExecutor(1) as threads:
        assert max(listen(Ear(Silero, threads), pcm)[5:]) < 0.5


def test_silero_hears_speech() -> None:
    """Most windows of a recorded speaker are voice."""
    sound, rate = soundfile.read(recording(), dtype="int16")
    assert rate == 16000
    with ThreadPoolExecutor(1) as threads:
        probabilities = listen(Ear(Silero, threads), sound.tobytes())
    assert sum(p > 0.5 for p in probabilities) > len(probabilities) / 2


def test_sessions_do_not_share_a_past() -> None:
    """Two ears hear the same sound the same way, whatever the other heard before; a reset one too."""
    with ThreadPoolExecutor(2) as threads:
        one, two = Ear(Silero, threads), Ear(Silero, threads)
        first = listen(one, tone(16000))
        listen(two, tone(16000))
        two.reset()
        assert listen(two, tone(16000)) == first


def test_the_loop_goes_on_while_a_detector_works() -> None:
    """Detection never holds up the event loop: it turns many times meanwhile."""

    async def work() -> int:
        turns = 0
        with ThreadPoolExecutor(1) as threads:
            listening = asyncio.ensure_future(Ear(Silero, threads).listen(tone(16000 * 5)))
            while not listening.done():
                await asyncio.sleep(0.001)
                turns += 1
        return turns

    assert run(work()) > 10


def test_digital_silence_costs_nothing_and_speech_after_it_is_heard() -> None:
    """An hour of a muted channel is no voice at once, and the first words after it are voice as ever."""
    sound, _ = soundfile.read(recording(), dtype="int16")
    with ThreadPoolExecutor(1) as threads:
        ear = Ear(Silero, threads)
        assert set(listen(ear, bytes(2 * 512 * 1000))[20:]) == {0.0}
        after = listen(ear, sound.tobytes())
        fresh = listen(Ear(Silero, threads), sound.tobytes())
    assert abs(sum(p > 0.5 for p in after) - sum(p > 0.5 for p in fresh)) < len(fresh) / 20
