import pytest

from rtt.core.wire.codes import SENTENCES, Close, comes_back, sentence


@pytest.mark.parametrize("code", list(Close))
def test_every_code_has_a_sentence(code: Close) -> None:
    """A whole one, that an operator can read."""
    text = sentence(code)
    assert text == SENTENCES[code]
    assert len(text.split()) >= 5
    assert text[0].isupper()
    assert text.endswith(".")


def test_no_two_codes_say_the_same() -> None:
    """The sentence tells them apart."""
    assert len(set(SENTENCES.values())) == len(Close)


@pytest.mark.parametrize("code", [4400, 4401, 4403, 4405, 4410, 4429, 4499, 1001, 1012, 1011, 1006, 1005, 1008, 5000])
def test_a_client_comes_back_where_that_can_help(code: int) -> None:
    """4000 to 4499, a server that goes away, a connection that broke, and what nobody knows."""
    assert comes_back(code)


@pytest.mark.parametrize("code", [1000, 4500, 4501, 4502, 4503, 4504, 4505, 4510, 4511, 4520, 4521, 4999])
def test_a_client_stays_away_where_nothing_would_change(code: int) -> None:
    """A talk that is over, and all from 4500 on."""
    assert not comes_back(code)


def test_the_numbers_of_the_contract() -> None:
    """SESSIONS names these; other programs know them by their number."""
    named = (Close.HOLE, Close.SEND_AGAIN, Close.FELL_BEHIND, Close.CONTINUED_ELSEWHERE, Close.ROOM_TAKEN)
    assert [int(code) for code in (*named, Close.NOT_ALL_HEARD)] == [4400, 4401, 4403, 4510, 4511, 4520]


@pytest.mark.parametrize("code", [0, 999, 1006, 4000, 4600, -1])
def test_an_unknown_code_is_named(code: int) -> None:
    """Another version's, or the library's own."""
    assert str(code) in sentence(code)
