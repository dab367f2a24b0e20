"""`rtt serve` on the command line."""

import re
import signal
from pathlib import Path

from rtt.commands.serve import opening
from rtt.engines.base import Traits
from rtt.server.config import ServerConfig
from tests.harness.process import rtt
from tests.harness.serving import serving


def test_what_is_off_is_said_loudly() -> None:
    """--no-guard and --open are warnings, an inventing engine is named, sound that leaves the house is said."""
    config = ServerConfig(Path("x"), guard=False, open=True)
    traits = Traits("e", ("en-US",), invents=True, private=False, usd_per_minute=0.024)
    said = " ".join(opening("http://127.0.0.1:1", config, traits, "Why."))
    for part in (
        "0.024 USD a minute",
        "Why.",
        "guard is off",
        "every check is off",
        "nobody said",
        "leaves this building",
    ):
        assert part in said
    quiet = " ".join(opening("http://127.0.0.1:1", ServerConfig(Path("x")), Traits("e", ("en-US",)), "Why."))
    assert "WARNING" not in quiet
    assert "stays on this machine" in quiet


def test_the_server_leaves_on_ctrl_c_and_sigterm(tmp_path: Path) -> None:
    """A stop is orderly: it is said, the exit code is the signal's, no process is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with serving(tmp_path) as server:
            server.process.signal(number)
            assert server.process.ended() == 128 + number
            assert "Stopped." in server.process.stderr[-1]
            assert server.process.left_behind() == []
            assert server.process.stdout == []


def test_lines_are_stamped_when_stderr_is_no_terminal(tmp_path: Path) -> None:
    """A log of a whole day has a time on every line and no control codes."""
    with serving(tmp_path) as server:
        server.process.signal(signal.SIGTERM)
        server.process.ended()
        for line in server.process.stderr:
            assert re.match(r"\d\d:\d\d:\d\d ", line)
            assert "\x1b" not in line


def test_the_config_file_names_languages_and_rooms(tmp_path: Path) -> None:
    """Defaults come from config.toml, and a wrong key is an error with the nearest one."""
    config = tmp_path / "config.toml"
    config.write_text('[serve]\nengin = "scripted"\n')
    with rtt("--config", str(config), "serve") as server:
        assert server.ended() == 2
        assert "engine" in " ".join(server.stderr)
