import asyncio

import numpy as np
import pytest

from rtt.capture.microphone import QUEUE, Arrivals, Microphone
from rtt.capture.scripted import ScriptedSound
from rtt.capture.sound import Input
from rtt.capture.source import Lost
from rtt.core.errors import SetupError, SourceError
from tests.capture.sounds import ramp, tone
from tests.harness.aio import run

MONO = Input("Mono mic", "ALSA", 1, 16_000, default=True)
STEREO = Input("Mixer", "ALSA", 18, 48_000, default=True)
OTHER = Input("Other", "ALSA", 2, 48_000)


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


def test_what_the_sound_system_lost_is_measured_by_when_the_next_block_comes() -> None:
    """The sample counter goes on with the time, so that captions stay in time."""
    arrivals = Arrivals()
    assert [arrivals.block(5.13 + 0.1 * n + jitter, 0.1, False) for n, jitter in enumerate((0, 0.03, 0.01, 0))] == [
        0
    ] * 4
    assert arrivals.block(5.13 + 0.4 + 0.25, 0.1, True) == pytest.approx(0.25)
    assert arrivals.block(5.13 + 0.5 + 0.25, 0.1, True) == pytest.approx(0, abs=1e-9)
    assert arrivals.block(5.13 + 0.6 + 0.25 + 0.5, 0.1, False) == 0
    assert Arrivals().block(1, 0.1, True) == 0


def test_sound_that_was_kept_out_is_not_counted_as_lost_twice() -> None:
    """What fell out of our own queue did arrive."""
    arrivals = Arrivals()
    arrivals.block(0.1, 0.1, False)
    arrivals.skip(0.7)
    assert arrivals.block(0.9, 0.1, True) == pytest.approx(0, abs=1e-9)


def test_a_flagged_loss_becomes_a_gap_before_its_block() -> None:
    """The operator and the server both learn of it, in its place."""
    sound, now = ScriptedSound([MONO]), [100.0]

    async def hear() -> list[bytes | Lost]:
        async with Microphone(sound, clock=lambda: now[0]) as source:
            for later, lost in ((0.1, False), (0.1, False), (0.4, True)):
                now[0] += later
                sound.give(ramp(1600), lost)
            blocks = aiter(source)
            return [await anext(blocks) for _ in range(4)]

    pieces = run(hear())
    assert pieces == [ramp(1600), ramp(1600), Lost(4800, "the sound system lost sound"), ramp(1600)]


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
