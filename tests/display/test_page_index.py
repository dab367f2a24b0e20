"""The list of rooms in a real browser."""

from tests.display.stage import Stage
from tests.harness.browser import Browser

NAMES = "[...document.querySelectorAll('.name')].map(one => one.textContent)"


def test_the_rooms_are_listed_with_links_and_kept_fresh(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            stage.rooms = [
                {"room": "aula1", "live": True, "language": "it-IT", "screens": 2, "more": {}},
                {"room": "sala-b", "live": False, "language": "", "screens": 1},
            ]
            await glass.open(stage.url + "/")
            await glass.until(f"{NAMES}.length == 2")
            assert await glass.ask(NAMES) == ["aula1", "sala-b"]
            facts = "[...document.querySelectorAll('.facts')].map(one => one.textContent)"
            assert await glass.ask(facts) == ["live · it-IT · 2 screens", "no sound · 1 screen"]
            await glass.page.focus("a[href='room/sala-b']")
            stage.rooms = [{"room": "aula1"}, {"room": "auditorium"}, {"room": "sala-b", "live": True}]
            await glass.until(f"{NAMES}.length == 3")
            assert await glass.ask(NAMES) == ["aula1", "auditorium", "sala-b"]
            assert await glass.ask("document.activeElement.getAttribute('href')") == "room/sala-b", (
                "focus was taken away"
            )
            assert glass.complaints == []
            await glass.page.click("a[href='room/sala-b']")
            await stage.joined(1)
            assert glass.page.url == stage.url + "/room/sala-b"

    browser.run(story())


def test_without_a_room_the_page_says_how_one_begins(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            await glass.open(stage.url + "/")
            await glass.until("!document.getElementById('none').hidden")
            text = await glass.text()
            assert "There is no room yet" in text
            command = await glass.ask("document.getElementById('command').textContent")
            assert command.replace("\\\n", "").split() == [
                *("rtt", "capture", "--room", "aula1", "--server", f"ws://127.0.0.1:{stage.port}")
            ]
            stage.rooms = [{"room": "aula1", "live": True}]
            await glass.until(f"{NAMES}.length == 1 && document.getElementById('none').hidden")

    browser.run(story())


def test_a_server_that_went_away_is_admitted(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            stage.rooms = [{"room": "aula1", "live": True}]
            await glass.open(stage.url + "/")
            await glass.until(f"{NAMES}.length == 1")
            await stage.stop()
            await glass.until("!document.getElementById('trouble').hidden")
            assert await glass.ask(NAMES) == ["aula1"]
            await stage.start()
            await glass.until("document.getElementById('trouble').hidden")

    browser.run(story())


def test_names_from_the_server_are_text_whatever_they_are(browser: Browser) -> None:
    async def story() -> None:
        async with Stage() as stage, browser.glass() as glass:
            stage.rooms = [
                {"room": "<img src=x onerror=window.broken=1>"},
                {"room": 7},
                {},
                {"room": "javascript:alert(1)"},
            ]
            await glass.open(stage.url + "/")
            await glass.until(f"{NAMES}.length == 2")
            assert await glass.ask(NAMES) == ["<img src=x onerror=window.broken=1>", "javascript:alert(1)"]
            assert await glass.ask("document.querySelectorAll('img').length") == 0
            hrefs = await glass.ask("[...document.querySelectorAll('a')].map(one => one.href)")
            assert all(href.startswith(stage.url + "/room/") for href in hrefs)
            assert await glass.ask("window.broken") is None

    browser.run(story())
