"""The talk says what it claims to say."""

from rtt.core.codedspeech import COMMANDS, CodedDecoder
from tests.faults.talk import compose


def heard(pcm: bytes) -> list[int | None]:
    decoder = CodedDecoder()
    return [coded.number for coded in [*decoder.push(pcm), *decoder.finish()]]


def test_words_are_numbered_without_a_hole() -> None:
    """Heard again without faults, every word is there once, in order."""
    sound = compose(3, 8.0)
    assert heard(sound.pcm) == list(range(sound.count))
    assert sound.seconds >= 8.0
    assert sound.pcm != compose(4, 8.0).pcm
    assert sound == compose(3, 8.0)


def test_commands_stand_where_they_are_asked_for() -> None:
    """A command is in the sound once, late ones at the end, and maims no word."""
    sound = compose(3, 8.0, [(3.0, "error"), (60.0, "die")])
    found = heard(sound.pcm)
    assert [number for number in found if number is not None and number < 60_000] == list(range(sound.count))
    place = found.index(COMMANDS["error"])
    assert 2 <= place < len(found) - 2
    assert found[-1] == COMMANDS["die"]
    assert None not in found
