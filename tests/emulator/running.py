"""The emulator as a real process, for tests and benchmarks.

::

    with emulator(mode="any", idle=3) as e:
        run_something(env=e.env)
        e.fault("rst", when="now")
        assert e.state()["streams"][0]["ended"] == "rst"
"""

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator.settings import ACCESS_KEY, REGION, SECRET
from tests.harness.data import ROOT
from tests.harness.process import Process, running

START_SECONDS = 60
ANSWER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    process: Process
    port: int
    ws_port: int
    control_port: int
    ca: str
    """Path of its CA's certificate; empty without TLS."""

    @property
    def endpoint(self) -> str:
        """The address that serves both routes."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{self.port}"

    @property
    def h2_url(self) -> str:
        """The same, for the HTTP/2 SDK (needs TLS)."""
        return self.endpoint

    @property
    def ws_url(self) -> str:
        """Address of the WebSocket route on its own port, with path, without query."""
        return f"{'wss' if self.ca else 'ws'}://127.0.0.1:{self.ws_port}/stream-transcription-websocket"

    @property
    def env(self) -> dict[str, str]:
        """Environment with which rtt, or any SDK, talks to it."""
        env = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return env | ({"SSL_CERT_FILE": self.ca, "AWS_CA_BUNDLE": self.ca} if self.ca else {})

    def fault(self, kind: str, when: str = "next", **more: Any) -> int:
        """Let a fault befall streams (see control.py); returns how many are struck now."""
        return int(self._post("fault", {"kind": kind, "when": when, **more})["struck"])

    def set(self, **changes: Any) -> dict[str, Any]:
        """Change settings; returns all of them."""
        return self._post("set", changes)

    def clear(self) -> None:
        """Forget the faults to come."""
        self._post("clear", {})

    def reset(self) -> None:
        """Break off every stream; forget them, the faults to come and changed settings."""
        self._post("reset", {})

    def state(self) -> dict[str, Any]:
        """Return all it knows."""
        found: dict[str, Any] = self._call("state", None)
        return found

    def transcripts(self) -> list[dict[str, Any]]:
        """Return the finals of every stream, oldest first."""
        found: list[dict[str, Any]] = self._call("transcripts", None)
        return found

    def until(self, true: Callable[[dict[str, Any]], object], seconds: float = 20) -> dict[str, Any]:
        """Wait until `true` of the state, and return it; not for use in an event loop."""
        deadline = time.monotonic() + seconds
        while not true(state := self.state()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not so after {seconds} s: {state}")
            time.sleep(0.05)
        return state

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._call(path, json.dumps(body).encode())
        return answer

    def _call(self, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.control_port}/{path}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise ValueError(json.load(refused)["error"]) from None


@contextmanager
def emulator(*, tls: bool = True, **settings: Any) -> Iterator[Emulator]:
    """Run an emulator on ports of its own for the length of a `with`; `settings` as in settings.py."""
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        # A test run that is killed must not leave it behind.
        command = [sys.executable, "-m", "tests.emulator", "--attended"]
        if tls:
            command += ["--cert-dir", str(Path(folder) / "tls")]
        for name, value in settings.items():
            text = ",".join(value) if isinstance(value, tuple | list) else str(value)
            command += ["--set", f"{name}={text}"]
        with running(*command, cwd=ROOT) as process:
            ready = json.loads(process.wait_line(r'^\{"ready".*', START_SECONDS, stream="stdout")[0])
            yield Emulator(process, ready["port"], ready["ws_port"], ready["control_port"], ready["ca"])
