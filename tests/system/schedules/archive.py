"""The archive of a schedule: the journal's real lines in memory, and how many of them are safe from a power cut."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rtt.core import journal
from rtt.core.caption import Caption, Word
from rtt.core.journal import Final, Head, Line, Note, Recovered
from rtt.core.ledger import Span


@dataclass(slots=True)
class Disk:
    """What survives a server: bytes of lines, the first `synced` of which survive a power cut too."""

    lines: list[bytes] = field(default_factory=list)
    synced: int = 0
    boot: int = 1
    epochs: int = 0

    def power_cut(self) -> None:
        """Lose what was not synced, and start the machine again."""
        del self.lines[self.synced :]
        self.boot += 1


class Journal:
    """One server's hand on the disk; stands for the archive's file handling: `recover`, `begin`, `append`, `sync`."""

    def __init__(self, disk: Disk, clock: Callable[[], float], *, epochs: bool) -> None:
        self._disk, self._clock = disk, clock
        self._boot = str(disk.boot) if epochs else "always the same"
        self._head: Head | None = None
        self._headed = False
        self.appended = 0
        self.found = self._recover()

    def _recover(self) -> Recovered:
        found = journal.recover([self.lines()])
        if journal.keeps_epoch(found, self._boot):
            self.epoch, self.number = found.epoch, found.number
        else:
            self._disk.epochs += 1
            self.epoch, self.number = f"epoch{self._disk.epochs}", 0
            found.finals = []
        return found

    def lines(self) -> list[Line]:
        """Return all that is written."""
        return journal.read(b"".join(self._disk.lines))[0]

    def begin(self, room: str, session: str, talk: str, language: str) -> None:
        """Open the session's file."""
        self._head, self._headed = Head(self.epoch, self._boot, room, session, talk, language, self._clock()), False

    def append(self, caption: Caption, words: tuple[Word, ...], stream: int, watermark: int) -> Caption:
        """Give a final its number and write it."""
        self.appended += 1
        self.number += 1
        numbered = replace(caption, epoch=self.epoch, number=self.number)
        self._write(Final(numbered, words, stream, watermark))
        return numbered

    def note(self, kind: str, session: str, span: Span | None = None) -> None:
        """Write a line that is no caption."""
        self._write(Note(kind, session, span, self._clock()))

    def _write(self, line: Line) -> None:
        if not self._headed and self._head is not None:
            self._disk.lines.append(journal.encode(replace(self._head, at=self._clock())))
            self._headed = True
        self._disk.lines.append(journal.encode(line))

    def sync(self) -> int:
        """Bring all to the disk; return how many finals this server appended."""
        self._disk.synced = len(self._disk.lines)
        return self.appended
