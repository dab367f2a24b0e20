"""The page of a room when the network, the server or the machine fails: no hole, no double, no pretending."""

import asyncio

import pytest

from tests.display.stage import History, Stage, final, partial, reset, state
from tests.harness.browser import Browser

SHOWN = "[...document.querySelectorAll('#captions p')].map(p => p.textContent)"
COUNT = "document.querySelectorAll('#captions p').length"
SIGN = "document.getElementById('sign').dataset.kind"


def test_a_restart_of_the_server_leaves_no_hole_and_no_double(browser: Browser) -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "one"), (2, "two")]
        async with Stage(history) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 2")
            for restart in range(3):
                await stage.stop()
                last = history.finals[-1][0]
                history.finals += [(last + 1, f"said while away {restart}"), (last + 2, f"and more {restart}")]
                assert await glass.ask(COUNT) == last
                await stage.start()
                await stage.joined(restart + 2)
                assert stage.queries[-1] == {"partial": "false", "since": f"e1:{last}"}
                await glass.until(f"{COUNT} == {last + 2}")
            assert await glass.ask(SHOWN) == [text for _, text in history.finals]

    browser.run(story(), 90)


def test_a_frozen_server_shows_the_dot_and_is_given_up(browser: Browser) -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "one")]
        async with Stage(history) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 1")
            assert await glass.ask(SIGN) == ""
            stage.freeze()
            await glass.until(f"{SIGN} == 'offline'")
            # The text stays: what was said was said.
            assert await glass.ask(SHOWN) == ["one"]
            shape = "getComputedStyle(document.getElementById('sign-shape'))"
            assert await glass.ask(f"{shape}.borderRadius") == "50%"
            words = await glass.ask("document.getElementById('sign-words').getBoundingClientRect().toJSON()")
            assert words["width"] <= 1, "no words for the audience"
            history.finals.append((2, "two"))
            sockets = len([address for address in glass.requests if address.startswith("ws:")])
            stage.thaw()
            await stage.joined(2)
            assert sockets >= 1
            assert stage.queries[1]["since"] == "e1:1"
            await glass.until(f"{COUNT} == 2 && {SIGN} == ''")
            assert await glass.ask(SHOWN) == ["one", "two"]

    browser.run(story(), 90)


def test_a_server_that_was_never_there_is_found_when_it_comes(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            stage.freeze()
            await glass.open(stage.page)
            await glass.until(f"{SIGN} == 'offline'")
            stage.thaw()
            await stage.joined(1)
            await glass.until(f"{SIGN} == ''")

    browser.run(story(), 90)


@pytest.mark.parametrize("sign", ["online", "pageshow", "visibilitychange"])
def test_a_machine_that_wakes_connects_at_once(browser: Browser, sign: str) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.page.add_init_script(
                "window.made = 0; WebSocket = class extends WebSocket { constructor(a) { super(a); made += 1; } };"
            )
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.stop()
            target = "document" if sign == "visibilitychange" else "window"
            wake = f"(() => {{ const was = made; {target}.dispatchEvent(new Event('{sign}')); return made - was; }})()"
            # Between two attempts (they fail at once here) the sign of waking must make one in the same moment.
            await glass.until(f"{wake} === 1")

    browser.run(story())


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4400, 4403, 4429])
def test_a_code_that_says_come_back_brings_the_page_back(browser: Browser, code: int) -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "one")]
        async with Stage(history) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 1")
            await stage.close(code)
            await stage.joined(2)
            assert stage.queries[1]["since"] == "e1:1"
            assert await glass.ask(SHOWN) == ["one"]
            assert await glass.ask(SIGN) == ""

    browser.run(story())


def test_a_lost_history_empties_the_screen_and_begins_anew(browser: Browser) -> None:
    async def story() -> None:
        history = History()
        history.finals = [(1, "old one"), (2, "old two")]
        async with Stage(history) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 2")
            await stage.stop()
            history.epoch, history.finals = "e2", [(1, "new one")]
            await stage.start()
            await glass.until(f"{SHOWN}.join() == 'new one'")
            await stage.send(reset("e3"))
            await glass.until(f"{COUNT} == 0")
            assert await glass.ask("document.getElementById('empty').checkVisibility()")

    browser.run(story())


def test_doubled_and_belated_captions_are_shown_once(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            told = [
                final(1, "one"),
                final(1, "one"),
                final(2, "two"),
                final(1, "one"),
                final(2, "two"),
                final(3, "three"),
            ]
            await stage.send(*told)
            await glass.until(f"{SHOWN}.includes('three')")
            assert await glass.ask(SHOWN) == ["one", "two", "three"]

    browser.run(story())


def test_a_partial_of_a_dead_server_does_not_stay_for_ever(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page + "?partial=true")
            await stage.joined(1)
            await stage.send(partial(0, "half a sen"))
            await glass.until(f"{COUNT} == 1")
            await stage.stop()
            assert await glass.ask(SHOWN) == ["half a sen"]
            await stage.start()
            await stage.joined(2)
            await glass.until(f"{COUNT} == 0")

    browser.run(story())


def test_a_server_that_talks_nonsense_breaks_nothing(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.send(
                "", "null", "{", '{"type":"caption"}', '{"type":{}}', "[" * 50_000, '{"type":"state","live":7}'
            )
            for screen in list(stage.screens):
                await screen.send_bytes(b"\x00\xff" * 100)
            await stage.send(state(), final(1, "still here"))
            await glass.until(f"{COUNT} == 1")
            assert glass.complaints == []

    browser.run(story())


def test_a_hidden_page_keeps_up_and_says_seen_only_when_it_is_painted(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            # A page that gets no frames is what a hidden tab is.
            await glass.page.add_init_script(
                "window.frames_ = []; window.requestAnimationFrame = f => frames_.push(f);"
            )
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.send(*(final(n, f"line {n}") for n in range(1, 11)))
            await asyncio.sleep(0.5)
            assert stage.said == []
            assert await glass.ask("frames_.length") == 1, "many messages are one painting"
            await glass.ask("frames_.splice(0).forEach(f => f())")
            assert await glass.ask(COUNT) == 10
            assert stage.said == []
            await glass.ask("frames_.splice(0).forEach(f => f())")
            await stage.seen(10)
            assert [one["number"] for one in stage.said] == [10]

    browser.run(story())
