"""Speech workers as the server holds them."""

import asyncio
import os
import signal

import pytest

from rtt.core.errors import EngineError
from rtt.engines.pocketsphinx.frames import Kind
from rtt.engines.pocketsphinx.process import Pool, Worker
from tests.engines.processes import gone
from tests.engines.sound import silence
from tests.harness.aio import run
from tests.harness.need import need


def test_a_worker_answers_in_order_and_ends() -> None:
    """Requests may be sent ahead; nothing of the process is left after `end`."""
    need("pocketsphinx")

    async def main() -> None:
        worker = await Worker.start()
        for _ in range(3):
            worker.ask(Kind.WHOLE, silence(0.2))
        assert len([await worker.answer() for _ in range(3)]) == 3
        await worker.end()
        assert not worker.alive
        assert gone(worker.pid, 0)

    run(main(), 60)


def test_a_killed_worker_is_a_loss_that_can_be_mended() -> None:
    """The error says what ended it and that trying again helps."""
    need("pocketsphinx")

    async def main() -> None:
        worker = await Worker.start()
        os.kill(worker.pid, signal.SIGKILL)
        worker.ask(Kind.WHOLE, silence(0.2))
        with pytest.raises(EngineError, match="signal 9") as loss:
            await worker.answer()
        assert loss.value.retry
        await worker.end()

    run(main(), 60)


def test_a_worker_that_does_not_start_is_bounded() -> None:
    """A machine too slow to load the model is told so, and no process stays."""
    need("pocketsphinx")

    async def main() -> None:
        with pytest.raises(EngineError, match="did not load"):
            await Worker.start(limit=0.001)

    run(main(), 60)


def test_a_worker_serves_the_next_stream_and_ends_when_none_comes() -> None:
    """A stream that follows at once finds a loaded model; a room that is over holds no memory for long."""
    need("pocketsphinx")

    async def main() -> None:
        pool = Pool(spare=1, keep=0.3)
        async with pool.worker() as first:
            pass
        async with pool.worker() as again:
            assert again.pid == first.pid
            async with pool.worker() as other:
                assert other.pid != first.pid
        # Two streams are over and one spare is kept.
        assert len(pool.idle) == 1
        assert await asyncio.to_thread(gone, first.pid)
        assert await asyncio.to_thread(gone, other.pid)
        assert pool.idle == []
        await pool.close()

    run(main(), 60)


def test_a_worker_that_failed_is_not_used_again() -> None:
    """What state it is in, nobody knows."""
    need("pocketsphinx")

    async def main() -> None:
        pool = Pool()
        with pytest.raises(EngineError):
            async with pool.worker() as worker:
                raise EngineError("x", retry=True)
        assert pool.idle == []
        assert gone(worker.pid, 0)
        async with pool.worker() as idle:
            pass
        os.kill(idle.pid, signal.SIGKILL)
        await idle.end()
        async with pool.worker() as fresh:
            assert fresh.pid != idle.pid
        await pool.close()
        assert gone(fresh.pid, 0)

    run(main(), 60)
