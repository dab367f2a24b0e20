import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtt.core.errors import LinkError
from rtt.core.wire.bounds import TEXT_MAX
from rtt.core.wire.codes import Close
from rtt.core.wire.screen import (
    Mode,
    Since,
    State,
    encode_caption,
    encode_reset,
    encode_state,
    parse_mode,
    parse_seen,
    parse_since,
)
from tests.core.making import caption, unhurried

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)


def test_a_caption_on_the_wire() -> None:
    """Every field of DESIGN 4; times are seconds of the session."""
    assert json.loads(encode_caption(caption(17, at=1_700_000_000.12345))) == {
        "type": "caption",
        "room": "r",
        "session": "s1",
        "epoch": "e1",
        "number": 17,
        "line": "l17",
        "text": "t17",
        "is_partial": False,
        "language": "it-IT",
        "engine": "scripted",
        "start": 17.0,
        "end": 18.0,
        "at": 1_700_000_000.123,
    }
    assert json.loads(encode_caption(caption(17, final=False)))["is_partial"] is True


def test_a_rest_is_told_only_where_there_is_one() -> None:
    """It begins the next line in the same message (SESSIONS 26)."""
    assert json.loads(encode_caption(caption(1, rest="and so")))["rest"] == "and so"
    assert "rest" not in json.loads(encode_caption(caption(1)))


@pytest.mark.parametrize("frame", [encode_state(State()), encode_state(State(live=True), "so far"), encode_reset("e1")])
def test_a_reader_that_knows_only_text_and_is_partial_shows_nothing_wrong(frame: str) -> None:
    """A message that is no caption repeats what stands unsettled, or nothing."""
    body = json.loads(frame)
    assert body["is_partial"] is True
    assert body["text"] == ("so far" if body.get("live") else "")


def test_a_state_tells_all_of_it() -> None:
    """And a reset its epoch."""
    body = json.loads(encode_state(State(live=True, lagging=True, paused=True, language="it-IT")))
    assert (body["type"], body["live"], body["lagging"], body["paused"], body["language"]) == (
        "state", True, True, True, "it-IT",
    )  # fmt: skip
    assert json.loads(encode_reset("e9")) == {"type": "reset", "epoch": "e9", "text": "", "is_partial": True}


@unhurried
@given(ANY)
def test_any_text_of_an_engine_can_be_sent(text: str) -> None:
    """Half a surrogate pair would break the connection of every screen."""
    frame = encode_caption(caption(1, text, final=False))
    assert json.loads(frame.encode())["text"] == text.encode(errors="replace").decode()


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", Mode.FINALS),
        ("false", Mode.FINALS),
        ("true", Mode.PARTIALS),
        ("True", Mode.PARTIALS),
        ("STABLE", Mode.STABLE),
    ],
)
def test_what_a_screen_may_ask_for(text: str, mode: Mode) -> None:
    """Finals only, unless it says otherwise."""
    assert parse_mode(text) is mode


@unhurried
@given(ANY)
def test_any_other_wish_is_refused_for_good(text: str) -> None:
    """With the three words in the sentence."""
    if text.lower() in ("", "true", "false", "stable"):
        return
    with pytest.raises(LinkError, match="false, true or stable") as caught:
        parse_mode(text)
    assert caught.value.code == Close.MALFORMED


@unhurried
@given(st.text(min_size=1), st.integers(0, 10**15 - 1))
def test_since_comes_back_as_it_was_told(epoch: str, number: int) -> None:
    """Also with a colon in the epoch."""
    assert parse_since(f"{epoch}:{number}") == Since(epoch, number)


@pytest.mark.parametrize(
    "text", ["", ":", "e1", "e1:", ":5", "e1:-1", "e1:x", "e1:1.0", "e1:٣", "e1:²", "e1:" + "9" * 16]
)
def test_an_unreadable_since_is_that_of_a_screen_that_has_nothing(text: str) -> None:
    """It gets the history, not an error."""
    assert parse_since(text) is None


@unhurried
@given(ANY)
def test_no_since_is_an_error(text: str) -> None:
    """Whatever stands in the address."""
    since = parse_since(text)
    assert since is None or since.number >= 0


@unhurried
@given(st.text(), st.integers(0, 2**60))
def test_seen_is_read(epoch: str, number: int) -> None:
    """Epoch and number of what was painted."""
    assert parse_seen(json.dumps({"type": "seen", "epoch": epoch, "number": number})) == Since(epoch, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"seen"',
        "{}",
        '{"type":"seen"}',
        '{"type":"seen","epoch":"e1"}',
        '{"type":"seen","epoch":7,"number":1}',
        '{"type":"seen","epoch":"e1","number":"1"}',
        '{"type":"seen","epoch":"e1","number":-1}',
        '{"type":"seen","epoch":"e1","number":1.0}',
        '{"type":"seen","epoch":"e1","number":true}',
        '{"type":"end","epoch":"e1","number":1}',
        '{"type":"seen","epoch":"' + "e" * TEXT_MAX + '","number":1}',
        "[" * 4000,
    ],
)
def test_everything_else_a_screen_says_is_ignored(text: str) -> None:
    """A viewer can do nothing to a room, and no nonsense is an error."""
    assert parse_seen(text) is None


@unhurried
@given(
    ANY
    | st.recursive(st.none() | st.booleans() | st.floats() | ANY, lambda j: st.lists(j) | st.dictionaries(ANY, j)).map(
        json.dumps
    )
)
def test_no_message_of_a_screen_is_an_error(text: str) -> None:
    """Whatever it is."""
    assert parse_seen(text) is None
