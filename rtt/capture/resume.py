"""`rtt capture --resume`: sends what earlier captures left unsettled, each as its own session, and leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from rtt.capture.address import audio_address, shown
from rtt.capture.aside import aside
from rtt.capture.folder import Card
from rtt.capture.remains import LOOK_SECONDS, Remains, find, restored
from rtt.capture.spool import Spool
from rtt.capture.status import clock
from rtt.capture.target import Target, resume_command
from rtt.capture.uplink import Uplink
from rtt.core.caption import RATE
from rtt.core.errors import LinkError, SetupError


class Late:
    """Sends what is left of `room` (or, without one, of every room) to `server`."""

    def __init__(
        self, root: Path, server: str, room: str, say: Callable[[str], None], *, token: str = "", wait: bool = True
    ) -> None:
        audio_address(server, room or "any")  # an address that cannot be one is refused before anything is looked for
        self._root, self._server, self._room, self._say = root, server, room, say
        self._token, self._wait = token, wait

    async def run(self, stopped: Callable[[], Awaitable[object]]) -> int:
        """Return 0 once all is settled, 1 else; `stopped` returns when the operator wants to leave."""
        try:
            found = await aside(partial(find, self._root, self._wanted), LOOK_SECONDS)
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or "the disk does not answer"
            raise SetupError(f"{self._root} cannot be read", why, "Name another folder with --state-dir") from error
        left = [remains for remains in found if remains.contents.unsettled]
        for remains in found:
            if not remains.contents.unsettled:
                remains.folder.remove()
        if not left:
            where = f"room {self._room}" if self._room else "any room"
            self._say(f"Nothing of {where} is left to be sent to {shown(self._server)}.")
            await self._name_others()
            return 0
        if len(left) > 1:
            for remains in left:
                self._say(
                    f"Room {remains.folder.card.room}: {remains.seconds:.1f} s of an earlier talk are not settled."
                )
        whole = True
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(_until(stopped))
            for remains in left:
                if asked.done():
                    remains.folder.release()
                    whole = False
                    continue
                sending = group.create_task(self._send(remains))
                await asyncio.wait({sending, asked}, return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    sending.cancel()
                    await asyncio.wait({sending})
                    self._say(f"Not all was sent. Send the rest with: {self._command(remains.folder.card)}")
                whole = not sending.cancelled() and sending.result() and whole
            asked.cancel()
        return 0 if whole else 1

    async def _send(self, remains: Remains) -> bool:
        """Send one session to its end; return whether all of it is settled now."""
        card, contents = remains.folder.card, remains.contents
        spool = Spool(remains.folder, self._say, contents)
        session = restored(card, contents, spool, late=True)
        uplink = Uplink(
            Target(self._server, card.room, card.language, self._token),
            live=False,
            say=self._say,
            wait=self._wait,
            session=session,
            since=contents.ended_at,
            spool=spool,
        )
        uplink.finish()
        failure: LinkError | SetupError | None = None
        try:
            await uplink.run()
        except (LinkError, SetupError) as error:
            failure = error
        finally:
            await uplink.put_away()
        samples, settled = uplink.captured, uplink.session.settled
        if samples == settled:
            self._say(f"Room {card.room}: {remains.seconds:.1f} s of an earlier talk were sent and are settled.")
            return True
        why = f" {failure}" if failure is not None else ""
        open_ = f"{(samples - settled) / RATE:.1f} s from {clock(settled / RATE)} on"
        self._say(f"Room {card.room}: {open_} are not settled.{why} Try again with: {self._command(card)}")
        return False

    async def _name_others(self) -> None:
        """Tell what is left for other servers or rooms: a wrong --server looks like nothing at all."""
        others = await aside(partial(find, self._root, lambda _: True), LOOK_SECONDS)
        for remains in others:
            remains.folder.release()
            if remains.contents.unsettled:
                card = remains.folder.card
                self._say(f"{remains.seconds:.1f} s of room {card.room} are left: {self._command(card)}")

    def _wanted(self, card: Card) -> bool:
        return card.server == shown(self._server) and self._room in ("", card.room)

    @staticmethod
    def _command(card: Card) -> str:
        return resume_command(card.room, card.server)


async def _until(stopped: Callable[[], Awaitable[object]]) -> None:
    await stopped()
