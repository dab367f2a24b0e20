"""Who speaks, from the service's labels to what is taken away; asked for by --speaker-labels alone."""

import json
import urllib.request
from pathlib import Path

import pytest
from websockets.sync.client import connect

from rtt.core.codedspeech import encode
from rtt.core.wire.audio import End, Hello, Ready, encode_audio, parse_server
from rtt.core.wire.audio import encode as encode_message
from rtt.engines.transcribe.engine import Transcribe
from tests.emulator.running import Emulator
from tests.engines.transcribe.sound import Stand, options, said
from tests.harness.aio import run
from tests.harness.serving import serving

TRANSPORTS = pytest.mark.parametrize("transport", ["websocket", "http2"])


def talk(numbers: range, transport: str, **changes: object) -> Stand:
    stand = Stand(Transcribe(options(transport=transport, region="", pace=20.0, **changes)))
    run(stand.hear(said(numbers)), 60)
    return stand


@TRANSPORTS
def test_words_carry_the_speaker(service: Emulator, transport: str) -> None:
    """As the service labels them, on either transport, and nothing is lost by it."""
    service.set(turn=3)
    stand = talk(range(8), transport, speaker_labels=True)
    assert stand.words() == [f"w{number}" for number in range(8)]
    assert [word.speaker for word in stand.captioner.words] == [*["1:0"] * 3, *["1:1"] * 3, *["1:0"] * 2]


@TRANSPORTS
def test_another_stream_is_another_count(service: Emulator, transport: str) -> None:
    """A planned change of streams: the second one's first voice is not called the first one's."""
    service.set(turn=100)
    stand = talk(range(30), transport, speaker_labels=True, limit_seconds=3.0)
    assert stand.words() == [f"w{number}" for number in range(30)]
    labels = list(dict.fromkeys(word.speaker for word in stand.captioner.words))
    assert len(labels) == len(service.state()["streams"]) > 1


def test_nobody_is_named_unasked(service: Emulator) -> None:
    """Off by default: the parameter is not even sent."""
    stand = talk(range(3), "websocket")
    assert {word.speaker for word in stand.captioner.words} == {""}
    assert "show-speaker-label" not in service.state()["streams"][-1]["parameters"]


def fetched(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


@TRANSPORTS
def test_from_the_option_to_the_transcripts(tmp_path: Path, service: Emulator, transport: str) -> None:
    """`rtt serve --speaker-labels`: the text marks who begins to speak, JSON names it for each word."""
    service.set(turn=3)
    pcm = encode(range(8))
    given = ("--no-guard", "--speaker-labels", "--transcribe-transport", transport)
    with serving(tmp_path, *given, engine="transcribe", env=service.env) as server:
        with connect(f"{server.ws}/ws/audio/aula1", compression=None) as socket:
            hello = Hello("11111111-2222-4333-8444-555555555555", 1, 0, 0, language="it-IT")
            socket.send(encode_message(hello))
            assert isinstance(parse_server(str(socket.recv(20))), Ready)
            for at in range(0, len(pcm), 3200):
                socket.send(encode_audio(at // 2, pcm[at : at + 3200]))
            socket.send(encode_message(End(samples=len(pcm) // 2)))
            for _ in socket:  # until the server closes it: all is settled
                pass
        transcript = f"{server.url}/api/rooms/aula1/transcript"
        assert fetched(f"{transcript}.txt") == ("[speaker 1] w0 w1 w2 [speaker 2] w3, w4 w5 [speaker 1] w6 w7.\n")
        (entry,) = json.loads(fetched(f"{transcript}.json"))["entries"]
        assert entry["speakers"] == ["speaker 1", "speaker 2"]
        assert [word["speaker"][-1] for word in entry["words"]] == list("11122211")
        assert "speaker" not in entry["text"]
