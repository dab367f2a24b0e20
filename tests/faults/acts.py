"""What each fault does to the world; an act returns False where it found nothing to strike."""

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rtt.core.wire.audio import Hello, encode
from rtt.core.wire.codes import Close
from tests.faults.schedule import TOLD, Fault
from tests.faults.world import ROOM, World
from tests.harness.process import Process
from tests.harness.proxy import FaultProxy, Way

Act = Callable[[World, Fault], Awaitable[bool]]
ACTS: dict[str, Act] = {}
STRANGER = "99999999-8888-4777-8666-555555555555"
"""A session that is not the run's."""


def act(name: str) -> Callable[[Act], Act]:
    """Register what the fault `name` does."""

    def register(function: Act) -> Act:
        ACTS[name] = function
        return function

    return register


@act("kill-server")
async def _kill_server(world: World, fault: Fault) -> bool:
    async with world.changing:
        world.towards(None)
        world.server.process.signal(signal.SIGKILL)
        await asyncio.to_thread(world.server.process.ended)
        await asyncio.sleep(fault.seconds)
        world.towards(await asyncio.to_thread(world.start_server))
    return True


@act("flap-server")
async def _flap_server(world: World, fault: Fault) -> bool:
    once = replace(fault, seconds=0.0)
    await _kill_server(world, once)
    await asyncio.sleep(fault.seconds)
    return await _kill_server(world, once)


@act("flap-capture")
async def _flap_capture(world: World, fault: Fault) -> bool:
    loop = asyncio.get_running_loop()
    end = loop.time() + fault.seconds
    while loop.time() < end:
        await asyncio.to_thread(world.capture_link.cut)
        await asyncio.sleep(0.3)
    return True


@act("restart-server")
async def _restart_server(world: World, fault: Fault) -> bool:
    async with world.changing:
        world.server.process.signal(signal.SIGTERM)
        await _gone(world, world.server.process)
        world.towards(None)
        await asyncio.sleep(fault.seconds)
        world.towards(await asyncio.to_thread(world.start_server))
    return True


@act("replace-server")
async def _replace_server(world: World, _fault: Fault) -> bool:
    async with world.changing:
        old = world.server.process
        new = await asyncio.to_thread(world.start_server)
        world.towards(new)
        old.signal(signal.SIGTERM)
        await _gone(world, old)
    return True


async def _gone(world: World, process: Process) -> None:
    code = await asyncio.to_thread(process.ended, 40)
    if code != 128 + signal.SIGTERM:
        world.note(f"WRONG: a server told to stop ended with {code}")


@act("fill-disk")
async def _fill_disk(world: World, fault: Fault) -> bool:
    pid = world.server.process.pid
    try:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    except ProcessLookupError:
        return False
    await asyncio.sleep(fault.seconds)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    return True


async def _stop(process: Process, seconds: float) -> bool:
    if not process.running:
        return False
    process.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    process.signal(signal.SIGCONT)
    return True


@act("stop-server")
async def _stop_server(world: World, fault: Fault) -> bool:
    async with world.changing:
        return await _stop(world.server.process, fault.seconds)


@act("stop-capture")
async def _stop_capture(world: World, fault: Fault) -> bool:
    return await _stop(world.capture, fault.seconds)


@act("stop-display")
async def _stop_display(world: World, fault: Fault) -> bool:
    return await _stop(world.display, fault.seconds)


@act("kill-capture")
async def _kill_capture(world: World, fault: Fault) -> bool:
    if not world.capture.running:
        return False
    world.mixer.attach(None)
    world.capture.signal(signal.SIGKILL)
    await asyncio.to_thread(world.capture.ended)
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(world.start_capture)
    return True


def _link(name: str, breaking: Callable[[FaultProxy], None], *, then_cut: bool) -> None:
    """Register a fault of the capture's line, and of the screens'."""

    def befalls(proxy_of: Callable[[World], FaultProxy]) -> Act:
        async def befall(world: World, fault: Fault) -> bool:
            proxy = proxy_of(world)
            struck = proxy.connections > 0
            await asyncio.to_thread(breaking, proxy)
            await asyncio.sleep(fault.seconds)
            if then_cut:
                await asyncio.to_thread(proxy.cut)
            await asyncio.to_thread(proxy.heal)
            return struck

        return befall

    ACTS[f"{name}-capture"] = befalls(lambda world: world.capture_link)
    ACTS[f"{name}-screens"] = befalls(lambda world: world.screen_link)


def _swallow(way: Way) -> Callable[[FaultProxy], None]:
    return lambda proxy: proxy.swallow(way)


def _refuse(proxy: FaultProxy) -> None:
    proxy.refuse()
    proxy.cut()


_link("reset", FaultProxy.cut, then_cut=False)
_link("close", FaultProxy.close, then_cut=False)
_link("freeze", FaultProxy.freeze, then_cut=False)
# What was swallowed never comes: no line does that and then goes on.
_link("swallow-up", _swallow("up"), then_cut=True)
_link("swallow-down", _swallow("down"), then_cut=True)
_link("refuse", _refuse, then_cut=False)
_link("slow", lambda proxy: proxy.throttle(20_000), then_cut=False)


@act("slow-screen")
async def _slow_screen(world: World, fault: Fault) -> bool:
    world.screens[1].pause()
    await asyncio.sleep(fault.seconds)
    world.screens[1].go_on()
    return True


@act("die-screen")
async def _die_screen(world: World, fault: Fault) -> bool:
    world.screens[1].die()
    await asyncio.sleep(fault.seconds)
    world.screens[1].go_on()
    return True


@act("repeat-hello")
async def _repeat_hello(world: World, _fault: Fault) -> bool:
    return await world.until_live() and await _refused(world, world.screens[0].session, Close.CONTINUED_ELSEWHERE)


@act("intruder")
async def _intruder(world: World, _fault: Fault) -> bool:
    return await world.until_live() and await _refused(world, STRANGER, Close.ROOM_TAKEN)


async def _refused(world: World, session: str, wanted: Close) -> bool:
    """Say hello as somebody else, and note if that is not turned away as it must be."""
    url = f"ws://127.0.0.1:{world.server.port}/ws/audio/{ROOM}?lang=en-US"
    try:
        async with connect(url, compression=None, open_timeout=10, close_timeout=1, proxy=None) as socket:
            await socket.send(encode(Hello(session, 1, 0, 0)))
            async with asyncio.timeout(10):
                while True:
                    await socket.recv()
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
        if code != wanted:
            world.note(f"WRONG: a stranger's hello was closed with {code}, not {int(wanted)}")
        return True
    except TimeoutError:
        world.note("WRONG: a stranger's hello was not refused")
        return True
    except OSError:
        return False


def _service(kind: str, *, first: str = "", **more: object) -> None:
    """Register a fault of the emulated service; `first` strikes the running stream, so that a next one comes."""
    now, options = (first, {}) if first else (kind, more)

    async def befall(world: World, _fault: Fault) -> bool:
        assert world.service is not None
        if first:
            await asyncio.to_thread(world.service.fault, kind, "next", **more)
        for _ in range(40):
            if await asyncio.to_thread(world.service.fault, now, "now", **options):
                return True
            await asyncio.sleep(0.25)
        await asyncio.to_thread(world.service.clear)
        return False

    ACTS[f"service-{kind}"] = befall


for _kind in ("rst", "fin", "goaway", "rst-stream", "end", "mute", "black-hole", "stall", "half", "checksum"):
    _service(_kind)
_service("exception", code="InternalFailureException")
_service("lag", seconds=3.0)
_service("refuse", first="rst", code="ServiceUnavailableException")
_service("no-response", first="rst")
_service("slow-headers", first="rst", seconds=3.0)


async def _in_the_sound(_world: World, _fault: Fault) -> bool:
    """Do nothing: the command is a word of the talk."""
    return True


ACTS.update(dict.fromkeys(TOLD, _in_the_sound))
