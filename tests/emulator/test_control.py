"""The emulator as a process and its control port."""

import asyncio
import signal
import socket
import ssl
import sys

import pytest

from rtt.core.codedspeech import encode
from tests.emulator.clients import ws
from tests.emulator.faults import Fault
from tests.emulator.parameters import LANGUAGES, check
from tests.emulator.refusal import Refusal
from tests.emulator.running import Emulator, emulator
from tests.emulator.settings import Settings
from tests.harness.aio import run
from tests.harness.process import running

GOOD = {"language-code": "it-IT", "sample-rate": "16000", "media-encoding": "pcm"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"kind": "sunshine"}, "no fault 'sunshine'"),
        ({"kind": "rst", "afterwards": 3}, "has no afterwards"),
        ({"kind": "rst", "route": "h3"}, "h2 or ws"),
        ({"kind": "exception"}, "needs a code"),
        ({"kind": "refuse", "status": 200, "code": "Fine"}, "400 to 599"),
        ({"kind": "refuse", "when": "now", "status": 503}, "cannot be had now"),
        ({"kind": "rst", "when": "later"}, "next, sticky or now"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(e: Emulator, asked: dict[str, str], why: str) -> None:
    """The test that asks for it fails at once, with a sentence."""
    with pytest.raises(ValueError, match=why):
        e.fault(**asked)


def test_a_refusal_of_the_model_needs_one_of_code_and_status() -> None:
    """The other follows."""
    assert Fault.parse({"kind": "refuse", "status": 503}).code == "ServiceUnavailableException"
    assert Fault.parse({"kind": "refuse", "code": "ConflictException"}).status == 409


def test_settings_change_while_it_runs_and_come_back(e: Emulator) -> None:
    """Unknown ones and bad values are refused and change nothing."""
    assert e.set(idle=3, guess=False, models=["a", "b"])["models"] == ["a", "b"]
    for wrong in ({"idle": "x"}, {"nonsense": 1}, {"mode": "sing"}, {"words_per_final": 0}, {"guess": "perhaps"}):
        with pytest.raises(ValueError, match=r"."):
            e.set(**wrong)
    assert e.state()["settings"]["idle"] == 3.0
    e.reset()
    assert e.state()["settings"] == Settings().public() | {"keys": ["AKIDEMULATOR/emulator-secret"]} | {
        name: list(getattr(Settings(), name)) for name in ("expired", "vocabularies", "filters", "models")
    }


def test_faults_are_forgotten_when_cleared(e: Emulator) -> None:
    """Sticky ones too."""
    e.fault("mute", when="sticky")
    e.fault("mute")
    e.clear()

    async def talk() -> None:
        async with ws(e) as talk:
            await talk.say(encode([4]))
            assert talk.finals == ["w4"]

    run(talk())


def test_without_tls_and_with_settings_from_the_start() -> None:
    """The cheap way for benchmarks; settings hold from the first stream."""
    with emulator(tls=False, words_per_final=2, punctuation=False) as plain:
        assert plain.ws_url.startswith("ws://")
        assert "SSL_CERT_FILE" not in plain.env

        async def talk() -> None:
            async with ws(plain) as talk:
                await talk.say(encode(range(5)))

        run(talk())
        assert plain.transcripts()[0]["finals"] == ["w0 w1", "w2 w3", "w4"]


def test_a_bad_setting_on_the_command_line_is_a_usage_error() -> None:
    """It says what there is."""
    with running(sys.executable, "-m", "tests.emulator", "--set", "tea=1") as process:
        assert process.ended() == 2
        assert "There is no setting 'tea'" in "\n".join(process.stderr)


def test_rubbish_harms_nobody(e: Emulator) -> None:
    """Bytes that are no request, plain or under TLS, on any port, leave it serving."""
    tls = ssl.create_default_context(cafile=e.ca)
    for port in (e.port, e.ws_port, e.control_port):
        with socket.create_connection(("127.0.0.1", port), 5) as raw:
            raw.sendall(b"\x00\xff rubbish\r\n\r\n" * 100)
    for protocol in ("h2", "http/1.1"):
        tls.set_alpn_protocols([protocol])
        with socket.create_connection(("127.0.0.1", e.port), 5) as raw:
            with tls.wrap_socket(raw, server_hostname="localhost") as wrapped:
                wrapped.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200)

    async def talk() -> None:
        async with ws(e) as talk:
            await talk.say(encode([6]))
            assert talk.finals == ["w6"]

    run(talk())
    assert e.process.running


def test_a_signal_ends_it_in_good_order() -> None:
    """Even with a stream in a black hole, and without a word on stderr."""
    with emulator(tls=False) as plain:
        plain.fault("black-hole")

        async def talk() -> None:
            async with ws(plain) as talk:
                await talk.send(encode(range(3)))
                plain.process.signal(signal.SIGTERM)
                assert await asyncio.to_thread(plain.process.ended, 15) == 0

        run(talk())
        assert plain.process.stderr == []


def test_it_does_not_outlive_whoever_started_it() -> None:
    """When stdin ends, as it does when a test run is killed, it ends too."""
    with emulator(tls=False) as plain:
        plain.process.close_stdin()
        assert plain.process.ended(15) == 0


def test_every_language_is_one_of_the_service() -> None:
    """Both that rtt is made for are spoken; a code must be exact."""
    assert {"it-IT", "en-US"} <= LANGUAGES
    for code in LANGUAGES:
        assert check({**GOOD, "language-code": code}, Settings()).language == code
    with pytest.raises(Refusal, match="languageCode"):
        check({**GOOD, "language-code": "it-it"}, Settings())


@pytest.mark.parametrize(
    "more",
    [
        {"sample-rate": "8000"},
        {"number-of-channels": "2"},
        {"show-speaker-label": "yes"},
        {"show-speaker-labels": "true"},
        {"vocabulary-filter-method": "shout"},
        {"language-model-name": "none-such"},
        {"vocabulary-name": "emulator-vocabulary", "vocabulary-names": "emulator-vocabulary"},
        {"identify-language": "true", "language-options": "it-IT,en-US"},
        {"partial-results-stability": "rock", "enable-partial-results-stabilization": "true"},
    ],
    ids=str,
)
def test_parameters_that_cannot_be(more: dict[str, str]) -> None:
    """Each is a bad request."""
    with pytest.raises(Refusal) as caught:
        check({**GOOD, **more}, Settings())
    assert caught.value.status == 400
