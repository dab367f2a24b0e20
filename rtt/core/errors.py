"""Every error of rtt, told apart by who can mend it.

::

    RttError
    ├── UsageError      the command line or a name is wrong: exit 2
    ├── SetupError      something the machine lacks or holds: a port, a folder, a package
    ├── SourceError     the sound source: missing, unreadable, gone
    ├── LinkError       the connection between capture, server and display; carries a close code
    ├── EngineError     speech to text failed; ``retry`` says whether trying again can help
    └── ArchiveError    the journal on disk

Each says *what* happened, *why*, and the *mend*: the command or act that puts it right.
"""


class RttError(Exception):
    """An error an operator can read: ``what`` happened, ``why``, and what to do (``mend``)."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.mend = what, why, mend

    def __str__(self) -> str:
        head = f"{self.what.rstrip('.')}: {self.why}" if self.why else self.what
        sentences = [head.rstrip(".") + "."]
        if self.mend:
            sentences.append(self.mend.rstrip(".") + ".")
        return " ".join(sentences)


class UsageError(RttError):
    """What was asked for cannot be meant; nothing was started."""

    exit_code = 2


class SetupError(RttError):
    """The machine lacks something, or something is in the way."""


class SourceError(RttError):
    """A sound source is missing, unreadable or gone."""


class LinkError(RttError):
    """A connection was refused or broken; ``code`` is its WebSocket close code (see core.wire.codes)."""

    def __init__(self, what: str, why: str = "", mend: str = "", *, code: int) -> None:
        super().__init__(what, why, mend)
        self.code = code


class EngineError(RttError):
    """An engine failed; ``retry`` is true where the same call may work a moment later."""

    def __init__(self, what: str, why: str = "", mend: str = "", *, retry: bool) -> None:
        super().__init__(what, why, mend)
        self.retry = retry


class ArchiveError(RttError):
    """The journal on disk cannot be read or written."""
