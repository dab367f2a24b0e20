"""Messages, and what must stand on a screen after them: the page and the Python reader are held to all of them."""

from dataclasses import dataclass

from tests.display.stage import final, partial, reset, state

RECONNECT = object()
"""In place of a frame: the connection was lost and stands again."""


@dataclass(frozen=True)
class Story:
    name: str
    steps: tuple[object, ...]
    finals: tuple[str, ...]
    unsettled: str = ""
    since: str = ""
    partials: bool = True


STORIES = [
    Story("nothing", (), ()),
    Story("finals in order", (final(1, "a"), final(2, "b")), ("a", "b"), since="e1:2"),
    Story(
        "a number told twice is shown once",
        (final(1, "a"), final(1, "a"), final(2, "b"), final(1, "a")),
        ("a", "b"),
        since="e1:2",
    ),
    Story("numbers may leave some out", (final(3, "a"), final(9, "b")), ("a", "b"), since="e1:9"),
    Story("equal words twice are two finals", (final(1, "yes"), final(2, "yes")), ("yes", "yes"), since="e1:2"),
    Story("a partial grows", (final(1, "a"), partial(1, "b"), partial(1, "b c")), ("a",), "b c", since="e1:1"),
    Story(
        "a final takes its partial's place",
        (partial(0, "a", line="x"), final(1, "a.", line="x")),
        ("a.",),
        since="e1:1",
    ),
    Story(
        "no partials where none are wanted",
        (partial(0, "a"), final(1, "b", rest="c")),
        ("b",),
        since="e1:1",
        partials=False,
    ),
    Story("an empty partial withdraws its line", (partial(0, "a", line="x"), partial(0, "", line="x")), ()),
    Story("an empty partial of another line does not", (partial(0, "a", line="x"), partial(0, "", line="y")), (), "a"),
    Story(
        "a partial from before a final is too late", (final(2, "b"), partial(1, "b", line="l2")), ("b",), since="e1:2"
    ),
    Story(
        "a final above an open partial of another line",
        (partial(0, "two", line="y"), final(1, "one", line="x")),
        ("one",),
        "two",
        since="e1:1",
    ),
    Story(
        "rest begins the next line",
        (partial(0, "a b c", line="x"), final(1, "a b", line="x", rest="c")),
        ("a b",),
        "c",
        since="e1:1",
    ),
    Story(
        "any partial goes on with the rest",
        (partial(0, "a b", line="x"), final(1, "a", line="x", rest="b"), partial(1, "b c", line="y")),
        ("a",),
        "b c",
        since="e1:1",
    ),
    Story(
        "any final ends the rest",
        (partial(0, "a b", line="x"), final(1, "a", line="x", rest="b"), final(2, "b c", line="z")),
        ("a", "b c"),
        since="e1:2",
    ),
    Story("a final without text leaves no line", (partial(0, "a", line="x"), final(1, "", line="x")), (), since="e1:1"),
    Story("reset empties", (final(1, "a"), partial(1, "b"), reset("e2")), ()),
    Story(
        "history after a reset counts anew",
        (final(7, "a"), reset("e2"), final(1, "b", epoch="e2")),
        ("b",),
        since="e2:1",
    ),
    Story("a new epoch without reset goes on", (final(7, "a"), final(1, "b", epoch="e2")), ("a", "b"), since="e2:1"),
    Story(
        "a partial of a lost connection goes when the new one says anything else",
        (final(1, "a"), partial(1, "lost"), RECONNECT, state()),
        ("a",),
        since="e1:1",
    ),
    Story(
        "it stays as long as the new one says nothing",
        (final(1, "a"), partial(1, "kept"), RECONNECT),
        ("a",),
        "kept",
        since="e1:1",
    ),
    Story(
        "the new connection may go on with it under another name",
        (partial(0, "we hear", line="x"), RECONNECT, partial(0, "we hear it", line="y"), state()),
        (),
        "we hear it",
    ),
    Story(
        "a final under another name takes its place too",
        (partial(0, "we hear", line="x"), RECONNECT, final(1, "we heard", line="y"), state()),
        ("we heard",),
        since="e1:1",
    ),
    Story(
        "what is no caption is no text",
        (
            final(1, "a"),
            state(standing="boo"),
            '{"type":"notice","text":"boo","is_partial":false,"epoch":"e1","number":9}',
        ),
        ("a",),
        since="e1:1",
    ),
    Story(
        "nonsense changes nothing",
        (
            final(1, "a"),
            "",
            "boo",
            "null",
            "7",
            "[]",
            '"text"',
            "{}",
            '{"type":7}',
            '{"text":"boo","is_partial":false}',
            '{"type":"caption"}',
            '{"type":"caption","epoch":"e1","number":"2","text":"boo","is_partial":false}',
            '{"type":"caption","epoch":"e1","number":-2,"text":"boo","is_partial":false}',
            '{"type":"caption","epoch":"e1","number":1e99,"text":"boo","is_partial":false}',
            '{"type":"caption","epoch":7,"number":2,"text":"boo","is_partial":false}',
            '{"type":"caption","epoch":"e1","number":2,"text":{"a":1},"is_partial":false}',
            "[" * 100_000,
        ),
        ("a",),
        since="e1:1",
    ),
]
