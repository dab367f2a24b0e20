"""A whole rehearsal with Amazon Transcribe, without an AWS account: `make rehearse`.

The emulator answers every voice with words of its own (it recognises nothing), so that an operator sees server, capture
and display work together as on the day: real processes, the real protocol, signed with made-up credentials. In the
middle of the talk the connection to the service is cut, and captions go on.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rtt.server.pages import recording
from tests.emulator.running import emulator
from tests.harness.process import rtt
from tests.harness.serving import serving


def rehearse(sound: Path, transport: str) -> int:
    """Play `sound` through everything; print what each part says; return 0 if all of it was captioned."""
    options = ("--transcribe-transport", transport)
    with tempfile.TemporaryDirectory(prefix="rtt-rehearsal-") as folder, emulator(mode="any") as service:
        with (
            serving(Path(folder), *options, engine="transcribe", env=service.env) as server,
            rtt("display", "--room", "rehearsal", "--server", server.url, "--plain") as display,
            rtt(
                "capture", "--room", "rehearsal", "--server", server.ws, "--lang", "en-US", "--file", str(sound)
            ) as capture,
        ):
            service.until(lambda state: any(stream["audio_seconds"] > 8 for stream in state["streams"]), 60)
            service.set(first_name=12)  # else what is said later would look like what was shown
            service.fault("rst", when="now")
            code = capture.ended(600)
            parts = (("server", server.process), ("capture", capture), ("display", display))
            for name, process in parts:
                print(f"--- {name}")
                print("\n".join(line for _, line in process.lines))
            captions = len(display.stdout)
    print(f"--- {captions} captions; the connection to the service was cut once, after 8 s")
    return code if captions else 1


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="A whole rehearsal with Amazon Transcribe, without an AWS account.")
    parser.add_argument("--file", type=Path, default=recording(), help="a recording of a voice")
    parser.add_argument("--transport", default="websocket", choices=["websocket", "http2"])
    wanted = parser.parse_args()
    sys.exit(rehearse(wanted.file, wanted.transport))


if __name__ == "__main__":
    main()
