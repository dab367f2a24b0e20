"""The page of a room in a real browser, on good days."""

from urllib.parse import quote

import pytest

from rtt.core.wire.codes import Close
from tests.display.stage import Stage, final, partial, state
from tests.display.stories import RECONNECT, STORIES
from tests.harness.browser import Browser, Glass

SHOWN = "[...document.querySelectorAll('#captions p')].map(p => p.textContent)"
COUNT = "document.querySelectorAll('#captions p').length"


def clean(glass: Glass, stage: Stage) -> None:
    """Nothing was complained of, and nothing was asked of anybody but the server."""
    assert glass.complaints == []
    ours = (stage.url + "/", f"ws://127.0.0.1:{stage.port}/")
    assert [address for address in glass.requests if not address.startswith(ours)] == []


def test_captions_appear_in_order_and_are_reported_as_seen(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            assert "aula1" in await glass.text()
            await stage.joined(1)
            await stage.send(final(1, "Good morning."), final(2, "Buongiorno.", language="it-IT"))
            await glass.until(f"{COUNT} == 2")
            assert await glass.ask(SHOWN) == ["Good morning.", "Buongiorno."]
            assert await glass.ask("[...document.querySelectorAll('#captions p')].map(p => p.lang)") == [
                "en-US",
                "it-IT",
            ]
            assert not await glass.ask("document.getElementById('empty').checkVisibility()")
            assert await glass.page.title() == "aula1 · captions"
            await stage.seen(2)
            assert stage.said[-1] == {"type": "seen", "epoch": "e1", "number": 2}
            assert stage.queries == [{"partial": "false"}]
            clean(glass, stage)

    browser.run(story())


@pytest.mark.parametrize(("query", "asked"), [("", "false"), ("?partial=true", "true"), ("?partial=stable", "stable")])
def test_the_page_asks_for_the_partials_of_its_address(browser: Browser, query: str, asked: str) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page + query)
            await stage.joined(1)
            assert stage.queries == [{"partial": asked}]
            await stage.send(partial(0, "unsettled"), final(1, "settled", line="other"))
            await glass.until(f"{SHOWN}.includes('settled')")
            assert await glass.ask(SHOWN) == (["settled"] if asked == "false" else ["settled", "unsettled"])
            clean(glass, stage)

    browser.run(story())


def test_only_the_end_that_changed_is_touched(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page + "?partial=true")
            await stage.joined(1)
            await stage.send(partial(0, "we hold these trust"))
            await glass.until(f"{COUNT} == 1")
            await glass.ask(
                """() => {
                    window.kept = document.querySelector('#captions p').firstChild;
                    window.edits = [];
                    new MutationObserver(all => edits.push(...all.map(one => [one.type, one.oldValue])))
                        .observe(document.getElementById('captions'),
                                 {subtree: true, childList: true, characterData: true, characterDataOldValue: true});
                    window.selected = document.createRange();
                    selected.setStart(kept, 0);
                    selected.setEnd(kept, 14);
                }"""
            )
            await stage.send(partial(0, "we hold these truths to"), final(1, "we hold these truths to be"))
            await glass.until("!document.querySelector('#captions p').classList.contains('partial')")
            assert await glass.ask("kept === document.querySelector('#captions p').firstChild")
            assert await glass.ask(SHOWN) == ["we hold these truths to be"]
            # A live range survives an edit only where the text under it was not replaced.
            assert await glass.ask("selected.toString()") == "we hold these "
            assert {kind for kind, _ in await glass.ask("edits")} == {"characterData"}

    browser.run(story())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_after_each_story_the_right_lines_stand(browser: Browser, story) -> None:
    steps = [None if step is RECONNECT else step for step in story.steps]

    async def told() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            shown = await glass.ask(
                """async ([steps, partials]) => {
                    const { Captions, read } = await import('/static/captions.js');
                    const captions = new Captions(partials);
                    for (const step of steps) {
                        const message = step === null ? captions.reconnected() : read(step);
                        if (message) captions.take(message);
                    }
                    return [captions.shown.filter(l => l.final).map(l => l.text),
                            captions.shown.filter(l => !l.final).map(l => l.text), captions.since];
                }""",
                [steps, story.partials],
            )
            unsettled = [story.unsettled] if story.unsettled else []
            assert shown == [list(story.finals), unsettled, story.since]

    browser.run(told())


def test_a_late_screen_gets_history_then_live_in_order(browser: Browser) -> None:
    async def story() -> None:
        history = [final(n, f"line {n}") for n in range(1, 21)]
        async with Stage(lambda _query: [*history, state()]) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.send(final(21, "line 21"))
            await glass.until(f"{COUNT} == 21")
            assert await glass.ask(SHOWN) == [f"line {n}" for n in range(1, 22)]

    browser.run(story())


HOSTILE = [
    "<img src=x onerror=window.broken=1>",
    "<script>window.broken=1</script>&amp;",
    "javascript:alert(1)",
    "Donaudampfschifffahrtsgesellschaftskapitän" * 20,
    "شكرا جزيلا لكم جميعا، نبدأ الآن",
    "👩🏽‍💻🇮🇹 emoji 🧑‍🤝‍🧑 and é combined, 字幕はここに",
    "\u202eright to left override",
    "tab\tand\nnew line",
    "x" * 5000,
]


def test_hostile_texts_are_text(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass(390, 844) as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.send(*(final(n, text, language='x" onload="') for n, text in enumerate(HOSTILE, 1)))
            await glass.until(f"{COUNT} == {len(HOSTILE)}")
            assert await glass.ask(SHOWN) == HOSTILE
            assert await glass.ask("document.querySelectorAll('#captions p *').length") == 0
            assert await glass.ask("window.broken") is None
            assert await glass.ask("document.documentElement.scrollWidth") <= 390
            assert await glass.ask("document.getElementById('captions').scrollWidth") <= 390
            clean(glass, stage)

    browser.run(story())


@pytest.mark.parametrize(
    "room",
    ['x";alert(1);"', "../../etc", "<img src=x onerror=alert(1)>", "a" * 65, ".hidden", "a/b", "%", "aula 1", "é"],
)
def test_hostile_room_names_get_one_sentence(browser: Browser, room: str) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            answer = await glass.page.goto(f"{stage.url}/room/{quote(room, safe='')}")
            assert answer.status == 404
            text = await glass.text()
            assert text.startswith("There is no such room: ")
            assert len(text.splitlines()) == 1
            assert await glass.ask("document.querySelectorAll('script, img').length") == 0
            assert stage.queries == []

    browser.run(story())


def test_the_policy_forbids_what_the_page_does_not_do(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.ask(
                """() => {
                    const script = document.createElement('script');
                    script.textContent = 'window.broken = 1';
                    document.body.append(script);
                    document.body.setAttribute('style', 'color: red');
                }"""
            )
            assert await glass.ask("window.broken") is None
            assert len([one for one in glass.complaints if "Content Security Policy" in one]) == 2

    browser.run(story())


def test_seen_is_told_no_more_often_than_the_server_listens(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            for number in range(1, 101):
                await stage.send(final(number, f"line {number}"))
                if number % 10 == 0:
                    await glass.until(f"{COUNT} == {number}")
            await stage.seen(100)
            told = [one["number"] for one in stage.said]
            assert told == sorted(set(told))
            times = await glass.ask("performance.now()")
            assert len(told) <= times / 200 + 2

    browser.run(story())


def test_old_lines_leave_the_page(browser: Browser) -> None:
    async def story() -> None:
        history = [final(n, f"line {n}") for n in range(1, 501)]
        async with Stage(lambda _query: [*history, state()]) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{SHOWN}.at(-1) == 'line 500'")
            assert await glass.ask(SHOWN) == [f"line {n}" for n in range(301, 501)]
            await stage.seen(500)

    browser.run(story())


def test_a_browser_that_blocks_storage_shows_captions_all_the_same(browser: Browser) -> None:
    async def story() -> None:
        async with Stage(lambda _query: [final(1, "here"), state()]) as stage, browser.glass() as glass:
            await glass.page.add_init_script(
                """for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
                    Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }});"""
            )
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 1")
            clean(glass, stage)

    browser.run(story())


@pytest.mark.parametrize(
    ("frame", "kind", "words"),
    [
        (state(), "", ""),
        (state(paused=True), "paused", "Captions are paused"),
        (state(lagging=True), "late", "Captions are late"),
        (state(live=False), "waiting", "No sound at the moment"),
    ],
)
def test_each_state_has_its_quiet_sign(browser: Browser, frame: str, kind: str, words: str) -> None:
    async def story() -> None:
        async with Stage(lambda _query: [frame, final(1, "a")]) as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await glass.until(f"{COUNT} == 1")
            assert await glass.ask("document.getElementById('sign').dataset.kind") == kind
            assert await glass.ask("document.getElementById('sign').textContent") == words
            assert await glass.ask(
                "document.getElementById('sign').checkVisibility({visibilityProperty: true})"
            ) == bool(kind)

    browser.run(story())


def test_every_final_refusal_has_a_sentence_and_is_not_tried_again(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.page)
            await stage.joined(1)
            await stage.close(Close.NOT_ALLOWED)
            await glass.until("document.getElementById('sign').dataset.kind == 'refused'")
            assert await glass.ask("document.getElementById('sign').textContent") == (
                "This link does not open this room; ask for another one."
            )
            await glass.ask("dispatchEvent(new Event('online'))")
            await glass.ask("new Promise(done => setTimeout(done, 1500))")
            assert len(stage.queries) == 1
            codes = [int(code) for code in Close]
            told = await glass.ask(
                """async codes => {
                    const { isTerminal, sentence } = await import('/static/captions.js');
                    return codes.map(code => [code, isTerminal(code), sentence(code, ''), sentence(code, 'why')]);
                }""",
                codes,
            )
            for code, terminal, text, given in told:
                assert terminal == (4500 <= code <= 4999), code
                assert text.endswith("."), code
                assert given == "why"

    browser.run(story())
