"""Every fault of the service, on both transports, through the server's hearing: words out equal words in."""

import asyncio
from typing import Any

import pytest

from rtt.core.errors import EngineError
from rtt.engines.transcribe.engine import Transcribe
from rtt.engines.transcribe.options import Limits
from tests.emulator.running import Emulator
from tests.engines.transcribe.sound import Stand, options, said
from tests.harness.aio import run

pytestmark = pytest.mark.parametrize("transport", ["websocket", "http2"])
LIMITS = Limits(open=2.0, send=2.0, mute=1.5, finish=2.0, quiet=0.3, quiet_in_voice=0.6, roll_pause=1.0)


def talk(numbers: range, transport: str, pcm: bytes = b"", **changes: object) -> Stand:
    """Hear the numbers through the transport; returns what came of it."""

    async def work() -> Stand:
        one = Transcribe(options(transport=transport, **{"region": "", "limits": LIMITS, "pace": 20.0, **changes}))
        stand = Stand(one)
        try:
            await stand.hear(pcm or said(numbers))
        finally:
            await one.close()
        return stand

    return run(work(), 60)


def names(numbers: range) -> list[str]:
    return [f"w{number}" for number in numbers]


def test_every_word_comes_once(service: Emulator, transport: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A good stream: signed as it should be, uniform messages, a clean end, nothing on stderr."""
    stand = talk(range(25), transport)
    assert stand.words() == names(range(25))
    assert stand.told == []
    stream = service.state()["streams"][-1]
    assert stream["ended"] == "done"
    assert stream["route"] == ("h2" if transport == "http2" else "ws")
    assert stream["signatures_good"]
    assert stream["longest_chunk"] == 0.1
    assert stream["parameters"]["language-code"] == "it-IT"
    assert capfd.readouterr().err == ""


FAULTS: dict[str, dict[str, Any]] = {
    "no-response": {"kind": "no-response"},
    "slow-headers": {"kind": "slow-headers", "seconds": 0.5},
    "refuse-429": {"kind": "refuse", "status": 429, "code": "LimitExceededException"},
    "refuse-throttling": {"kind": "refuse", "status": 429, "code": "ThrottlingException"},
    "refuse-409": {"kind": "refuse", "status": 409, "code": "ConflictException"},
    "refuse-500": {"kind": "refuse", "status": 500, "code": "InternalFailureException"},
    "refuse-503": {"kind": "refuse", "status": 503, "code": "ServiceUnavailableException"},
    "bad-request": {"kind": "exception", "code": "BadRequestException"},
    "limit-exceeded": {"kind": "exception", "code": "LimitExceededException"},
    "conflict": {"kind": "exception", "code": "ConflictException"},
    "internal-failure": {"kind": "exception", "code": "InternalFailureException"},
    "unavailable": {"kind": "exception", "code": "ServiceUnavailableException"},
    "unknown": {"kind": "exception", "code": "BrandNewException"},
    "error": {"kind": "error", "code": "InternalError"},
    "half": {"kind": "half"},
    "checksum": {"kind": "checksum"},
    "lag": {"kind": "lag", "seconds": 0.8},
    "rst": {"kind": "rst"},
    "fin": {"kind": "fin"},
    "goaway": {"kind": "goaway"},
    "rst-stream": {"kind": "rst-stream"},
    "end": {"kind": "end"},
    "mute": {"kind": "mute"},
    "black-hole": {"kind": "black-hole"},
    "stall": {"kind": "stall"},
}
UNTOLD = {"slow-headers", "lag"}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_costs_or_doubles_a_word(
    service: Emulator, transport: str, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The stream is lost, opened again, and the sound is heard again; the operator is told in a sentence."""
    # Until 3 s of sound the service says something, so a fault there strikes a stream that hears.
    service.fault(**FAULTS[fault], after=3.0)
    stand = talk(range(30), transport)
    assert stand.words() == names(range(30))
    if fault in UNTOLD or (fault, transport) == ("stall", "websocket"):
        return
    assert stand.told, fault
    assert service.state()["requests"] > 1
    assert "Traceback" not in capfd.readouterr().err


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "403": ({"status": 403, "code": "AccessDeniedException"}, "may not use Amazon Transcribe"),
    "unknown key": (
        {"status": 403, "code": "UnrecognizedClientException"},
        "(does not know the access key|may not use)",
    ),
    "400": ({"status": 400, "code": "BadRequestException"}, "does not take the request"),
}


@pytest.mark.parametrize("refusal", REFUSED)
def test_a_refusal_that_waiting_cannot_mend_ends_at_once(service: Emulator, transport: str, refusal: str) -> None:
    """One request, one sentence with the mend."""
    asked, sentence = REFUSED[refusal]
    service.fault("refuse", when="sticky", **asked)
    with pytest.raises(EngineError, match=sentence) as failure:
        talk(range(3), transport)
    assert not failure.value.retry
    assert failure.value.mend
    assert service.state()["requests"] == 1


def test_wrong_keys_and_wrong_clock_are_told_apart(
    service: Emulator, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real signature check of the service refuses; the sentence names what to mend."""
    service.set(clock=1000)
    with pytest.raises(EngineError, match="clock") as failure:
        talk(range(3), transport)
    assert not failure.value.retry
    service.set(clock=0)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(EngineError, match="secret key") as failure:
        talk(range(3), transport)
    assert not failure.value.retry


def test_an_untrusted_certificate_is_said_before_the_time_is_up(
    service: Emulator, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason comes from the certificate's check, and the mend names the variable."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(EngineError, match=r"not trusted.*AWS_CA_BUNDLE") as failure:
        talk(range(3), transport)
    assert not failure.value.retry
    assert service.state()["requests"] == 0


def test_ssl_cert_file_is_honoured(service: Emulator, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other variable for the same thing."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    monkeypatch.setenv("SSL_CERT_FILE", service.ca)
    assert talk(range(4), transport).words() == names(range(4))


def test_a_language_the_service_does_not_take_ends_at_once(service: Emulator, transport: str) -> None:
    """A wrong vocabulary is such a refusal too: it stays wrong."""
    with pytest.raises(EngineError, match=r"vocabulary") as failure:
        talk(range(3), transport, vocabulary="no-such-vocabulary")
    assert not failure.value.retry
    assert talk(range(3), transport, vocabulary="emulator-vocabulary").words() == names(range(3))


def test_streams_are_replaced_before_their_length_limit(service: Emulator, transport: str) -> None:
    """Planned changes at pauses and in mid-speech: nobody notices."""
    service.set(length=9)
    pcm = said(range(20), every=6) + said(range(20, 50))
    stand = talk(range(50), transport, pcm, limit_seconds=5.0)
    assert stand.words() == names(range(50))
    assert stand.told == []
    ends = [stream["ended"] for stream in service.state()["streams"] if stream["ended"]]
    assert set(ends) == {"done"}
    assert len(ends) == service.state()["requests"] > 3


def test_the_length_limit_itself_costs_nothing(service: Emulator, transport: str) -> None:
    """A stream that the service ends for its length is one fault more."""
    service.set(length=5)
    stand = talk(range(20), transport)
    assert stand.words() == names(range(20))
    assert stand.told


def test_the_idle_limit_is_never_reached(service: Emulator, transport: str) -> None:
    """While no sound comes the stream goes on, and what comes then is heard."""
    service.set(idle=1.5)

    async def work() -> Stand:
        stand = Stand(Transcribe(options(transport=transport, region="", limits=LIMITS, pace=20.0)))
        async with asyncio.TaskGroup() as group:
            group.create_task(stand.hearing.run())
            stand.put(said(range(5)) + bytes(32000))
            await asyncio.sleep(3.5)
            stand.put(said(range(5, 10)))
            stand.hearing.end()
        return stand

    stand = run(work())
    assert stand.words() == names(range(10))
    assert stand.told == []
    assert service.state()["requests"] == 1
    assert service.state()["streams"][-1]["biggest_gap"] < 1.5


def test_keys_may_change_during_a_talk(service: Emulator, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new stream is signed with the keys of now; a running one goes on with its own."""
    service.set(keys="AKIDEMULATOR/emulator-secret,AKIDNEXT/next-secret/next-token")

    async def work() -> Stand:
        one = Transcribe(options(transport=transport, region="", limits=LIMITS, pace=20.0, limit_seconds=4.0))
        stand = Stand(one)
        async with asyncio.TaskGroup() as group:
            group.create_task(stand.hearing.run())
            stand.put(said(range(5)))
            await asyncio.sleep(0.5)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEXT")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "next-secret")
            monkeypatch.setenv("AWS_SESSION_TOKEN", "next-token")
            stand.put(said(range(5, 30)))
            stand.hearing.end()
        return stand

    stand = run(work())
    assert stand.words() == names(range(30))
    assert stand.told == []
    assert len(service.state()["streams"]) > 1


def test_the_probe_proves_or_says_why_not(service: Emulator, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed call that ends well, and one that does not."""
    one = Transcribe(options(transport=transport, region=""))
    run(one.probe())
    assert service.state()["streams"][-1]["ended"] == "done"
    assert service.state()["streams"][-1]["audio_seconds"] == 0
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNOBODY")
    with pytest.raises(EngineError) as failure:
        run(Transcribe(options(transport=transport, region="")).probe())
    assert not failure.value.retry
