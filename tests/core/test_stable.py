from hypothesis import given
from hypothesis import strategies as st

from rtt.core.caption import Word
from rtt.core.stable import AGREE, Stabiliser
from tests.core.making import heard, unhurried, word, words


def fed(*partials: str, agree: int = AGREE) -> list[str]:
    """Return the stable text after each partial of one line."""
    stabiliser = Stabiliser(agree)
    return [stabiliser.partial(heard(*words(text), final=False)) for text in partials]


def test_a_word_is_stable_when_successive_partials_agree_on_it() -> None:
    """Three of them, and on all words before it."""
    assert fed("a", "a b", "a b c", "a b c d") == ["", "", "a", "a b"]


def test_a_partial_that_disagrees_begins_the_count_anew() -> None:
    """What flickers is not shown."""
    assert fed("a", "a", "x", "a", "a", "a") == ["", "", "", "", "", "a"]


def test_a_word_after_one_that_flickers_is_not_stable() -> None:
    """Stable text has no holes that are filled later."""
    assert fed("a x c", "a y c", "a z c", "a z c", "a z c") == ["", "", "a", "a", "a z c"]


def test_a_word_the_engine_promises_is_stable_at_once() -> None:
    """But only if all before it are."""
    stabiliser = Stabiliser()
    promised = (word("a", 0, stable=True), word("b", 1, stable=True), word("c", 2))
    assert stabiliser.partial(heard(*promised, final=False)) == "a b"
    assert stabiliser.partial(heard(word("a", 0), word("b", 1), word("c", 2, stable=True), final=False)) == "a b"


def test_stable_text_is_never_taken_back_before_the_final() -> None:
    """When the engine changes its mind, the screen does not: the final is the truth."""
    assert fed("a b", "a b", "a b", "x y", "x y", "x", "")[2:] == ["a b"] * 5


def test_a_word_put_in_before_shows_none_twice() -> None:
    """The engine finds a word it had missed: what is already shown is not shown again behind it."""
    said = "a b c"
    later = (word("a", 0), word("new", 0.3, 0.45), *words("b c d", 0.5))
    stabiliser = Stabiliser()
    for _ in range(3):
        stabiliser.partial(heard(*words(said), final=False))
    for _ in range(3):
        text = stabiliser.partial(heard(*later, final=False))
    assert text == "a b c d"


def test_a_word_left_out_before_swallows_none() -> None:
    """The engine drops a word: the next one is still shown, once."""
    stabiliser = Stabiliser()
    for _ in range(3):
        stabiliser.partial(heard(*words("a uh b"), final=False))
    for _ in range(3):
        text = stabiliser.partial(heard(word("a", 0), *words("b c", 1.0), final=False))
    assert text == "a uh b c"


def test_lines_do_not_mix() -> None:
    """Agreement counts only within a line, and a line's end forgets it."""
    stabiliser = Stabiliser()
    for line in ("x", "y", "x", "y"):
        assert stabiliser.partial(heard(*words("a b"), line=line, final=False)) == ""
    assert stabiliser.partial(heard(*words("a b"), line="x", final=False)) == "a b"
    stabiliser.final(heard(*words("a b"), line="x"))
    assert stabiliser.partial(heard(*words("a b"), line="x", final=False)) == ""
    stabiliser.withdraw("y")
    assert stabiliser.partial(heard(*words("a b"), line="y", final=False)) == ""


def test_shown_words_beyond_the_final_are_its_rest() -> None:
    """They begin the next line in the same message (SESSIONS 26)."""
    stabiliser = Stabiliser()
    for _ in range(3):
        stabiliser.partial(heard(*words("a b c d"), final=False))
    assert stabiliser.final(heard(*words("a b"))) == "c d"
    assert stabiliser.final(heard(*words("a b"))) == ""


def test_a_final_that_says_all_has_no_rest() -> None:
    """Also one without any partial before it."""
    stabiliser = Stabiliser()
    assert stabiliser.final(heard(*words("a b"))) == ""
    for _ in range(3):
        stabiliser.partial(heard(*words("a b"), final=False))
    assert stabiliser.final(heard(*words("a b c"))) == ""


def test_an_engine_without_word_times_has_no_stable_words() -> None:
    """Nothing is promised that cannot be placed."""
    stabiliser = Stabiliser()
    assert {stabiliser.partial(heard(text="a b", final=False)) for _ in range(9)} == {""}


PARTIALS = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(-0.3, 0.3), st.booleans()), max_size=6), max_size=20
)


@unhurried
@given(PARTIALS, st.integers(1, 4))
def test_whatever_partials_come_stable_text_only_grows(
    partials: list[list[tuple[str, float, bool]]], agree: int
) -> None:
    """Append-only until the final."""
    stabiliser, before = Stabiliser(agree), ""
    for partial in partials:
        report = tuple(
            Word(text, round(16000 * (n + jitter)), round(16000 * (n + 0.5 + jitter)), stable=promised)
            for n, (text, jitter, promised) in enumerate(partial)
        )
        text = stabiliser.partial(heard(*report, final=False))
        assert text == before or text.startswith(f"{before} " if before else "")
        before = text


@unhurried
@given(st.lists(st.sampled_from(["a b c", "a b", "a x b c", "b c", "a b c d", "a c d"]), min_size=12, max_size=12))
def test_no_word_that_was_said_once_is_shown_twice(partials: list[str]) -> None:
    """Whatever the engine puts in or leaves out on its way; each word keeps its place in time."""
    places = {text: n for n, text in enumerate(("a", "x", "b", "c", "d"))}
    stabiliser = Stabiliser(2)
    for partial in partials:
        report = (word(one, places[one] * 0.5) for one in partial.split())
        stable = stabiliser.partial(heard(*report, final=False)).split()
        assert len(stable) == len(set(stable))
        assert stable == sorted(stable, key=lambda one: places[one])
