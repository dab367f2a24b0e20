"""Every bound of the protocol in one table (SESSIONS I); each has a test.

Sizes are bytes, durations seconds, positions samples at 16 kHz, unless a name says otherwise.
"""

import re

PROTOCOL = 1
"""Version both sides speak."""
FRAME_SECONDS = 0.1
"""Length of an ordinary audio frame."""
FRAME_MAX_SECONDS = 1.0
"""Longest audio frame that is taken."""
TEXT_MAX = 4096
"""Longest text message a client may send, in bytes."""
WINDOW_SECONDS = 20
"""A capture never sends further than this beyond what the engine was fed (SESSIONS 4)."""
ACK_SECONDS = 0.5
"""Time between two acks."""
KEEP_SECONDS = 5
"""A capture keeps sound down to this far below settled (SESSIONS 4)."""
OVERLAP_SECONDS = 3
"""Hearing begins again this far below the watermark (SESSIONS 3): the smallest that was safe."""
REPLAY_SECONDS = 60
"""Sound the server keeps of a session, to hear it again itself (SESSIONS 12)."""
UNHEARD_SECONDS = 10
"""Voice that an engine passed over by this much counts as unheard (SESSIONS 5)."""
ORDER_SECONDS = 10
"""Time for which a final waits for an earlier line that is still open (SESSIONS 16)."""
UNSETTLED_SECONDS = 0.6
"""The newest sound fed is never settled (SESSIONS 5)."""
GAP_FILL_SECONDS = 2
"""A shorter gap is fed as zeros, a longer one ends what is open (SESSIONS 18)."""
GAPS_MAX = 1000
"""Gaps of one session."""
OPEN_RESULTS_MAX = 64
"""Lines of one session that are open at a time."""
WORDS_MAX = 500
"""Words of one result."""
UNWRITTEN_MAX = 2000
"""Finals kept in memory while the disk is full."""
HISTORY_MAX = 500
"""Finals of a room kept in memory."""
SINCE_MAX = 1000
"""Finals a returning screen is sent; behind more it is reset (SESSIONS 24)."""
JOIN_MAX = 20
"""Finals of the running talk a new screen is sent (SESSIONS 24)."""
JOIN_SECONDS = 120
"""A talk that ended less than this ago is still history for a new screen (SESSIONS 24)."""
STALE_SECONDS = 300
"""Finals whose sound is older go to the archive only (SESSIONS 24)."""
SEEN_PER_SECOND = 5
"""`seen` messages of a screen that are read."""
OUTBOX_FINALS = 256
"""Finals waiting for one screen (SESSIONS 27)."""
OUTBOX_BYTES = 256 * 1024
"""Bytes waiting for one screen (SESSIONS 27)."""
ROOMS_MAX = 200
"""Rooms of one server."""
DRAINING_MAX = 8
"""Sessions of one room that are still being settled, beside the live one."""
SCREENS_MAX = 5000
"""Screens of one room."""
HOLD_SECONDS = 3
"""A session without a socket for this long holds its room no more (SESSIONS 7)."""
EXPIRE_SECONDS = 300
"""A session without a socket for this long is settled and forgotten (SESSIONS 7)."""
END_SECONDS = 30
"""A server answers `end` within this much engine time (SESSIONS 6)."""
STATE_SECONDS = 2
"""Longest silence between two `state` messages to a screen (SESSIONS 25)."""
HELLO_SECONDS = 10
"""A socket says hello within this time."""
SPOOL_SECONDS = 1800
"""Sound a capture keeps on disk for a server that does not settle it."""
OFFSET_MAX = 2**53
"""Sample offsets stay below it, so that every JSON reader holds them exactly."""
MOMENT_MAX = 253_402_214_400
"""Wall-clock times stay below it, in seconds since 1970: the last day of the year 9999, where calendars end."""

ROOM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A room's name, matched in full."""
LANGUAGE_NAME = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
"""A BCP 47 language tag as captions need it, matched in full: `it-IT`."""


def is_room(name: str) -> bool:
    """Tell whether `name` may name a room."""
    return ROOM_NAME.fullmatch(name) is not None


def is_language(tag: str) -> bool:
    """Tell whether `tag` has the shape of a language tag."""
    return LANGUAGE_NAME.fullmatch(tag) is not None
