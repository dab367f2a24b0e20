"""The page and the terminal beside a real server, a real capture and a kill -9."""

import asyncio
import signal
import wave
from contextlib import ExitStack
from pathlib import Path

from rtt.core.codedspeech import encode
from tests.harness.browser import Browser
from tests.harness.process import rtt
from tests.harness.serving import serving

SHOWN = "[...document.querySelectorAll('#captions p:not(.partial)')].map(p => p.textContent).join(' ')"
SIGN = "document.getElementById('sign').dataset.kind"


def recording(path: Path, first: int, count: int) -> Path:
    """Write coded numbers as a WAV file."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(encode(range(first, first + count)))
    return path


def numbers(text: str) -> list[int]:
    """Return the numbers in a text of the scripted engine, in order."""
    return [int("".join(c for c in word if c.isdigit())) for word in text.split()]


def test_a_talk_before_and_one_after_a_killed_server_are_both_on_the_glass_once(
    browser: Browser, tmp_path: Path
) -> None:
    talks = [recording(tmp_path / "one.wav", 0, 10), recording(tmp_path / "two.wav", 10, 10)]
    lines: list[str] = []

    def speak(url: str, talk: Path) -> None:
        with rtt(
            "capture", "--room", "aula1", "--server", url, "--file", str(talk), "--plain", "--lang", "en-US"
        ) as capture:
            assert capture.ended(60) == 0

    async def until_shown(glass, count: int) -> None:
        async with asyncio.timeout(30):
            while len(numbers(await glass.ask(SHOWN))) < count:
                await asyncio.sleep(0.1)

    async def story() -> None:
        with ExitStack() as stack:
            server = stack.enter_context(serving(tmp_path / "data"))
            port, url, ws = server.port, server.url, server.ws
            terminal = stack.enter_context(rtt("display", "--room", "aula1", "--server", ws, "--plain"))
            async with browser.glass() as glass:
                await glass.open(f"{url}/room/aula1?partial=stable")
                await asyncio.to_thread(speak, ws, talks[0])
                await until_shown(glass, 10)
                assert numbers(await glass.ask(SHOWN)) == list(range(10))
                server.process.signal(signal.SIGKILL)
                await asyncio.to_thread(server.process.ended)
                stack.enter_context(serving(tmp_path / "data", port=port))
                await asyncio.to_thread(speak, ws, talks[1])
                await until_shown(glass, 20)
                assert numbers(await glass.ask(SHOWN)) == list(range(20))
                assert await glass.ask(SIGN) in ("", "waiting")
                assert await glass.ask("document.querySelectorAll('p.partial').length") == 0
                last = (await glass.ask(SHOWN)).split()[-1]
                await asyncio.to_thread(terminal.wait_line, last, stream="stdout")
                lines.extend(terminal.stdout)
                assert not [one for one in glass.complaints if "WebSocket connection" not in one]

    browser.run(story(), 150)
    assert numbers(" ".join(lines)) == list(range(20))
