"""Which inputs there are, and which of them is meant."""

import json
from collections.abc import Sequence
from typing import Any

from rtt.capture.sound import Input
from rtt.core.errors import SourceError

COLUMNS = ("default", "name", "system", "channels", "rate")


def default_input(inputs: Sequence[Input]) -> Input:
    """Return the input the system prefers; raises `SourceError` where there is none."""
    for one in inputs:
        if one.default:
            return one
    if inputs:
        raise SourceError(
            "This computer has inputs but none of them is the default",
            "",
            "Choose one in the settings of the sound system; rtt devices lists them",
        )
    raise nothing()


def nothing() -> SourceError:
    """Return the error for a computer without any input."""
    return SourceError(
        "This computer has no sound input",
        "no sound card was found and no sound server (PipeWire, PulseAudio) answers",
        "Connect one and start the sound server, or send a recording with --file or --stdin",
    )


def row(one: Input) -> tuple[str, str, str, str, str]:
    """Return what a table shows of an input, in the order of COLUMNS."""
    return "*" if one.default else "", one.name, one.system, str(one.channels), str(one.rate)


def plain(inputs: Sequence[Input]) -> str:
    """Return one line per input, its columns separated by tabs (a tab inside a name becomes a space)."""
    return "".join("\t".join(" ".join(cell.split()) for cell in row(one)) + "\n" for one in inputs)


def listing(inputs: Sequence[Input]) -> str:
    """Return the inputs as a JSON list."""
    body: list[dict[str, Any]] = [
        {"name": i.name, "system": i.system, "channels": i.channels, "rate": i.rate, "default": i.default}
        for i in inputs
    ]
    return json.dumps(body, ensure_ascii=False, indent=2)
