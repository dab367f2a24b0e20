"""A real `rtt serve` process on a port of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.process import Process, rtt


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers."""

    process: Process
    port: int
    data: Path

    @property
    def url(self) -> str:
        """Its address for pages: http://..."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Its address for sockets: ws://..."""
        return f"ws://127.0.0.1:{self.port}"


@contextmanager
def serving(
    data: Path,
    *options: str,
    engine: str = "scripted",
    port: int = 0,
    env: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> Iterator[Serving]:
    """Run a server with this data folder; give the same folder and port again to start it anew after a kill."""
    arguments = ("--engine", engine, "--port", str(port), "--data-dir", str(data), "--plain", *options)
    with rtt("serve", *arguments, env=env) as process:
        found = process.wait_line(r"http://127\.0\.0\.1:(\d+)", seconds)
        yield Serving(process, int(found[1]), data)
