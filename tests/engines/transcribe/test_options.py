"""What an operator can set, for the server and for a room."""

import pytest

from rtt.core.errors import UsageError
from rtt.engines.transcribe.options import RoomOptions, TranscribeOptions


def test_a_room_has_its_own_options_and_the_servers_otherwise() -> None:
    """Only what a room sets differs in it."""
    options = TranscribeOptions(
        vocabulary="terms", stability="high", rooms={"aula1": RoomOptions(vocabulary="medicine", speaker_labels=True)}
    )
    assert options.of("aula1").query("it-IT")["vocabulary-name"] == "medicine"
    assert options.of("aula1").query("it-IT")["show-speaker-label"] == "true"
    assert options.of("aula1").stability == "high"
    assert options.of("aula2") is options


def test_the_service_is_asked_only_for_what_is_set() -> None:
    """Stability is on by default, speaker labels are off, and nothing empty is sent."""
    assert TranscribeOptions().query("it-IT") == {
        "language-code": "it-IT",
        "media-encoding": "pcm",
        "sample-rate": "16000",
        "enable-partial-results-stabilization": "true",
        "partial-results-stability": "medium",
    }
    plain = TranscribeOptions(stability="off", vocabulary_filter="rude", filter_method="tag").query("en-US")
    assert plain["vocabulary-filter-method"] == "tag"
    assert not [name for name in plain if "stab" in name]


@pytest.mark.parametrize(
    "wrong",
    [{"transport": "pigeon"}, {"stability": "most"}, {"filter_method": "shout"}, {"pace": 0}, {"limit_seconds": -1.0}],
)
def test_what_cannot_be_is_refused_by_name(wrong: dict[str, object]) -> None:
    """A typing error ends before any sound is sent, as one sentence."""
    with pytest.raises(UsageError, match="Amazon Transcribe"):
        TranscribeOptions(**wrong)  # type: ignore[arg-type]


def test_a_rooms_options_are_checked_too() -> None:
    """The sentence names what is allowed."""
    with pytest.raises(UsageError, match="medium"):
        RoomOptions(stability="much")
