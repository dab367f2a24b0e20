import asyncio
import time

import numpy as np
import pytest

from rtt.capture.microphone import QUEUE, Microphone, elapsed
from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input
from rtt.capture.source import Lost
from rtt.core.errors import SetupError, SourceError
from tests.capture.sounds import ramp, tone
from tests.harness.aio import run

MONO = Input("Mono mic", "ALSA", 1, 16_000, default=True)
STEREO = Input("Mixer", "ALSA", 18, 48_000, default=True)
OTHER = Input("Other", "ALSA", 2, 48_000)
WHY = "the sound system lost sound, or this computer slept"


class Broken:
    """A computer without a sound library."""

    def inputs(self) -> list[Input]:
        raise SetupError("Sound cannot be recorded", "the library PortAudio is missing", "Install it")

    def open(self, *_: object) -> object:
        raise AssertionError("nothing was to be opened")


async def collect(sound: ScriptedSound, give, pieces: int) -> tuple[str, list[bytes | Lost]]:
    """Open the microphone, let `give` do its part, and return its name and the first pieces."""
    found: list[bytes | Lost] = []
    async with Microphone(sound) as source:
        give()
        async for piece in source:
            found.append(piece)
            if len(found) == pieces:
                break
        return source.name, found


def test_the_default_input_is_opened_by_its_name_and_heard() -> None:
    """Its name is told; blocks come as they are; leaving closes it."""
    sound = ScriptedSound([OTHER, MONO])

    def give() -> None:
        sound.give(ramp(1600))
        sound.give(ramp(1600, 1600))

    name, pieces = run(collect(sound, give, 2))
    assert name == "Mono mic"
    assert pieces == [ramp(1600), ramp(1600, 1600)]
    assert (sound.rate, sound.channels, sound.frames, sound.closed) == (16_000, 1, 1600, 1)


def test_two_channels_are_taken_and_averaged() -> None:
    """A mixer's 18 channels are opened as two: a sound server's own mono is 3 dB too loud."""
    sound = ScriptedSound([STEREO])
    both = np.zeros((1600, 2), "<i2")
    both[:, 0], both[:, 1] = 30_000, 10_000

    _, pieces = run(collect(sound, lambda: sound.give(both.tobytes()), 1))
    assert sound.channels == 2
    assert isinstance(pieces[0], bytes)
    assert set(np.frombuffer(pieces[0], "<i2")) == {20_000}


def test_an_input_that_knows_its_own_rate_only_is_resampled() -> None:
    """A sound card without a sound server: opened at what it prefers, heard at 16 kHz, without a seam."""
    sound = ScriptedSound([STEREO], rates=[48_000])
    wave = np.repeat((tone(48_000, 48_000, 440) * 32_767)[:, None], 2, axis=1).astype("<i2")

    def give() -> None:
        for start in range(0, 48_000, 4800):
            sound.give(wave[start : start + 4800].tobytes())

    _, pieces = run(collect(sound, give, 9))
    assert (sound.rate, sound.frames) == (48_000, 4800)
    pcm = np.frombuffer(b"".join(p for p in pieces if isinstance(p, bytes)), "<i2") / 32_768
    steps = np.abs(np.diff(pcm[2000:]))
    assert steps.max() <= 0.5 * 2 * np.pi * 440 / 16_000 * 1.02


def test_blocks_nobody_takes_fall_out_oldest_first_and_are_counted_to_the_sample() -> None:
    """A stuck loop loses sound; it does not grow, and the gap has the length of what fell out."""
    sound = ScriptedSound([MONO])

    def give() -> None:
        for n in range(QUEUE + 7):
            sound.give(ramp(1600, 1600 * n))

    _, pieces = run(collect(sound, give, QUEUE + 1))
    assert pieces[0] == Lost(7 * 1600, "this computer was too busy")
    assert b"".join(p for p in pieces if isinstance(p, bytes)) == ramp(1600 * QUEUE, 7 * 1600)


def test_a_loss_of_our_own_is_not_taken_for_one_of_the_sound_system() -> None:
    """After an overflow a block that the sound system flags, and that is in time, adds nothing to the gap."""
    sound, now = ScriptedSound([MONO]), [100.0]

    def give(lost: bool = False) -> None:
        now[0] += 0.1
        sound.give(ramp(1600), lost)

    async def hear() -> list[bytes | Lost]:
        async with Microphone(sound, clock=lambda: now[0]) as source:
            blocks = aiter(source)
            give()
            found = [await anext(blocks)]
            for n in range(QUEUE + 7):
                give(lost=n == 10)
            return found + [await anext(blocks) for _ in range(QUEUE + 1)]

    losses = [piece.samples for piece in run(hear()) if isinstance(piece, Lost)]
    assert losses == [7 * 1600]


async def paced(now: list[float], later: list[tuple[float, bool]], pieces: int) -> list[bytes | Lost]:
    """Return what a microphone gives of blocks that come so much later than the one before, some of them flagged."""
    sound = ScriptedSound([MONO])
    async with Microphone(sound, clock=lambda: now[0]) as source:
        for seconds, lost in later:
            now[0] += seconds
            sound.give(ramp(1600), lost)
        blocks = aiter(source)
        return [await anext(blocks) for _ in range(pieces)]


STEADY = (0.1, False)


def test_a_flagged_loss_becomes_a_gap_before_its_block() -> None:
    """The operator and the server both learn of it, in its place."""
    pieces = run(paced([100.0], [STEADY, STEADY, (0.25, True), *[STEADY] * 6], 4))
    assert pieces == [ramp(1600), ramp(1600), Lost(2400, WHY), ramp(1600)]


def test_a_stall_nobody_flags_becomes_a_gap_of_its_length() -> None:
    """Sound servers say nothing of what they lose, and a computer that slept an hour knows of nothing."""
    pieces = run(paced([100.0], [STEADY, STEADY, (3600.1, False), *[STEADY] * 6], 10))
    assert pieces == [ramp(1600), ramp(1600), Lost(3600 * 16_000, WHY), *[ramp(1600)] * 7]


def test_what_was_held_when_the_input_went_is_given_first() -> None:
    """A late block, and then nothing: the sound is sent, after a gap, before the capture stops."""
    sound, now, found = ScriptedSound([MONO]), [100.0], []

    async def hear() -> None:
        async with Microphone(sound, clock=lambda: now[0]) as source:
            for later in (0.1, 0.1, 0.6):
                now[0] += later
                sound.give(ramp(1600))
            sound.vanish()
            async for piece in source:
                found.append(piece)  # noqa: PERF401 - an error follows what is found

    with pytest.raises(SourceError, match="is gone"):
        run(hear())
    assert found == [ramp(1600), ramp(1600), Lost(8000, WHY), ramp(1600)]


def test_a_process_that_was_stopped_does_not_take_its_input_for_gone() -> None:
    """Its own sleep is not the input's: the input gets the time to wake that it gets at the start."""
    sound, now = ScriptedSound([MONO]), [100.0]

    def clock() -> float:
        now[0] += naps.pop() if naps else 0.0
        return now[0]

    naps: list[float] = []

    async def hear() -> bytes | Lost:
        async with Microphone(sound, clock=clock) as source:
            blocks = aiter(source)
            sound.give(ramp(1600))
            await anext(blocks)
            naps.extend([20.0, 0.0])
            coming = asyncio.ensure_future(anext(blocks))
            await asyncio.sleep(1.5)
            sound.give(ramp(1600))
            for _ in range(8):
                now[0] += 0.1
                sound.give(ramp(1600))
            return await coming

    lost = run(hear())
    assert isinstance(lost, Lost)
    assert lost.samples == pytest.approx(20 * 16_000, abs=3200)


def test_time_goes_on_while_the_computer_sleeps() -> None:
    """The clock for outages is never behind the one that stands still in a suspend."""
    before = elapsed()
    assert 0 <= elapsed() - before < 60
    assert elapsed() >= time.monotonic() - 1


def test_an_input_that_ends_stops_the_capture_loudly() -> None:
    """What came before it is still given; then its name and the mend, and never another input."""
    sound = ScriptedSound([MONO, OTHER])

    def give() -> None:
        sound.give(ramp(1600))
        sound.vanish()

    with pytest.raises(SourceError, match=r"'Mono mic' is gone: it ended the stream.*never goes on with another"):
        run(collect(sound, give, 99))
    assert sound.closed == 1


def test_an_input_that_falls_silent_stops_the_capture_within_two_seconds() -> None:
    """A frozen sound server raises nothing and ends nothing: only the age of the last block tells."""
    sound = ScriptedSound([MONO])

    async def hear() -> float:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        with pytest.raises(SourceError, match="no sound came for 1 s"):
            await collect(sound, lambda: sound.give(ramp(1600)), 99)
        return loop.time() - begin

    assert run(hear()) >= 1
    with pytest.raises(SourceError, match="no sound came for 2 s"):
        run(collect(sound, lambda: None, 1))


def test_no_input_no_library_and_a_frozen_sound_server_are_one_sentence_each() -> None:
    """Each with its mend."""
    with pytest.raises(SourceError, match="no sound input"):
        run(collect(ScriptedSound(), lambda: None, 1))
    with pytest.raises(SetupError, match="PortAudio is missing"):
        run(collect(Broken(), lambda: None, 1))  # type: ignore[arg-type]
    with pytest.raises(SourceError, match="does not open: Invalid sample rate"):
        run(collect(ScriptedSound([MONO], rates=[]), lambda: None, 1))
    frozen = ScriptedSound([MONO], hang=True)
    with pytest.raises(SourceError, match="sound system does not answer"):
        run(collect(frozen, lambda: None, 1))
    frozen.release()


def test_blocks_after_the_end_of_the_loop_harm_nobody() -> None:
    """The sound system's thread may be a moment late."""
    sound = ScriptedSound([MONO])
    run(collect(sound, lambda: sound.give(ramp(1600)), 1))
    sound.give(ramp(1600))
    sound.vanish()
