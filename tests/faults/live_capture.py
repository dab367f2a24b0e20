"""`rtt capture --stdin` with a source that cannot wait, as a microphone: python -m tests.faults.live_capture ROOM URL.

No sound card is needed; what the uplink does not take in time it has to hold, and once killed it goes on with its
session from the spool.
"""

import sys
import time

from rtt import settings
from rtt.capture.remains import begin
from rtt.capture.status import face
from rtt.capture.stdin import StdinSource
from rtt.capture.talk import Talk
from rtt.capture.uplink import Target, Uplink
from rtt.commands.run import Stop, run_command


class LiveInput(StdinSource):
    """Standard input that goes on whether anybody takes it or not."""

    live = True


async def main(stop: Stop) -> int:
    """Send standard input to the room and server of the command line."""
    room, server = sys.argv[1:]
    shown = face(True, sys.stderr)
    target = Target(server, room, "en-US")
    beginning = await begin(settings.state_path(), target, live=True, say=shown.say, now=time.time())
    uplink = Uplink(
        target,
        live=True,
        say=shown.say,
        session=beginning.session,
        since=beginning.since,
        spool=beginning.spool,
    )
    return await Talk(LiveInput(), uplink, shown, room).run(stop.wait)


if __name__ == "__main__":
    run_command(main)
