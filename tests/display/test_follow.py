import pytest

from rtt.core.wire.screen import State
from rtt.display.follow import Final, Follower, Partial, Reset, Standing
from tests.display.stage import final, partial, state
from tests.display.stories import RECONNECT, STORIES, Story


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_after_each_story_the_right_lines_stand(story: Story) -> None:
    follower = Follower(partials=story.partials)
    finals: list[str] = []
    unsettled = ""
    for step in story.steps:
        if step is RECONNECT:
            follower.reconnected()
            continue
        for news in follower.take(step):
            match news:
                case Final(line):
                    finals.append(line.text)
                case Partial(line):
                    unsettled = line.text if line else ""
                case Reset():
                    finals, unsettled = [], ""
    assert (tuple(finals), unsettled, follower.since) == (story.finals, story.unsettled, story.since)


def test_a_line_carries_what_the_server_said_of_it() -> None:
    (news,) = Follower(partials=False).take(final(3, "ciao", language="it-IT"))
    assert isinstance(news, Final)
    line = news.line
    assert (line.text, line.final, line.language, line.number, line.epoch) == ("ciao", True, "it-IT", 3, "e1")
    assert (line.start, line.end, line.at) == (3.0, 4.0, 1e9 + 3)


def test_a_state_is_told_with_all_it_says() -> None:
    assert Follower(partials=True).take(state(lagging=True, standing="x")) == [
        Standing(State(True, True, False, "en-US"))
    ]


def test_binary_messages_are_no_captions() -> None:
    follower = Follower(partials=True)
    assert follower.take(final(1, "a").encode()) == []
    assert follower.since == ""


def test_a_final_and_its_rest_are_told_in_the_order_in_which_they_are_read() -> None:
    follower = Follower(partials=True)
    follower.take(partial(0, "a b", line="x"))
    first, second = follower.take(final(1, "a", line="x", rest="b"))
    assert isinstance(first, Final)
    assert isinstance(second, Partial)
    assert second.line is not None
    assert second.line.text == "b"
