"""Speech workers as the server holds them: started on demand, bounded, never left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import rtt
from rtt.core.errors import EngineError
from rtt.engines.pocketsphinx.frames import FrameError, Kind, Words, pack, receive, unpack_words

START_SECONDS = 60.0
"""A worker loads its model within this time, even on a busy machine."""
MEND = "If this repeats, start the server with RTT_DEBUG=1 and look at what the worker says"


def lost(why: str) -> EngineError:
    """Return the error for a worker that is no more."""
    return EngineError("The speech worker was lost", why, MEND, retry=True)


class Worker:
    """One speech worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests, self._answers = process.stdin, process.stdout

    @classmethod
    async def start(cls, limit: float = START_SECONDS) -> "Worker":
        """Start one and wait until its model is loaded, at most `limit` seconds; raises `EngineError`."""
        # The worker finds the same rtt as the server, and -P keeps a folder called pocketsphinx in the operator's
        # working directory from being taken for the package.
        here = str(Path(rtt.__file__).parent.parent)
        path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "rtt.engines.pocketsphinx.worker",
                str(os.getpid()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=None if os.environ.get("RTT_DEBUG") else asyncio.subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                # Ctrl-C in the server's terminal must not reach it: the last words are still to be decoded.
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError("The speech worker could not be started", str(error), retry=True) from error
        worker = cls(process)
        try:
            async with asyncio.timeout(limit):
                kind, _ = await worker._receive()
        except BaseException as error:
            await worker.end()
            if isinstance(error, TimeoutError):
                raise lost(f"it did not load its model within {limit:.0f} s") from error
            raise
        if kind is not Kind.READY:
            await worker.end()
            raise lost("it did not say that it is ready")
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until the process has ended."""
        return self._process.returncode is None

    def ask(self, kind: Kind, pcm: bytes = b"") -> None:
        """Send a request without waiting; what it may be sent ahead is bounded by the caller."""
        self._requests.write(pack(kind, pcm))

    async def answer(self) -> Words:
        """Wait for the next answer; raises `EngineError` where none will come."""
        kind, body = await self._receive()
        try:
            if kind is not Kind.WORDS:
                raise FrameError(f"{kind.name} is no answer")
            return unpack_words(body)
        except FrameError as error:
            raise lost(str(error)) from error

    async def _receive(self) -> tuple[Kind, bytes]:
        try:
            frame = await receive(self._answers)
        except (FrameError, OSError) as error:
            raise lost(str(error)) from error
        if frame is None:
            code = await self._process.wait()
            raise lost(f"signal {-code} ended it" if code < 0 else f"it left with code {code}")
        if frame[0] is Kind.FAILED:
            raise lost(frame[1].decode(errors="replace"))
        return frame

    def kill(self) -> None:
        """End the process now; the loop reaps it."""
        self._requests.close()
        if self.alive:
            # Not the process object's own kill: that reaps a child which has just died, behind the loop's back.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """End the process and wait until nothing of it is left."""
        self.kill()
        with contextlib.suppress(OSError):
            await self._answers.read()
        await self._process.wait()


class Pool:
    """The workers of one server: one per stream, and at most `spare` kept for `keep` seconds after a stream's end.

    A stream that ends at a gap is followed by another at once, which need not wait for a model to be loaded.
    """

    def __init__(self, spare: int = 1, keep: float = 10.0) -> None:
        self._spare, self._keep = spare, keep
        self._idle: dict[Worker, asyncio.TimerHandle] = {}

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Lend a worker; it is kept for the next stream only if the block ends without an error."""
        worker = self._take() or await Worker.start()
        try:
            yield worker
        except BaseException:
            await worker.end()
            raise
        if worker.alive and len(self._idle) < self._spare:
            loop = asyncio.get_running_loop()
            self._idle[worker] = loop.call_later(self._keep, self._expire, worker)
        else:
            await worker.end()

    @property
    def idle(self) -> list[int]:
        """Process ids of the workers that are kept."""
        return [worker.pid for worker in self._idle]

    def _take(self) -> Worker | None:
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.alive:
                return worker
        return None

    def _expire(self, worker: Worker) -> None:
        del self._idle[worker]
        worker.kill()

    async def close(self) -> None:
        """End the workers that are kept."""
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            await worker.end()
