"""Which language a room speaks."""

import pytest

from rtt.core.errors import LinkError
from rtt.core.wire.codes import Close
from rtt.server.languages import choose


@pytest.mark.parametrize(
    ("spoken", "wishes", "chosen"),
    [
        (["en-US", "it-IT"], ["it-IT", "en-US"], "it-IT"),
        (["en-US", "it-IT"], ["", "en-US"], "en-US"),
        (["en-US", "it-IT"], ["EN-us"], "en-US"),
        (["en-US", "en-GB"], ["en"], "en-US"),
        (["en-US"], ["", ""], "en-US"),
        (["en-US", "en-GB"], [""], "en-US"),
        (["*"], ["de-CH"], "de-CH"),
    ],
)
def test_the_first_wish_counts(spoken: list[str], wishes: list[str], chosen: str) -> None:
    """Capture, room, server, in this order; the only language of an engine needs no wish."""
    assert choose(spoken, "e", *wishes) == chosen


@pytest.mark.parametrize(
    ("spoken", "wishes", "said"),
    [
        (["en-US", "it-IT"], ["fr-FR"], "en-US, it-IT"),
        (["en-US", "it-IT"], ["", ""], "en-US, it-IT"),
        (["en-US"], ["it-IT"], "rtt serve --engine"),
        (["*"], [""], "--lang"),
        (["*"], ['x";alert(1)'], "speak"),
    ],
)
def test_a_language_that_is_not_spoken_is_refused(spoken: list[str], wishes: list[str], said: str) -> None:
    """There is no built-in default: who gets it wrong reads what there is."""
    with pytest.raises(LinkError, match=said) as caught:
        choose(spoken, "e", *wishes)
    assert caught.value.code == Close.LANGUAGE
