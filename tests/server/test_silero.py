"""Silero's network: the same numbers as the model it was taken from, and what it calls voice."""

import random

import numpy as np
import soundfile

from rtt.server.pages import recording
from rtt.server.silero import Silero

REFERENCE = [
    0.0017, 0.0126, 1.0, 1.0, 0.0157, 0.0125, 0.9998, 1.0, 1.0, 0.9998, 1.0, 0.9999, 0.9999, 1.0, 0.0073, 0.0199, 1.0,
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0286, 0.0173, 0.9999, 1.0, 0.1305, 1.0, 1.0, 1.0, 1.0, 0.998,
]  # fmt: skip
"""Every 16th window of the bundled recording by ONNX Runtime 1.31 with silero_vad_16k_sequence.onnx 6.2.3."""


def speech() -> np.ndarray:  # type: ignore[type-arg]
    samples, rate = soundfile.read(recording(), dtype="float32")
    assert rate == 16000
    return samples[: len(samples) // 512 * 512]


def test_it_is_the_network_it_says() -> None:
    """On speech and pauses every probability is the original model's."""
    assert np.abs(Silero()(speech())[::16] - REFERENCE).max() < 1e-4


def test_how_sound_is_cut_changes_nothing() -> None:
    """Window by window, or by half a second: the past is remembered across calls."""
    sound = speech()
    one, other = Silero(), Silero()
    singly = np.concatenate([one(sound[at : at + 512]) for at in range(0, 512 * 200, 512)])
    batches = np.concatenate([other(sound[at : at + 8192]) for at in range(0, 512 * 200, 8192)])[:200]
    assert np.abs(singly - batches).max() < 1e-4


def test_noise_is_no_voice() -> None:
    """White noise at -20 dBFS."""
    noise = random.Random(1)
    samples = np.array([noise.gauss(0, 0.09) for _ in range(512 * 31)], np.float32)
    assert Silero()(samples)[5:].max() < 0.5


def test_a_muted_channel_is_no_voice_and_speech_after_it_is_heard() -> None:
    """Ten minutes of exact silence are no voice, and the first words after them are voice as ever."""
    muted = Silero()
    assert muted(np.zeros(512 * 31 * 600, np.float32)).max() < 0.5
    after, fresh = muted(speech()), Silero()(speech())
    assert abs((after > 0.5).sum() - (fresh > 0.5).sum()) < len(fresh) / 20
