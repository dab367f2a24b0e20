"""The speech worker, as a real process and by its parts."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

from rtt.engines.pocketsphinx.frames import Kind, pack, read, unpack_words
from tests.engines.processes import gone
from tests.engines.sound import DEMO, recording, silence
from tests.harness.data import ROOT
from tests.harness.need import need


@dataclass
class Found:
    """A decoder's segment."""

    word: str
    start_frame: int
    end_frame: int
    prob: float


def start(parent: int | None = None) -> subprocess.Popen[bytes]:
    need("pocketsphinx")
    return subprocess.Popen(
        [sys.executable, "-m", "rtt.engines.pocketsphinx.worker", str(parent or os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


def ask(worker: subprocess.Popen[bytes], kind: Kind, pcm: bytes = b"") -> list[str]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(pack(kind, pcm))
    worker.stdin.flush()
    answer = read(worker.stdout)
    assert answer is not None
    assert answer[0] is Kind.WORDS
    return [word for word, *_ in unpack_words(answer[1])]


def test_words_are_stripped_of_what_is_no_word() -> None:
    """Fillers go, marks of other pronunciations go, frames become half-open."""
    need("pocketsphinx")
    from rtt.engines.pocketsphinx.worker import words_of

    found = [
        Found("<s>", 0, 3, 1.0),
        Found("and(2)", 4, 9, 1.0001),
        Found("++um++", 10, 12, 0.4),
        Found("[NOISE]", 13, 14, 1.0),
    ]
    assert words_of(found, sure=True) == [("and", 4, 10, 1.0)]
    assert words_of(found, sure=False) == [("and", 4, 10, None)]
    assert words_of(None, sure=True) == []


def test_a_whole_segment_is_the_same_after_a_streaming_pass() -> None:
    """Partials cost no accuracy: what was heard before does not change how a segment is decoded."""
    worker = start()
    with worker:
        assert worker.stdout is not None
        assert read(worker.stdout) == (Kind.READY, b"")
        pcm = recording(DEMO)[: 32_000 * 5]
        alone = ask(worker, Kind.WHOLE, pcm)
        partial = [ask(worker, Kind.MORE, pcm[at : at + 16_000]) for at in range(0, len(pcm), 16_000)]
        assert ask(worker, Kind.WHOLE, pcm) == alone
        assert alone[:4] == ["welcome", "to", "the", "conference"]
        assert partial[-1]
        # A segment that was no speech leaves nothing behind either.
        assert ask(worker, Kind.MORE, pcm)
        assert ask(worker, Kind.DROP) == []
        assert ask(worker, Kind.WHOLE, pcm) == alone
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(20) == 0


def test_odd_sound_is_answered() -> None:
    """Nothing and next to nothing have no words; silence is decoded like any sound, and does no harm."""
    worker = start()
    with worker:
        assert worker.stdout is not None
        read(worker.stdout)
        for pcm in (b"", b"\0\0", bytes(640)):
            assert ask(worker, Kind.MORE, pcm) == []
            assert ask(worker, Kind.WHOLE, pcm) == []
        ask(worker, Kind.WHOLE, silence(1))
        assert ask(worker, Kind.WHOLE, b"") == []
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(20) == 0


def test_a_worker_says_why_it_cannot_go_on() -> None:
    """Bytes that are no request end it with a reason instead of a guess."""
    worker = start()
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        read(worker.stdout)
        worker.stdin.write(b"?\0\0\0\0")
        worker.stdin.flush()
        answer = read(worker.stdout)
        assert answer is not None
        assert answer[0] is Kind.FAILED
        assert worker.wait(20) == 1


def test_ctrl_c_does_not_reach_a_worker() -> None:
    """The last words are still to be decoded when the operator stops the server."""
    worker = start()
    with worker:
        assert worker.stdout is not None
        read(worker.stdout)
        worker.send_signal(signal.SIGINT)
        ask(worker, Kind.WHOLE, silence(0.5))
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(20) == 0


def test_a_worker_dies_with_its_server_even_while_it_decodes() -> None:
    """After kill -9 of the server nothing runs on: the kernel ends the worker in the middle of its work."""
    need("pocketsphinx")
    script = (
        "import asyncio\n"
        "from rtt.engines.pocketsphinx.frames import Kind\n"
        "from rtt.engines.pocketsphinx.process import Worker\n"
        "from tests.engines.sound import DEMO, recording\n"
        "async def main():\n"
        "    worker = await Worker.start()\n"
        "    worker.ask(Kind.WHOLE, recording(DEMO) * 8)\n"
        "    print(worker.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    server = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    with server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        assert not gone(worker, 0)
        server.kill()
    assert gone(worker)


def test_a_worker_whose_server_is_gone_already_does_not_start() -> None:
    """A server that died while its worker was being started leaves none behind."""
    worker = start(parent=2**22 + 1)
    with worker:
        assert worker.wait(30) == 0
        assert worker.stdout is not None
        assert worker.stdout.read() == b""
