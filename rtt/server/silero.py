"""Silero's voice-activity network (github.com/snakers4/silero-vad, MIT: silero.LICENSE.txt), computed by numpy.

The network is small: the spectrum of a window, four convolutions, one LSTM cell. `silero.npz` holds the weights of
`silero_vad_16k_sequence.onnx` of silero-vad 6.2.3 (sha256 9ccdacc4719d8aa7...) laid out for products of matrices.
A package with the same network takes 1.4 ms a window (4.5 % of a core for each room), ONNX Runtime 0.05 ms and 31 MB;
this takes 0.03 ms and no more memory than its weights, 1 MB for all rooms.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rtt.core.voice import WINDOW

Floats = NDArray[np.float32]

CONTEXT = 64
"""Samples before a window that are seen with it, and mirrored ones behind it."""
FRAME, HOP = 256, 128
"""Samples of a frame of the spectrum, and between the beginnings of two."""
CELLS = 128
"""Values of the LSTM's state."""
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)


class Silero:
    """Listens to one stream, window after window, and remembers what it heard."""

    def __init__(self) -> None:
        self._weights = _weights()
        self._before = np.zeros(CONTEXT, np.float32)
        self._state = self._cell = np.zeros(CELLS, np.float32)

    def __call__(self, samples: Floats) -> Floats:
        """Return the probability of voice (0 to 1) in each window of `samples` (-1 to 1, whole windows)."""
        weights = self._weights
        heard = np.concatenate([self._before, samples])
        self._before = heard[-CONTEXT:]
        seen = sliding_window_view(heard, CONTEXT + WINDOW)[::WINDOW]
        mirrored = np.concatenate([seen, seen[:, -2 : -2 - CONTEXT : -1]], axis=1)
        frames = sliding_window_view(mirrored, FRAME, axis=1)[:, ::HOP]
        features = np.abs(np.fft.rfft(frames * HANN)).astype(np.float32)
        for layer, stride in (("1", 1), ("2", 2), ("3", 2), ("4", 1)):
            features = _convolved(features, weights["conv" + layer], weights["bias" + layer], stride)
        states = self._remember(features[:, 0] @ weights["lstm_input"] + weights["lstm_bias"])
        return _sigmoid(np.maximum(states, 0) @ weights["output"] + weights["output_bias"])

    def _remember(self, inputs: Floats) -> Floats:
        """Return the LSTM's state after each window; gates stand in the order input, output, forget, cell."""
        states = np.empty((len(inputs), CELLS), np.float32)
        for index, given in enumerate(inputs):
            gates = given + self._state @ self._weights["lstm_state"]
            take, show, keep = _sigmoid(gates[: 3 * CELLS]).reshape(3, CELLS)
            self._cell = keep * self._cell + take * np.tanh(gates[3 * CELLS :])
            self._state = states[index] = show * np.tanh(self._cell)
        return states


@cache
def _weights() -> dict[str, Floats]:
    with np.load(BytesIO(files("rtt.server").joinpath("silero.npz").read_bytes())) as stored:
        return {name: stored[name] for name in stored.files}


def _convolved(values: Floats, kernel: Floats, bias: Floats, stride: int) -> Floats:
    """Return a convolution of width 3 over the second axis (window, frame, channel), rectified."""
    count, frames, channels = values.shape
    padded = np.zeros((count, frames + 2, channels), np.float32)
    padded[:, 1:-1] = values
    beside = np.concatenate([padded[:, shift : shift + frames : stride] for shift in range(3)], axis=2)
    rectified: Floats = np.maximum(beside @ kernel + bias, np.float32(0))
    return rectified


def _sigmoid(values: Floats) -> Floats:
    probabilities: Floats = np.float32(1) / (np.float32(1) + np.exp(-values))
    return probabilities
