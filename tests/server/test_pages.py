from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from rtt.core.errors import SetupError
from rtt.server.pages import FILES, load_pages, page_routes, templates_folder
from tests.display.stage import Stage
from tests.harness.aio import run
from tests.harness.data import ROOT

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
)


async def _get(stage: Stage, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    from yarl import URL

    async with ClientSession() as client, client.get(URL(stage.url + path, encoded=True), headers=headers) as answer:
        return answer.status, answer.headers, await answer.text()


def _ask(path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    async def story() -> tuple[int, Mapping[str, str], str]:
        async with Stage() as stage:
            return await _get(stage, path, **headers)

    return run(story())


@pytest.mark.parametrize(
    "path", ["/", "/room/aula1", "/static/room.js", "/static/icon.svg", "/room/a%2Fb", "/static/none"]
)
def test_every_answer_carries_the_security_headers(path: str) -> None:
    _, headers, _ = _ask(path)
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in FILES.items() if k != "text/html"])
def test_each_file_is_served_as_what_it_is(name: str, kind: str) -> None:
    status, headers, text = _ask(f"/static/{name}")
    assert (status, headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")
    assert text == (ROOT / "templates" / name).read_text()


def test_the_pages_are_served_and_the_room_is_not_in_them() -> None:
    status, headers, text = _ask("/room/aula-magna")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "aula-magna" not in text
    assert text == (ROOT / "templates" / "room.html").read_text()
    assert _ask("/")[2] == (ROOT / "templates" / "index.html").read_text()


@pytest.mark.parametrize(
    "path",
    [
        "/room/x%22%3Balert(1)%3B%22",
        "/room/..%2F..%2Fetc",
        "/room/%3Cscript%3E",
        "/room/" + "a" * 65,
        "/room/-a",
        "/room/a%00",
        "/room/%FF",
    ],
)
def test_a_bad_room_name_is_one_plain_sentence_that_does_not_repeat_it(path: str) -> None:
    status, headers, text = _ask(path)
    assert (status, headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert text.startswith("There is no such room: ")
    assert text.count("\n") == 1
    assert "alert" not in text


@pytest.mark.parametrize(
    "name",
    [
        "",
        "room.html",
        "..%2Fpyproject.toml",
        "%2Fetc%2Fpasswd",
        "..%5C..%5Cx",
        "room.js%00",
        "ROOM.JS",
        ".",
        "%2E%2E",
        "a/b",
        "__init__.py",
    ],
)
def test_only_known_files_are_served(name: str) -> None:
    status, _, text = _ask(f"/static/{name}")
    assert status == 404
    assert "root:" not in text


def test_a_file_the_browser_has_is_not_sent_again() -> None:
    async def story() -> None:
        async with Stage() as stage:
            for path in ("/", "/room/a", "/static/room.css"):
                _, headers, text = await _get(stage, path)
                assert text
                status, again, nothing = await _get(stage, path, **{"If-None-Match": headers["ETag"]})
                assert (status, nothing, again["ETag"]) == (304, "", headers["ETag"])
                assert (await _get(stage, path, **{"If-None-Match": '"other"'}))[0] == 200

    run(story())


def test_the_page_inside_a_package_comes_before_a_checkouts(tmp_path: Path) -> None:
    package = tmp_path / "rtt"
    package.mkdir()
    assert templates_folder(package) == tmp_path / "templates"
    (package / "_templates").mkdir()
    assert templates_folder(package) == package / "_templates"


def test_changed_files_are_served_from_the_folder_that_is_given(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_text(f"this is {name}")
    assert load_pages(tmp_path)["room.js"].body == b"this is room.js"
    assert all(isinstance(route, web.RouteDef) for route in page_routes(tmp_path))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_sentence_at_start(tmp_path: Path, name: str) -> None:
    for other in FILES:
        if other != name:
            (tmp_path / other).write_text("")
    with pytest.raises(SetupError, match=name) as caught:
        page_routes(tmp_path)
    assert "nstall rtt again" in str(caught.value)


def test_no_page_holds_a_script_or_style_of_its_own_or_an_outside_address() -> None:
    for name in FILES:
        text = (ROOT / "templates" / name).read_text()
        assert "<style" not in text
        assert "style=" not in text
        assert "innerHTML" not in text
        assert "<script>" not in text
        outside = [word for word in text.split() if "://" in word and "www.w3.org/2000/svg" not in word]
        assert outside == [], name


def test_every_file_of_the_templates_is_known() -> None:
    there = {one.name for one in (ROOT / "templates").iterdir() if one.suffix in {".html", ".css", ".js", ".svg"}}
    assert there == set(FILES)
