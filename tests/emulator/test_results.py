"""Partials and finals, by the sound alone."""

from typing import Any

import pytest

from rtt.core.codedspeech import encode
from tests.emulator.parameters import Parameters
from tests.emulator.results import Results
from tests.emulator.settings import Settings

ASKED = Parameters("it-IT", 16_000, stabilization=True, stability="medium")


def told(settings: Settings, pcm: bytes, *, finish: bool = True, asked: Parameters = ASKED) -> list[dict[str, Any]]:
    """Return all results of a sound."""
    results = Results(settings, asked, 1)
    events = [event for at in range(0, len(pcm), 3200) for event in results.push(pcm[at : at + 3200])]
    events += results.finish() if finish else []
    return [result for event in events for result in event["Transcript"]["Results"]]


def texts(results: list[dict[str, Any]], *, partial: bool) -> list[str]:
    """Return the transcripts of the partials or of the finals."""
    return [one["Alternatives"][0]["Transcript"] for one in results if one["IsPartial"] == partial]


def test_a_pause_makes_a_final() -> None:
    """After 0.8 s of silence, without the stream's end; and the next words are a result of their own."""
    results = told(Settings(), encode([1, 2]) + bytes(32_000) + encode([3]) + bytes(9600), finish=False)
    assert texts(results, partial=False) == ["w1 w2."]
    assert texts(results, partial=True)[-1] == "x3"
    assert len({one["ResultId"] for one in results}) == 2


def test_so_many_words_make_a_final() -> None:
    """As many as set; the last words come at the end."""
    assert texts(told(Settings(words_per_final=3, punctuation=False), encode(range(7))), partial=False) == [
        "w0 w1 w2",
        "w3 w4 w5",
        "w6",
    ]


def test_a_partial_lags_and_guesses() -> None:
    """A word shows 0.3 s after its end, wrong at first and only once."""
    results = told(Settings(), encode([1]) + bytes(3200), finish=False)
    assert results == []
    results = told(Settings(), encode([1, 2]) + bytes(9600), finish=False)
    assert texts(results, partial=True) == ["x1", "w1 x2"]
    assert texts(told(Settings(guess=False), encode([1, 2]) + bytes(9600)), partial=True) == ["w1", "w1 w2"]


def test_stable_words_are_never_taken_back() -> None:
    """Whatever a partial calls stable stands in every later result of its id."""
    for stability, unstable in (("high", 1), ("medium", 2), ("low", 3)):
        asked = Parameters("it-IT", 16_000, stabilization=True, stability=stability)
        results = told(Settings(punctuation=False), encode(range(9)), asked=asked)
        shown: list[str] = []
        for result in results:
            items = result["Alternatives"][0]["Items"]
            stable = [item["Content"] for item in items if item["Stable"]]
            assert stable[: len(shown)] == shown
            assert not result["IsPartial"] or len(items) - len(stable) == min(unstable, len(items))
            shown = stable
        assert shown == [f"w{number}" for number in range(9)]


def test_without_stabilization_nothing_is_said_of_it() -> None:
    """No flags, and confidence in finals only."""
    results = told(Settings(), encode(range(3)), asked=Parameters("it-IT", 16_000))
    for result in results:
        for item in result["Alternatives"][0]["Items"]:
            assert "Stable" not in item
            assert ("Confidence" in item) == (not result["IsPartial"] and item["Type"] == "pronunciation")


def test_times_are_wrong_by_the_jitter_and_the_same_each_time() -> None:
    """A seed makes it repeatable."""
    exact = told(Settings(), encode(range(5)))[-1]["Alternatives"][0]["Items"]
    wrong = told(Settings(jitter=0.1, seed=3), encode(range(5)))[-1]["Alternatives"][0]["Items"]
    again = told(Settings(jitter=0.1, seed=3), encode(range(5)))[-1]["Alternatives"][0]["Items"]
    assert wrong == again != exact
    for one, other in zip(exact, wrong, strict=True):
        assert one["StartTime"] == pytest.approx(other["StartTime"], abs=0.101)


def test_speakers_take_turns_where_they_are_asked_for() -> None:
    """So many words each, if set; without the parameter nobody is named."""
    asked = Parameters("it-IT", 16_000, speakers=True)

    def speakers(settings: Settings, asked: Parameters) -> list[str]:
        items = told(settings, encode(range(5)), asked=asked)[-1]["Alternatives"][0]["Items"]
        return [item.get("Speaker", "") for item in items if item["Type"] == "pronunciation"]

    assert speakers(Settings(turn=2), asked) == ["0", "0", "1", "1", "0"]
    assert speakers(Settings(), asked) == ["0"] * 5
    assert speakers(Settings(turn=2), ASKED) == [""] * 5


def test_punctuation_is_items_of_its_own() -> None:
    """A comma after four words, a full stop at the end, neither with a time of its own."""
    final = told(Settings(), encode(range(5)))[-1]["Alternatives"][0]
    assert final["Transcript"] == "w0 w1 w2 w3, w4."
    marks = [item for item in final["Items"] if item["Type"] == "punctuation"]
    assert [item["Content"] for item in marks] == [",", "."]
    assert all(item["StartTime"] == item["EndTime"] for item in marks)
