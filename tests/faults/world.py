"""The world of one run: emulator, server, capture, screens, and a proxy in front of each way to the server."""

import asyncio
import json
import signal
import socket
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any

from tests.emulator.running import Emulator, emulator
from tests.faults.mixer import Mixer
from tests.faults.schedule import TRANSCRIBE, Schedule
from tests.faults.screen import Screen
from tests.faults.talk import Sound
from tests.faults.verdict import numbers_of
from tests.harness.data import ROOT
from tests.harness.process import Process, rtt, running
from tests.harness.proxy import FaultProxy
from tests.harness.serving import Serving, serving

ROOM = "aula1"
START_SECONDS = 120.0
"""Time a process gets to start: the machine may be busy with other lanes."""
ENGINE_LAG = 0.2
"""Seconds after which the scripted engine's results come."""


class World:
    """Everything that runs, inside a `with`; methods that wait are for threads, not for the event loop.

    All clients come through proxies, so a new server may take any port: `towards` turns them to it.
    """

    def __init__(self, folder: Path, schedule: Schedule, sound: Sound, jitter: float, late: str) -> None:
        self.schedule, self.jitter, self.late = schedule, jitter, late
        self.data = folder / "data"
        self.mixer = Mixer(sound.pcm)
        self.servers: list[Serving] = []
        """Every server of the run; the last is the one that counts."""
        self.captures: list[Process] = []
        self.screens: list[Screen] = []
        self.timeline: list[tuple[float, str]] = []
        """What happened: seconds since the talk began, a sentence."""
        self.service: Emulator | None = None
        self.displays: list[Process] = []
        self.begun = time.monotonic()
        self.changing = asyncio.Lock()
        """Held while servers come and go."""
        self._stack = ExitStack()
        killed = any(fault.name == "kill-capture" for fault in schedule.faults)
        # Only what was live goes on with its session after a kill; only the command itself knows --late.
        self._live = (schedule.live or killed) and not late
        self._paths = Random(f"screens {schedule.seed}")

    def __enter__(self) -> "World":
        try:
            # Bound and never listening: whoever is sent there while no server runs is refused, by nobody else's server.
            nowhere = self._stack.enter_context(socket.socket())
            nowhere.bind(("127.0.0.1", 0))
            self.nowhere: int = nowhere.getsockname()[1]
            proxies = [self._stack.enter_context(FaultProxy(self.nowhere)) for _ in range(3)]
            self.capture_link, self.screen_link, self.steady_link = proxies
            if self.schedule.engine == TRANSCRIBE:
                seed = self.schedule.seed
                self.service = self._stack.enter_context(emulator(jitter=self.jitter, seed=seed, words_per_final=6))
            self.towards(self.start_server())
            screens = f"http://127.0.0.1:{self.screen_link.port}"
            display = rtt("display", "--room", ROOM, "--server", screens, "--plain")
            self.displays.append(self._stack.enter_context(display))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.mixer.leave()
        for process in self.processes():
            with suppress(ProcessLookupError):
                process.signal(signal.SIGCONT)
        self._stack.close()

    def note(self, sentence: str) -> None:
        """Write a line of the timeline."""
        self.timeline.append((time.monotonic() - self.begun, sentence))

    @property
    def server(self) -> Serving:
        """The server that counts."""
        return self.servers[-1]

    @property
    def capture(self) -> Process:
        """The capture that counts."""
        return self.captures[-1]

    @property
    def display(self) -> Process:
        """The display in a terminal."""
        return self.displays[0]

    def start_server(self) -> Serving:
        """Start a server on the run's folder and wait until it answers; nobody is sent to it yet."""
        engine, seed = self.schedule.engine, self.schedule.seed
        options, env = ["--lang", "en-US"], {}
        if self.service is not None:
            env = self.service.env
            # The emulated service hears tones, and the guard's detector hears no voice in them.
            options += ["--no-guard"]
        else:
            env = {"RTT_SCRIPTED": f"jitter={self.jitter},seed={seed + len(self.servers)},lag={ENGINE_LAG}"}
        found = self._stack.enter_context(serving(self.data, *options, engine=engine, env=env, seconds=START_SECONDS))
        self.servers.append(found)
        return found

    def towards(self, server: Serving | None) -> None:
        """Send every new connection to this server, or to nobody."""
        for proxy in (self.capture_link, self.screen_link, self.steady_link):
            proxy.target = self.nowhere if server is None else server.port

    def start_capture(self) -> Process:
        """Start a capture that hears the mixer."""
        address = f"ws://127.0.0.1:{self.capture_link.port}"
        env = {"XDG_STATE_HOME": str(self.data.parent / "state")}
        if self._live:
            command = (sys.executable, "-m", "tests.faults.live_capture", ROOM, address)
            process = self._stack.enter_context(running(*command, cwd=ROOT, env=env))
        else:
            options = ("--late", self.late) if self.late else ()
            where = ("--room", ROOM, "--server", address, "--lang", "en-US")
            process = self._stack.enter_context(rtt("capture", *where, "--stdin", "--plain", *options, env=env))
        self.captures.append(process)
        self.mixer.attach(process)
        return process

    def screen(self, name: str, link: FaultProxy, partial: str, *, late: bool = False) -> Screen:
        """Return a screen that reads through this proxy; it is run by whoever asks for it."""
        url = f"ws://127.0.0.1:{link.port}/ws/transcript/{ROOM}"
        found = Screen(name, lambda: url, partial, Random(self._paths.random()))
        found.late = late
        self.screens.append(found)
        return found

    def transcript(self) -> dict[str, Any]:
        """Return the room's transcript.json."""
        url = f"{self.server.url}/api/rooms/{ROOM}/transcript.json?talk=all"
        with urllib.request.urlopen(url, timeout=30) as answer:
            body: dict[str, Any] = json.load(answer)
        return body

    def processes(self) -> list[Process]:
        """Return all of rtt's processes of this run."""
        return [*(server.process for server in self.servers), *self.captures, *self.displays]

    async def until_live(self, seconds: float = 20.0) -> bool:
        """Wait until a screen that nothing befalls is told that sound arrives; False if it does not."""
        for _ in range(round(seconds / 0.1)):
            if self.screens[0].live and self.screens[0].session:
                return True
            await asyncio.sleep(0.1)
        return False

    async def all_shown(self, last: int, seconds: float = 40.0) -> None:
        """Wait until every screen and the display have the word `last`, but not for ever."""
        for _ in range(round(seconds / 0.2)):
            there = all(screen.newest >= last for screen in self.screens)
            if there and any(last in numbers_of(line) for line in self.display.stdout[-2:]):
                return
            await asyncio.sleep(0.2)
