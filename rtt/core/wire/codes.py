"""Close codes of both sockets, in one table.

4000 to 4499: come back, with back-off and jitter. 4500 to 4999: do not, nothing would change.
1000 is done; 1001 and 1012 say that the server goes away and that another will be there.
"""

from enum import IntEnum


class Close(IntEnum):
    """Why a socket was closed."""

    DONE = 1000
    GOING_AWAY = 1001
    INTERNAL = 1011
    RESTART = 1012
    HOLE = 4400
    SEND_AGAIN = 4401
    FELL_BEHIND = 4403
    NO_HELLO = 4405
    ENGINE_BUSY = 4410
    CROWDED = 4429
    MALFORMED = 4500
    BAD_TOKEN = 4501
    NOT_ALLOWED = 4502
    PROTOCOL = 4503
    LANGUAGE = 4504
    BAD_ROOM = 4505
    CONTINUED_ELSEWHERE = 4510
    ROOM_TAKEN = 4511
    NOT_ALL_HEARD = 4520
    ENGINE_FAILED = 4521


SENTENCES: dict[Close, str] = {
    Close.DONE: "The talk is over and everything that was said is settled.",
    Close.GOING_AWAY: "The server is going away; rtt connects again by itself.",
    Close.INTERNAL: "The server met an error of its own; its log says more.",
    Close.RESTART: "The server is restarting; rtt connects again by itself.",
    Close.HOLE: "Sound is missing between two frames and no gap was announced; rtt sends it again.",
    Close.SEND_AGAIN: "The server asks for sound it no longer holds; rtt sends it again.",
    Close.FELL_BEHIND: "This screen was too slow for the captions; it comes back and catches up.",
    Close.NO_HELLO: "Nothing was said on this connection in time; rtt connects again by itself.",
    Close.ENGINE_BUSY: "The speech engine cannot be reached at the moment; rtt tries again.",
    Close.CROWDED: "There are too many connections at the moment; rtt tries again.",
    Close.MALFORMED: "The server could not read a message; use the same version of rtt on both sides.",
    Close.BAD_TOKEN: "The token is not valid; ask the operator of the server for a new one.",
    Close.NOT_ALLOWED: "The token does not allow this; ask the operator of the server for another one.",
    Close.PROTOCOL: "The server speaks another version of the protocol; use the same version of rtt on both sides.",
    Close.LANGUAGE: "The engine of this server does not speak the room's language; choose one with --lang.",
    Close.BAD_ROOM: "A room is named with letters, digits, dot, dash and underscore, 64 at most; choose with --room.",
    Close.CONTINUED_ELSEWHERE: "This session goes on over another connection; this one is not needed.",
    Close.ROOM_TAKEN: "Another capture is live in this room; stop it, or choose another room with --room.",
    Close.NOT_ALL_HEARD: "The talk is over, but not all of it could be heard.",
    Close.ENGINE_FAILED: "The speech engine failed for good; the server's screen says why.",
}
"""What an operator reads for each code."""


def comes_back(code: int) -> bool:
    """Tell whether a client that was closed with `code` should connect again."""
    return code != Close.DONE and not 4500 <= code <= 4999


def sentence(code: int) -> str:
    """Return what an operator reads for `code`, known or not."""
    try:
        return SENTENCES[Close(code)]
    except ValueError:
        return f"The connection was closed with code {code}."
