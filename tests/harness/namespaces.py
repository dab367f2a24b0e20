"""Several hosts on one machine, each with its own network: real addresses, real cables to pull.

::

    with network(2) as (here, there):
        with there.rtt("serve", "--host", there.address, "--open"), here.rtt("capture", ...):
            here.cable(delay=0.1, loss=0.01)
            here.cable(plugged=False)

A host is a network namespace without a name, held by a process that ends with its stdin; the cables end in a switch
(`tests.harness.switch`) that ends likewise. However the tests end, kill -9 included, the kernel clears all away.
"""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.harness.data import ROOT
from tests.harness.process import Process, running

MEND = "run the tests as root; a container needs --cap-add NET_ADMIN --cap-add SYS_ADMIN --device /dev/net/tun as well"
START_SECONDS = 30


@functools.cache
def allowed() -> bool:
    """Tell whether this machine lets us make hosts: it is tried, as no list of rights says it for sure."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists():
        return False
    try:
        tried = subprocess.run(
            ["unshare", "--net", "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"],
            capture_output=True,
            timeout=START_SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


class Host:
    """One of the hosts of a network."""

    def __init__(self, port: int, keeper: Process, switch: Process) -> None:
        self.address = f"10.77.0.{port + 1}"
        """Where the other hosts find it."""
        self._port = port
        self._keeper, self._switch = keeper, switch
        self.do("ip", "link", "set", "lo", "up")
        self.do("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.do("ip", "link", "set", "eth0", "up")

    def running(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> AbstractContextManager[Process]:
        """Run `command` on this host for the length of a `with` (see `tests.harness.process.running`)."""
        # A proxy that the machine's environment names does not exist out here.
        return running(*self._inside, *command, env={"NO_PROXY": "*", "no_proxy": "*", **(env or {})}, cwd=cwd)

    def rtt(self, *arguments: str, env: Mapping[str, str] | None = None) -> AbstractContextManager[Process]:
        """Run `python -m rtt` on this host."""
        return self.running(sys.executable, "-m", "rtt", *arguments, env=env, cwd=ROOT)

    def do(self, *command: str) -> str:
        """Run a short command on this host to its end; return what it said on stdout, fail if it fails."""
        done = subprocess.run(
            [*self._inside, *command], capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert done.returncode == 0, f"{command} on {self.address}: {done.stderr}"
        return done.stdout

    def get(self, url: str) -> str:
        """Return the body of an HTTP answer, asked for from this host."""
        opener = "urllib.request.build_opener(urllib.request.ProxyHandler({}))"
        code = f"import sys, urllib.request; print({opener}.open(sys.argv[1], timeout=20).read().decode(), end='')"
        return self.do(sys.executable, "-c", code, url)

    def cable(self, *, delay: float = 0.0, loss: float = 0.0, plugged: bool = True) -> None:
        """Change the host's cable; it holds when this returns.

        `delay`: seconds a frame takes, each way. `loss`: part of the frames that are lost, each way.
        """
        state = {"port": self._port, "delay": delay, "loss": loss, "plugged": plugged}
        answers = self._switch.stdout.count("ok")
        self._switch.write(json.dumps(state).encode() + b"\n")
        self._switch.wait_line("^ok$", count=answers + 1)

    @property
    def _inside(self) -> tuple[str, ...]:
        return ("nsenter", f"--net=/proc/{self._keeper.pid}/ns/net")


@contextmanager
def network(hosts: int) -> Iterator[tuple[Host, ...]]:
    """Make so many hosts on one switch; they reach each other and nothing else. Ask `need("hosts")` first."""
    with ExitStack() as stack:
        keepers = []
        for _ in range(hosts):
            keeper = stack.enter_context(running("unshare", "--net", "sh", "-c", "echo here; exec cat"))
            keeper.wait_line("here", START_SECONDS)
            keepers.append(keeper)
        pids = [str(keeper.pid) for keeper in keepers]
        command = ("unshare", "--net", sys.executable, "-m", "tests.harness.switch", *pids)
        switch = stack.enter_context(running(*command, cwd=ROOT))
        switch.wait_line("carrying", START_SECONDS)
        yield tuple(Host(port, keeper, switch) for port, keeper in enumerate(keepers))
