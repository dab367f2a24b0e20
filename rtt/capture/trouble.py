"""What keeps a capture from its server, in the words of an operator."""

from websockets.exceptions import InvalidMessage, InvalidStatus


def why(error: Exception) -> str:
    """Return a connection's error as a part of a sentence, without a full stop."""
    if isinstance(error, InvalidStatus):
        return f"it answered with HTTP {error.response.status_code}, so it may not be a server of rtt"
    if isinstance(error, InvalidMessage):
        return "it did not answer as a server of rtt does"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.rstrip(".")
    if isinstance(error, OSError) and "Multiple exceptions" in str(error):
        return "none of its addresses answers"
    return str(error).rstrip(".") or type(error).__name__
