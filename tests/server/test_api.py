"""Rooms and transcripts over HTTP."""

from pathlib import Path
from typing import Any

import aiohttp

from rtt.core.caption import RATE
from rtt.core.wire.audio import End, Ended, Gap, encode
from rtt.server.app import Server
from tests.harness.aio import run
from tests.server.stand import SESSION, capture, next_of, send, server

OTHER = "33333333-2222-4333-8444-555555555555"


async def talk(running: Server, session: str, seconds: int) -> None:
    async with capture(running, session=session) as (socket, _):
        await send(socket, 0, seconds * RATE)
        await socket.send(encode(End(seconds * RATE)))
        await next_of(socket, Ended)


async def get(running: Server, path: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as client, client.get(running.url + path) as answer:
        return answer.status, answer.content_type, await answer.text()


async def get_json(running: Server, path: str) -> Any:
    async with aiohttp.ClientSession() as client, client.get(running.url + path) as answer:
        return await answer.json()


def test_transcripts_hold_the_last_talk_or_all(tmp_path: Path) -> None:
    """By default what people ask for: the talk that runs or ran last."""

    async def work() -> None:
        async with server(tmp_path) as running:
            await talk(running, SESSION, 3)
            await talk(running, OTHER, 2)
            path = "/api/rooms/aula1/transcript"
            assert (await get(running, path + ".txt"))[1:] == ("text/plain", "w0\nw1\n")
            assert (await get(running, path + ".txt?talk=all"))[2] == "w0\nw1\nw2\nw0\nw1\n"
            entries = (await get_json(running, path + ".json"))["entries"]
            assert [(entry["text"], entry["number"]) for entry in entries] == [("w0", 4), ("w1", 5)]
            assert entries[0]["words"][0] == {"text": "w0", "start": 0.2, "end": 0.7, "confidence": 0.9}

    run(work())


def test_a_gap_stands_in_the_transcript(tmp_path: Path) -> None:
    """What was not heard is marked, never filled."""

    async def work() -> None:
        async with server(tmp_path) as running, capture(running) as (socket, _):
            await send(socket, 0, 2 * RATE)
            await socket.send(encode(Gap(2 * RATE, 12 * RATE, "cable")))
            await socket.send(encode(End(12 * RATE)))
            await next_of(socket, Ended)
            assert "[10.0 s missing: cable]" in (await get(running, "/api/rooms/aula1/transcript.txt"))[2]

    run(work())


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """An unknown room, a bad name and a silent room are 404 with a sentence."""

    async def work() -> None:
        async with server(tmp_path) as running:
            for room in ("nowhere", ".bad", "%2e%2e%2f%2e%2e%2fetc"):
                status, _, text = await get(running, f"/api/rooms/{room}/transcript.txt")
                assert status == 404
                assert text

    run(work())


def test_rooms_tell_how_they_are(tmp_path: Path) -> None:
    """The account of a room adds up."""

    async def work() -> None:
        async with server(tmp_path) as running:
            await talk(running, SESSION, 3)
            found = await get_json(running, "/api/rooms")
            room = found["rooms"][0]
            assert (room["room"], room["live"], room["captions"], room["number"]) == ("aula1", False, 3, 3)
            assert (room["received"], room["settled"], room["last_text"]) == (3.0, 3.0, "w2")
            assert found["engine"]["name"] == "metronome"

    run(work())


def test_health_and_readiness(tmp_path: Path) -> None:
    """A server that drains is alive but takes no room."""

    async def work() -> None:
        async with server(tmp_path) as running:
            assert (await get(running, "/healthz"))[0] == (await get(running, "/readyz"))[0] == 200
            running.hub.draining = True
            assert (await get(running, "/healthz"))[0] == 200
            assert (await get(running, "/readyz"))[0] == 503

    run(work())
