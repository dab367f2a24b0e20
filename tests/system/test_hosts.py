"""Capture, server and display on three hosts: the articles' layouts, poor lines, pulled cables."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.harness.namespaces import Host, network
from tests.harness.need import need
from tests.harness.process import Process
from tests.system.test_talk import coded, no_traceback, numbers, words

PULLED_SECONDS = 8
DISPLAY_TELLS_SECONDS = 5
DISPLAY_GIVES_UP_SECONDS = 12


class Talk:
    """One talk under way, each of its three parts on a host."""

    def __init__(self, words: int, serving: Host, url: str, server: Process, display: Process, capture: Process):
        self.words = words
        self.serving, self.url = serving, url
        self.server, self.display, self.capture = server, display, capture

    def came(self, number: int) -> None:
        """Wait until word `number` is on the display."""
        self.display.wait_line(rf"\bw{number}\b", 90, stream="stdout")

    def is_whole(self) -> None:
        """Wait for the end: on the display and in the transcript stands every word once, in order."""
        assert self.capture.ended(90) == 0
        self.came(self.words - 1)
        assert words(self.display.stdout) == numbers(self.words)
        entries = json.loads(self.serving.get(f"{self.url}/api/rooms/aula1/transcript.json"))["entries"]
        assert [entry["type"] for entry in entries if entry["type"] == "gap"] == []
        assert words(entry["text"] for entry in entries if entry["type"] == "caption") == numbers(self.words)
        no_traceback(self.server, self.display, self.capture)


@contextmanager
def talk(folder: Path, count: int, *, capturing: Host, serving: Host, showing: Host) -> Iterator[Talk]:
    """Hold a talk of so many words, its parts on these hosts."""
    folder.mkdir()
    sound = str(coded(folder / "talk.wav", count))
    # All on one host is the operator's laptop: nothing but its own loopback.
    reach = ("--host", serving.address, "--open") if {capturing, showing} != {serving} else ()
    options = ("--engine", "scripted", "--port", "0", "--data-dir", str(folder / "data"), "--plain")
    with serving.rtt("serve", *options, *reach) as server:
        address = serving.address if reach else "127.0.0.1"
        port = server.wait_line(rf"http://{re.escape(address)}:(\d+)", 60)[1]
        place = f"{address}:{port}"
        with showing.rtt("display", "--room", "aula1", "--server", f"http://{place}", "--plain") as display:
            display.wait_line("connected", 60)
            speak = ("--room", "aula1", "--server", f"ws://{place}", "--lang", "en-US", "--file", sound, "--plain")
            # A host has a folder for what a capture must remember of its own.
            with capturing.rtt("capture", *speak, env={"XDG_STATE_HOME": str(folder / "state")}) as capture:
                capture.wait_line("Connected", 60)
                yield Talk(count, serving, f"http://{place}", server, display, capture)


def test_the_articles_three_layouts_and_a_poor_line(tmp_path: Path) -> None:
    """All apart, all together, display apart, and all apart over 100 ms and 1 % loss: words in are words out, once."""
    need("hosts")
    with ExitStack() as stack:
        one, two, three, four = stack.enter_context(network(4))
        four.cable(delay=0.1, loss=0.01)
        layouts = {
            "apart": (one, two, three),
            "together": (one, one, one),
            "display apart": (two, two, three),
            "apart, poor line": (four, two, three),
        }
        talks = [
            stack.enter_context(talk(tmp_path / name, 20, capturing=mixer, serving=rack, showing=screen))
            for name, (mixer, rack, screen) in layouts.items()
        ]
        for each in talks:
            each.is_whole()


def test_a_pulled_cable_costs_no_word(tmp_path: Path) -> None:
    """The capture's cable for eight seconds, the display's for so long that it gives up: told, and no word is lost."""
    need("hosts")
    with ExitStack() as stack:
        mixer, rack, screen, far = stack.enter_context(network(4))
        unheard = stack.enter_context(talk(tmp_path / "heard", 50, capturing=mixer, serving=rack, showing=screen))
        unseen = stack.enter_context(talk(tmp_path / "seen", 50, capturing=rack, serving=rack, showing=far))
        unheard.came(9)
        unseen.came(9)
        mixer.cable(plugged=False)
        far.cable(plugged=False)
        unheard.server.wait_line("No sound arrives")
        unseen.display.wait_line("said nothing for 5 seconds; trying again")
        unheard.capture.wait_line(r"Connection to .* lost", 20)
        shown = [words(each.display.stdout) for each in (unheard, unseen)]
        time.sleep(PULLED_SECONDS - DISPLAY_TELLS_SECONDS)
        mixer.cable()
        time.sleep(DISPLAY_GIVES_UP_SECONDS - PULLED_SECONDS)
        assert shown[1] == words(unseen.display.stdout), "the display's cable was not pulled"
        far.cable()
        assert len(shown[0]) < 50 > len(shown[1]), "the talks were over before the cables were pulled"
        unheard.is_whole()
        unseen.is_whole()
        unheard.capture.wait_line("Connected again", 1)
        unseen.display.wait_line("connected", 10, count=2)
