"""The state of the rooms as data."""

import json
from pathlib import Path

from rtt.core.caption import RATE
from rtt.server import status
from tests.harness.aio import run
from tests.server.reading import screen
from tests.server.stand import capture, send, server


def test_a_room_without_a_session_has_a_state(tmp_path: Path) -> None:
    """A screen that waits for a talk shows up as a screen, with nothing else invented."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running, room="empty") as reader:
            await reader.until(0)
            async with screen(running, room="empty"):
                while status.rooms(running.hub)[0].screens < 2:
                    await reader.until(0)
                room = status.rooms(running.hub)[0]
                assert (room.session, room.captions, room.last_text, room.alarm) == ("", 0, "", "")

    run(work())


def test_a_live_room_tells_its_account(tmp_path: Path) -> None:
    """Received sound, captions, screens and the last text are there; it can be written as JSON."""

    async def work() -> None:
        async with server(tmp_path) as running, screen(running) as reader, capture(running) as (socket, _):
            await send(socket, 0, 3 * RATE)
            await reader.until(2)
            room = status.rooms(running.hub)[0]
            assert room.live
            assert room.received == 3.0
            assert (room.minutes_paid, room.usd) == (1.5, 0.036)
            assert (room.captions, room.last_text, room.screens) == (2, "w1", 1)
            assert json.loads(json.dumps(status.as_json(running.hub)))["guard"] is True

    run(work())
