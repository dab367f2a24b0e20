from collections.abc import Iterator

import pytest

from tests.harness.browser import Browser, running_browser


@pytest.fixture(scope="module")
def own() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


def test_a_page_is_asked_and_its_complaints_are_kept(own: Browser) -> None:
    async def story() -> None:
        async with own.glass(300, 200) as glass:
            await glass.open(
                "data:text/html,<p>hello<script>console.error('oh'); setTimeout(() => { throw Error('no') })</script>"
            )
            assert await glass.text() == "hello"
            assert await glass.ask("[innerWidth, innerHeight]") == [300, 200]
            assert await glass.until("document.querySelector('p') !== null")
            assert [one.split(":")[0] for one in glass.complaints] == ["error", "exception"]

    own.run(story())


def test_a_wait_is_bounded_and_tells_what_the_page_shows(own: Browser) -> None:
    async def story() -> None:
        async with own.glass() as glass:
            await glass.open("data:text/html,<p>something else")
            await glass.until("false", 0.3)

    with pytest.raises(AssertionError, match="the page shows: 'something else'"):
        own.run(story())


def test_a_story_is_bounded(own: Browser) -> None:
    async def story() -> None:
        async with own.glass() as glass:
            await glass.ask("new Promise(() => {})")

    with pytest.raises(TimeoutError):
        own.run(story(), 0.5)


def test_one_page_knows_nothing_of_another(own: Browser) -> None:
    async def story() -> list[str]:
        found = []
        for _ in range(2):
            async with own.glass() as glass:
                await glass.open("data:text/html,<p>x")
                found.append(
                    await glass.ask("(() => { const was = window.name; window.name = 'been here'; return was; })()")
                )
        return found

    assert own.run(story()) == ["", ""]
