"""Coded speech: what the shared tests read lost, doubled and moved sound by."""

import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtt.core.caption import RATE
from rtt.core.codedspeech import COMMANDS, GAP, NUMBERS, WORD, Coded, CodedDecoder, crc16, encode


def decode(pcm: bytes, step: int = 3200, start: int = 0) -> list[Coded]:
    decoder = CodedDecoder(start)
    found = []
    for at in range(0, len(pcm), step):
        found += decoder.push(pcm[at : at + step])
    return found + decoder.finish()


def numbers(found: list[Coded]) -> list[int]:
    return [coded.number for coded in found if coded.number is not None]


def test_the_check_is_the_known_crc() -> None:
    """CRC-16/CCITT-FALSE of the customary nine digits."""
    assert crc16(b"123456789") == 0x29B1


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, NUMBERS - 1), min_size=1, max_size=5),
    st.integers(1, 5000),
    st.integers(0, 2000),
    st.floats(GAP, 0.5),
)
def test_what_is_said_is_heard(said: list[int], samples: int, lead: int, gap: float) -> None:
    """All numbers, in order, whatever the pieces in which they arrive and wherever they begin."""
    found = decode(bytes(2 * lead) + encode(said, gap), step=2 * samples)
    assert [coded.number for coded in found] == said


def test_times_are_those_of_the_sound() -> None:
    """Start and end are within 10 ms of the truth, in samples of the session."""
    lead, start = 1000, RATE * 3600
    found = decode(bytes(2 * lead) + encode([1, 2, 3]), start=start)
    step = WORD + round(GAP * RATE)
    for index, coded in enumerate(found):
        assert abs(coded.start - (start + lead + index * step)) <= RATE // 100
        assert coded.end - coded.start == WORD


@settings(deadline=None, max_examples=60)
@given(st.integers(0, NUMBERS - 1), st.integers(0, WORD), st.booleans())
def test_a_cut_word_is_never_another_number(said: int, cut: int, front: bool) -> None:
    """What remains of it is the number itself or a fragment; its neighbour is whole."""
    pcm = encode([said])
    kept = pcm[2 * cut :] if front else pcm[: 2 * cut] + bytes(2 * 1600)
    found = decode(kept + encode([7]) if front else encode([7]) + kept)
    assert set(numbers(found)) <= {said, 7}
    assert 7 in numbers(found)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, NUMBERS - 1), st.integers(0, NUMBERS - 1), st.integers(0, WORD), st.integers(0, 2 * WORD))
def test_a_splice_of_two_words_is_never_a_third(first: int, second: int, cut: int, again: int) -> None:
    """Lost sound in the middle of words cannot make a number that nobody said."""
    pcm = encode([first, second, 7])
    found = decode(pcm[: 2 * cut] + pcm[2 * max(cut, again) :])
    assert set(numbers(found)) <= {first, second, 7}
    assert numbers(found)[-1] == 7


def test_doubled_sound_is_heard_twice() -> None:
    """A word that is sent twice is two words."""
    pcm = encode([5])
    assert numbers(decode(pcm + pcm)) == [5, 5]


@pytest.mark.parametrize("amplitude", [0.9, 0.25, 0.03])
def test_level_does_not_matter(amplitude: float) -> None:
    """From nearly full scale down to -30 dBFS."""
    assert numbers(decode(encode(range(50, 60), amplitude=amplitude))) == list(range(50, 60))


def test_noise_and_tones_say_nothing() -> None:
    """Sound that is no code gives fragments at most, for as long as it lasts."""
    chance = random.Random(1)
    noise = array("h", (chance.randrange(-8000, 8000) for _ in range(RATE * 3))).tobytes()
    assert numbers(decode(noise)) == []
    assert decode(bytes(RATE * 4)) == []


def test_silence_costs_no_memory() -> None:
    """An hour of nothing keeps less than a second of samples."""
    decoder = CodedDecoder()
    for _ in range(200):
        decoder.push(bytes(2 * RATE))
    assert len(decoder._samples) < RATE


def test_commands_are_words_above_all_numbers() -> None:
    """They travel like numbers and cannot be mistaken for one."""
    found = numbers(decode(encode([3, "mute", 4])))
    assert found == [3, COMMANDS["mute"], 4]
    assert min(COMMANDS.values()) >= NUMBERS


def test_what_cannot_be_coded_is_refused() -> None:
    """A number beyond 16 bits is the caller's mistake."""
    with pytest.raises(ValueError, match="70000"):
        encode([70_000])
