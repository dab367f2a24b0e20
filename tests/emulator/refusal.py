"""A refusal of the service, as it travels: a status and code at the handshake, or an exception in the stream."""

from dataclasses import dataclass


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - what the service does is refuse; nothing went wrong in it
    """The service says no."""

    status: int
    code: str
    message: str


STATUS = {
    "BadRequestException": 400,
    "ConflictException": 409,
    "InternalFailureException": 500,
    "LimitExceededException": 429,
    "ServiceUnavailableException": 503,
}
"""The exceptions of the service's model, and the HTTP status of each."""


def bad_request(message: str) -> Refusal:
    """Return the refusal of a request that can never succeed."""
    return Refusal(400, "BadRequestException", message)
