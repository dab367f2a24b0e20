"""The computer's inputs through PortAudio (package sounddevice).

Importing this is what loads the library and looks at the devices; nothing else in rtt does. Facts behind the choices:
a stream is left by close(), for stop() hangs for ever on a stream that gets no sound; PortAudio reports an input that
vanished only by ending the stream, if at all.
"""

from collections.abc import Callable
from typing import Any

from rtt.capture.sound import Input, Stream
from rtt.core.errors import SetupError, SourceError

try:
    import sounddevice
except OSError:  # the Python package is there, the PortAudio library is not
    sounddevice = None


class PortAudio:
    """The sound system of this computer."""

    def inputs(self) -> list[Input]:
        """Return all inputs; raises `SetupError` where PortAudio is missing or cannot be asked."""
        audio = _library()
        try:
            devices, systems = audio.query_devices(), audio.query_hostapis()
            default = audio.default.device[0]
        except audio.PortAudioError as error:
            raise SetupError("The sound system does not answer", _reason(error), "Start the sound server") from error
        return [
            Input(
                name=device["name"],
                system=systems[device["hostapi"]]["name"],
                channels=device["max_input_channels"],
                rate=round(device["default_samplerate"]),
                default=device["index"] == default,
                key=device["index"],
            )
            for device in devices
            if device["max_input_channels"] > 0
        ]

    def open(
        self,
        chosen: Input,
        rate: int,
        channels: int,
        frames: int,
        on_block: Callable[[bytes, bool], None],
        on_finished: Callable[[], None],
    ) -> Stream:
        """Open `chosen` and begin; raises `SourceError` where it does not open, or not at that rate."""
        audio = _library()

        def callback(data: Any, _frames: int, _time: Any, status: Any) -> None:
            on_block(bytes(data), bool(status.input_overflow))

        try:
            stream = audio.RawInputStream(
                device=chosen.key,
                samplerate=rate,
                channels=channels,
                blocksize=frames,
                dtype="int16",
                callback=callback,
                finished_callback=on_finished,
            )
        except (audio.PortAudioError, ValueError) as error:
            raise SourceError(
                f"The input {chosen.name!r} does not open", _reason(error), "See what there is with: rtt devices"
            ) from error
        try:
            stream.start()
        except audio.PortAudioError as error:
            stream.close(ignore_errors=True)
            raise SourceError(
                f"The input {chosen.name!r} does not start", _reason(error), "See what there is with: rtt devices"
            ) from error
        return _Open(stream)


class _Open:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


def _library() -> Any:
    if sounddevice is None:
        raise SetupError(
            "Sound cannot be recorded",
            "the library PortAudio is missing",
            "Install it: sudo apt install libportaudio2 (Debian, Ubuntu), sudo dnf install portaudio (Fedora)",
        )
    return sounddevice


def _reason(error: Exception) -> str:
    return str(error.args[0] if error.args else error).rstrip(".")
