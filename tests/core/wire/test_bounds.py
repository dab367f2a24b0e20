import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.wire import bounds
from rtt.core.wire.bounds import is_language, is_room
from tests.core.making import unhurried


@pytest.mark.parametrize("name", ["aula1", "A", "0", "Sala.Grande_2-b", "x" * 64, "a..b", "room.", "a-"])
def test_a_room_may_be_called(name: str) -> None:
    """Letters, digits, dot, dash, underscore; 64 at most."""
    assert is_room(name)


@pytest.mark.parametrize(
    "name",
    [
        'x";alert(1);"',
        "../../etc",
        "..",
        ".",
        ".hidden",
        "-rf",
        "_x",
        "",
        " ",
        "a b",
        "a/b",
        "a\\b",
        "a\n",
        "aula1\n",
        "a\x00",
        "x" * 65,
        "aulà",
        "会议室",
        "a%2fb",
        "a?b",
        "a#b",
        "<script>",
        "а",  # a letter that only looks like one of ours
        "١",
    ],
)
def test_a_room_may_not_be_called(name: str) -> None:
    """What could leave its folder, its address or its place on a page."""
    assert not is_room(name)


@unhurried
@given(st.text())
def test_a_rooms_name_is_safe_wherever_it_is_written(name: str) -> None:
    """In a path, an address, a page and a shell."""
    if is_room(name):
        assert name.isascii()
        assert len(name) <= 64
        assert name[0].isalnum()
        assert not set(name) & set("/\\\"'<>&;:?#% \n\r\t\0*|$`(){}[]~!")


@pytest.mark.parametrize("tag", ["it-IT", "en", "en-US", "gsw-CH", "cmn-Hans-CN", "es-419", "de-CH-1996", "EN-us"])
def test_a_language_tag(tag: str) -> None:
    """As BCP 47 writes what captions need."""
    assert is_language(tag)


@pytest.mark.parametrize(
    "tag", ["", "i", "italiano", "it_IT", "it-", "it-I", "-IT", "it-IT\n", "it IT", "いт", "a" * 99]
)
def test_no_language_tag(tag: str) -> None:
    """A name is not a tag, and an underscore is not a dash."""
    assert not is_language(tag)


def test_the_bounds_are_those_of_the_contract() -> None:
    """One table (SESSIONS I): a change of it is a change of the protocol."""
    table = {
        "FRAME_MAX_SECONDS": 1,
        "TEXT_MAX": 4096,
        "WINDOW_SECONDS": 20,
        "SPOOL_SECONDS": 1800,
        "REPLAY_SECONDS": 60,
        "GAPS_MAX": 1000,
        "OPEN_RESULTS_MAX": 64,
        "WORDS_MAX": 500,
        "UNWRITTEN_MAX": 2000,
        "HISTORY_MAX": 500,
        "SEEN_PER_SECOND": 5,
        "DRAINING_MAX": 8,
        "ROOMS_MAX": 200,
        "OFFSET_MAX": 2**53,
        "KEEP_SECONDS": 5,
        "OVERLAP_SECONDS": 3,
        "UNHEARD_SECONDS": 10,
        "UNSETTLED_SECONDS": 0.6,
        "ORDER_SECONDS": 10,
        "GAP_FILL_SECONDS": 2,
        "HOLD_SECONDS": 3,
        "EXPIRE_SECONDS": 300,
        "END_SECONDS": 30,
        "SINCE_MAX": 1000,
        "JOIN_MAX": 20,
        "JOIN_SECONDS": 120,
        "STALE_SECONDS": 300,
        "STATE_SECONDS": 2,
        "OUTBOX_FINALS": 256,
        "OUTBOX_BYTES": 256 * 1024,
    }
    assert {name: getattr(bounds, name) for name in table} == table


def test_the_bounds_fit_together() -> None:
    """What is heard again is still held: by the capture below settled, and by the server beyond its window."""
    assert bounds.KEEP_SECONDS > bounds.OVERLAP_SECONDS + 2 * bounds.UNSETTLED_SECONDS
    assert bounds.REPLAY_SECONDS > bounds.KEEP_SECONDS + bounds.WINDOW_SECONDS + bounds.UNHEARD_SECONDS
    assert bounds.JOIN_MAX < bounds.OUTBOX_FINALS < bounds.HISTORY_MAX
    assert bounds.STATE_SECONDS < 5  # a screen shows its dot after 5 s without any message
