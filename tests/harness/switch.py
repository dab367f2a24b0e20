"""A network switch in user space: its cables can be slow, lossy and pulled, whatever the kernel has modules for.

Run as `python -m tests.harness.switch PID...` in a network namespace of its own, it puts a tap named eth0 into the
namespace of each of these processes and carries frames between them. Each line of its stdin is one cable's new state,
`{"port": 0, "delay": 0.1, "loss": 0.01, "plugged": true}`, answered by `ok`. It ends with its stdin, and a tap ends
with whoever opened it, so that nothing is ever left behind.

(`tc netem` and `ip link set down` at a bridge do the same where the kernel has them; many kernels of virtual machines
have no netem, and what only some machines can run is proven on none.)
"""

import fcntl
import heapq
import json
import os
import selectors
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from random import Random

TUNSETIFF, TUNSETCARRIER = 0x400454CA, 0x400454E2
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_MAX = 65_536
QUEUED_MAX = 4096
"""Frames on their way; beyond it they are dropped, as in any switch."""


@dataclass(slots=True)
class Cable:
    """What lies between the switch and one host; both values hold for each direction."""

    delay: float = 0.0
    """Seconds a frame takes."""
    loss: float = 0.0
    """Part of the frames that never arrive."""
    plugged: bool = True


class Switch:
    """Decides what becomes of each frame; knows no device and no clock."""

    def __init__(self, ports: int, seed: int = 0) -> None:
        self.cables = [Cable() for _ in range(ports)]
        self._random = Random(seed)
        self._known: dict[bytes, int] = {}
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._count = 0

    def take(self, port: int, frame: bytes, now: float) -> None:
        """Take an Ethernet frame that a host sent at `now` (seconds)."""
        if len(frame) < 14 or self._lost(port):
            return
        target, self._known[frame[6:12]] = self._known.get(frame[:6]), port
        for other in range(len(self.cables)) if target is None else (target,):
            if other != port and not self._lost(other) and len(self._under_way) < QUEUED_MAX:
                self._count += 1
                due = now + self.cables[port].delay + self.cables[other].delay
                heapq.heappush(self._under_way, (due, self._count, other, frame))

    def arrived(self, now: float) -> list[tuple[int, bytes]]:
        """Return the frames that are through by `now`, with their ports; none leaves by a cable that is pulled."""
        found = []
        while self._under_way and self._under_way[0][0] <= now:
            _due, _count, port, frame = heapq.heappop(self._under_way)
            if self.cables[port].plugged:
                found.append((port, frame))
        return found

    @property
    def next_due(self) -> float | None:
        """When the next frame arrives, or None."""
        return self._under_way[0][0] if self._under_way else None

    def _lost(self, port: int) -> bool:
        cable = self.cables[port]
        return not cable.plugged or (cable.loss > 0 and self._random.random() < cable.loss)


def tap(port: int, pid: int) -> int:
    """Put a tap named eth0 into the network namespace of process `pid`; return its descriptor."""
    name = f"tap{port}"
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "netns", str(pid), "name", "eth0"], check=True)
    return device


def carry(taps: list[int]) -> None:
    """Carry frames between `taps` until stdin ends."""
    switch = Switch(len(taps))
    with selectors.DefaultSelector() as selector:
        for port, device in enumerate(taps):
            selector.register(device, selectors.EVENT_READ, port)
        selector.register(sys.stdin, selectors.EVENT_READ, -1)
        while True:
            due = switch.next_due
            for key, _ in selector.select(None if due is None else max(0.0, due - time.monotonic())):
                if key.data >= 0:
                    switch.take(key.data, os.read(key.fd, FRAME_MAX), time.monotonic())
                elif line := sys.stdin.readline():
                    change(switch, taps, json.loads(line))
                else:
                    return
            for port, frame in switch.arrived(time.monotonic()):
                deliver(taps[port], frame)


def change(switch: Switch, taps: list[int], state: dict[str, float]) -> None:
    port, plugged = int(state["port"]), bool(state["plugged"])
    if plugged != switch.cables[port].plugged:
        fcntl.ioctl(taps[port], TUNSETCARRIER, struct.pack("i", plugged))
    switch.cables[port] = Cable(state["delay"], state["loss"], plugged)
    answer("ok")


def answer(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def deliver(device: int, frame: bytes) -> None:
    try:
        os.write(device, frame)
    except OSError:
        # A host whose interface is down or whose queue is full loses the frame, as on any wire.
        return


def main() -> None:
    """Be the switch of the processes named by the arguments."""
    taps = [tap(port, int(pid)) for port, pid in enumerate(sys.argv[1:])]
    answer("carrying")
    carry(taps)


if __name__ == "__main__":
    main()
