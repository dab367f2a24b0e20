"""How the captions look: big, whole, calm, at every size of glass."""

import pytest

from tests.display.stage import Stage, final, partial, state
from tests.harness.browser import Browser, Glass

COUNT = "document.querySelectorAll('#captions p').length"
SIZES = [(1920, 1080), (3840, 2160), (1280, 720), (1024, 768), (390, 844), (844, 390), (320, 640)]
THIRTY = (
    "The first talk is about how a small team of volunteers brought live captions to a conference with nine rooms, "
    "two mixers, one evening of preparation, and no money at all."
)
_BOTTOM = "document.querySelector('{}').getBoundingClientRect().bottom"
GAP = f"{_BOTTOM.format('#captions p:last-child')} - {_BOTTOM.format('#captions')}"
ROWS = """() => {
    // The rows as they are painted: where each begins and ends, and how many characters it holds.
    const rows = [];
    for (const p of document.querySelectorAll('#captions p')) {
        const node = p.firstChild, range = document.createRange();
        for (let i = 0; i < node.length; i += 1) {
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            const box = range.getClientRects()[0];
            if (!box || box.width === 0) continue;
            const last = rows.at(-1);
            if (last && Math.abs(last.top - box.top) < box.height / 2) last.count += 1;
            else rows.push({top: box.top, bottom: box.bottom, count: 1, p: p.textContent});
        }
    }
    const view = document.getElementById('captions').getBoundingClientRect();
    return {rows, top: view.top, bottom: view.bottom};
}"""


async def _full(stage: Stage, glass: Glass) -> None:
    await glass.open(stage.page + "?partial=true")
    await stage.joined(1)
    await stage.send(*(final(n, THIRTY) for n in range(1, 8)))
    await glass.until(f"{COUNT} == 7")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_thirty_word_final_is_whole_the_moment_it_lands(browser: Browser, size: tuple[int, int]) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass(*size) as glass:
            await _full(stage, glass)
            box = await glass.ask("document.querySelector('#captions p:last-child').getBoundingClientRect().toJSON()")
            view = await glass.ask("document.getElementById('captions').getBoundingClientRect().toJSON()")
            assert box["top"] >= view["top"] - 0.5
            assert box["bottom"] <= view["bottom"] + 0.5
            assert view["top"] >= 0
            assert view["bottom"] <= size[1]

    browser.run(story())


@pytest.mark.parametrize(
    ("size", "least_rows", "characters"),
    [
        ((1920, 1080), 7, (34, 46)),
        ((3840, 2160), 7, (34, 46)),
        ((1280, 720), 7, (34, 46)),
        ((844, 390), 6, (34, 50)),
        ((390, 844), 18, (22, 34)),
    ],
)
def test_the_glass_holds_enough_rows_of_a_readable_length(
    browser: Browser, size: tuple[int, int], least_rows: int, characters: tuple[int, int]
) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass(*size) as glass:
            await _full(stage, glass)
            seen = await glass.ask(ROWS)
            inside = [
                row for row in seen["rows"] if row["top"] >= seen["top"] - 8 and row["bottom"] <= seen["bottom"] + 8
            ]
            assert len(inside) >= least_rows
            longest = max(row["count"] for row in inside)
            assert characters[0] <= longest <= characters[1]

    browser.run(story())


def test_no_row_is_cut_through_its_middle(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await _full(stage, glass)
            for width, height in [*SIZES, *((1280, height) for height in range(720, 1000, 37))]:
                await glass.page.set_viewport_size({"width": width, "height": height})
                await glass.until(f"innerWidth === {width} && innerHeight === {height} && Math.abs({GAP}) < 2")
                seen = await glass.ask(ROWS)
                for row in seen["rows"]:
                    middle = (row["top"] + row["bottom"]) / 2
                    half = (row["bottom"] - row["top"]) / 2
                    # A glyph's box is a little higher than its ink; a quarter of it may hang over the edge.
                    assert not seen["top"] - half * 0.5 < middle < seen["top"] + half * 0.5, (width, height, row)

    browser.run(story())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("path", ["/room/aula1", "/room/" + "a-long_name." * 5, "/"])
def test_nothing_overflows_and_no_scrollbar_shows(browser: Browser, size: tuple[int, int], path: str) -> None:
    async def story() -> None:
        frames = [
            final(1, "x" * 400),
            final(2, "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz " * 4),
            final(3, "شكرا جزيلا لكم " * 20, language="ar"),
            final(4, "字幕はここに表示されます。" * 10, language="ja"),
            final(5, "👩🏽‍💻🇮🇹🧑‍🤝‍🧑" * 30),
            *(final(n, THIRTY) for n in range(6, 40)),
        ]
        async with Stage(lambda _query: [*frames, state(paused=True)]) as stage, browser.glass(*size) as glass:
            stage.rooms = [{"room": "R" * 64, "live": True, "language": "it-IT", "screens": 4999}]
            await glass.open(stage.url + path)
            await glass.until(f"{COUNT} == 39 || document.querySelector('.name') !== null")
            page = "document.documentElement"
            assert (
                await glass.ask(f"{page}.scrollWidth <= innerWidth && {page}.clientWidth === innerWidth") or path == "/"
            )
            assert await glass.ask(f"{page}.scrollWidth <= {page}.clientWidth")
            wide = await glass.ask(
                """[...document.querySelectorAll('body *')].filter(one => {
                    const box = one.getBoundingClientRect();
                    return one.checkVisibility() && (box.left < -0.5 || box.right > innerWidth + 0.5);
                }).map(one => one.outerHTML.slice(0, 80))"""
            )
            assert wide == []
            if path != "/":
                view = "document.getElementById('captions')"
                assert await glass.ask(f"{view}.offsetWidth === {view}.clientWidth"), "a scrollbar takes room"
                assert await glass.ask(f"{view}.scrollWidth <= {view}.clientWidth"), "the end of a line is cut off"
                assert await glass.ask(f"{page}.scrollHeight <= innerHeight")

    browser.run(story())


def test_before_the_first_caption_everything_fits_as_well(browser: Browser) -> None:
    async def story() -> None:
        for size in SIZES:
            async with Stage() as stage, browser.glass(*size) as glass:
                await glass.open(f"{stage.url}/room/{'W' * 64}")
                await glass.until("document.getElementById('room').textContent.length == 64")
                box = await glass.ask("document.getElementById('empty').getBoundingClientRect().toJSON()")
                assert box["left"] >= 0
                assert box["right"] <= size[0]
                assert box["bottom"] <= size[1]

    browser.run(story())


def test_the_newest_line_stays_in_sight_when_the_glass_turns(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass(844, 390) as glass:
            await _full(stage, glass)
            for width, height in ((390, 844), (320, 640), (1920, 1080), (390, 500)):
                await glass.page.set_viewport_size({"width": width, "height": height})
                await glass.until(f"innerWidth === {width} && Math.abs({GAP}) < 2")

    browser.run(story())


def test_a_reader_who_scrolls_back_is_left_alone_until_coming_back(browser: Browser) -> None:
    left = "(v => v.scrollHeight - v.clientHeight - v.scrollTop)(document.getElementById('captions'))"

    async def story() -> None:
        async with Stage() as stage, browser.glass(390, 844) as glass:
            await _full(stage, glass)
            await glass.until(f"{left} < 2")
            await glass.page.mouse.move(200, 400)
            await glass.page.mouse.wheel(0, -300)
            await glass.until(f"{left} > 200")
            place = await glass.ask("document.querySelector('#captions p').getBoundingClientRect().top")
            await stage.send(final(8, "something new"))
            await glass.until(f"{COUNT} == 8")
            assert abs(await glass.ask("document.querySelector('#captions p').getBoundingClientRect().top") - place) < 2
            await glass.page.mouse.wheel(0, 5000)
            await glass.until(f"{left} < 2")
            await stage.send(final(9, "and newer"))
            await glass.until(f"{COUNT} == 9 && {left} < 2")

    browser.run(story())


@pytest.mark.parametrize("frame", [state(paused=True), state(lagging=True), state(live=False)])
def test_no_sign_ever_covers_a_caption(browser: Browser, frame: str) -> None:
    async def story() -> None:
        for size in SIZES:
            async with Stage() as stage, browser.glass(*size) as glass:
                await _full(stage, glass)
                await stage.send(frame)
                await glass.until("document.getElementById('sign').dataset.kind != ''")
                sign = await glass.ask("document.getElementById('sign').getBoundingClientRect().toJSON()")
                view = await glass.ask("document.getElementById('captions').getBoundingClientRect().toJSON()")
                assert view["bottom"] <= sign["top"] + 0.5
                assert sign["bottom"] <= size[1] + 0.5

    browser.run(story())


def _contrast(colour: str) -> float:
    """Contrast with black by WCAG 2.2 (relative luminance)."""
    channels = [int(one) / 255 for one in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return (sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05) / 0.05


def test_settled_and_unsettled_text_differ_and_both_are_easy_to_read(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await _full(stage, glass)
            await stage.send(partial(7, "not yet"))
            await glass.until(f"{COUNT} == 8")
            colours = await glass.ask(
                "[...document.querySelectorAll('#captions p')].slice(-2).map(p => getComputedStyle(p).color)"
            )
            settled, unsettled = (_contrast(colour) for colour in colours)
            assert settled == pytest.approx(21)
            assert 7 <= unsettled < 15
            assert await glass.ask("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"
            assert await glass.ask("getComputedStyle(document.getElementById('captions')).textTransform") == "none"

    browser.run(story())


def test_translation_is_declined(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            for path in ("/", "/room/aula1"):
                await glass.open(stage.url + path)
                assert await glass.ask("document.querySelector('meta[name=google]').content") == "notranslate"
                assert await glass.ask("document.documentElement.translate") is False

    browser.run(story())


def test_a_refusal_of_any_length_covers_no_caption(browser: Browser) -> None:
    async def story() -> None:
        for size in SIZES:
            async with Stage() as stage, browser.glass(*size) as glass:
                await _full(stage, glass)
                await stage.close(4502, "no " * 40)
                await glass.until("document.getElementById('sign').dataset.kind == 'refused'")
                words = await glass.ask("document.getElementById('sign-words').getBoundingClientRect().toJSON()")
                view = await glass.ask("document.getElementById('captions').getBoundingClientRect().toJSON()")
                assert view["bottom"] <= words["top"] + 0.5
                assert words["bottom"] <= size[1] + 0.5

    browser.run(story())
