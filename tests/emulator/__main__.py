"""The emulator as a program: python -m tests.emulator --port P --ws-port W --control-port C --cert-dir DIR.

Prints one line of JSON when it is ready, and serves until it is ended. Ports default to 0: the system chooses.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from pathlib import Path

from tests.emulator.faults import KINDS
from tests.emulator.serving import Ports, serving
from tests.emulator.settings import Settings


async def serve(settings: Settings, ports: Ports, folder: Path | None, *, attended: bool) -> None:
    """Serve until a signal comes or, if `attended`, whoever started it is gone (its end of stdin closes)."""
    over = asyncio.Event()
    if attended:
        asyncio.get_running_loop().add_reader(sys.stdin, over.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with serving(settings, ports, folder) as (_, taken):
        ready = {
            "ready": True,
            "port": taken.both,
            "ws_port": taken.ws,
            "control_port": taken.control,
            "ca": str(folder / "ca.pem") if folder else "",
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await over.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="tests.emulator",
        description="Emulates Amazon Transcribe Streaming",
        epilog="faults (POST /fault, see control.py):\n" + "".join(f"  {kind:13} {it}\n" for kind, it in KINDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("port", "ws-port", "control-port"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--cert-dir", type=Path, help="where ca.pem is written; without it there is no TLS")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, see settings.py")
    parser.add_argument("--attended", action="store_true", help="end when stdin does")
    parser.add_argument("--verbose", action="store_true")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO if asked.verbose else logging.WARNING)
    try:
        settings = Settings().with_changes(dict(part.partition("=")[::2] for part in asked.set))
    except ValueError as problem:
        parser.error(str(problem))
    ports = Ports(asked.port, asked.ws_port, asked.control_port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(settings, ports, asked.cert_dir, attended=asked.attended))


if __name__ == "__main__":
    main()
