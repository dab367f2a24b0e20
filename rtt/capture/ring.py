"""The sound a capture holds until the server has settled it (SESSIONS 4, 9, 17).

Audio and gaps stand in one row, each at its sample of the session. What was settled `KEEP_SECONDS` ago is let go.
Beyond `capacity` the oldest audio leaves memory: it stays on the shelf where there is one and it is safe there, up to
`reach`. Beyond that the oldest audio that the server has not received becomes a gap (or, if it has all of it, the
oldest of all): a hole in the sound is always an announced one, and `first` never jumps over a hole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rtt.capture.source import BLOCK
from rtt.core.caption import RATE
from rtt.core.wire.bounds import KEEP_SECONDS, SPOOL_SECONDS

CAPACITY = 120 * RATE
"""Samples of audio held in memory at most."""
REACH = SPOOL_SECONDS * RATE
"""Samples of audio held in memory and on the shelf at most."""
DROP = 5 * RATE
"""Samples dropped at a time when full: few long gaps, not a thousand clicks (a session may have 1000 gaps)."""

NOT_IN_TIME = "the server could not take it in time"
"""Why sound became a gap that nobody received."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples `start` to `end` - 1 of the session: audio, in memory or on the shelf, or a gap."""

    start: int
    end: int
    pcm: bytes | None
    why: str = ""
    """For a gap: what happened to its sound."""
    away: bool = False
    """True for audio that lies on the shelf only: `pcm` is None, but it is no gap."""

    @property
    def audio(self) -> int:
        """Samples of audio, wherever they lie."""
        return self.end - self.start if self.pcm is not None or self.away else 0


class Shelf(Protocol):
    """Where sound is kept beside the memory; no call waits."""

    def put(self, start: int, end: int, pcm: bytes | None, why: str = "") -> None:
        """Keep sound, or a gap where `pcm` is None."""
        ...

    def has(self, start: int, end: int) -> bool:
        """Tell whether all of this sound is there."""
        ...

    def release(self, sample: int) -> None:
        """Let go what lies before `sample`."""
        ...


class Ring:
    """Held sound from `first` to `next`; `patient` is true for a source that waits while the ring is `full`.

    `pieces` is what an earlier process left on the shelf, in one row.
    """

    def __init__(
        self,
        *,
        patient: bool,
        capacity: int = CAPACITY,
        drop: int = DROP,
        shelf: Shelf | None = None,
        reach: int = REACH,
        pieces: Sequence[Piece] = (),
    ) -> None:
        self.first = pieces[0].start if pieces else 0
        """First sample that is held."""
        self.next = pieces[-1].end if pieces else 0
        """Sample that will be captured next."""
        self.held = sum(piece.audio for piece in pieces if not piece.away)
        """Samples of audio in memory."""
        self.away = sum(piece.audio for piece in pieces if piece.away)
        """Samples of audio on the shelf only."""
        self.lost = 0
        """Samples that became gaps before any server had them, since the start."""
        self._patient, self._capacity, self._drop = patient, capacity, drop
        self._shelf, self._reach = shelf, reach
        self._received = 0
        self._pieces = list(pieces)

    @property
    def full(self) -> bool:
        """True where a patient source has to wait before the next block."""
        return self.held + BLOCK > self._capacity

    def push(self, pcm: bytes) -> int:
        """Append audio (s16le); return how many older samples, received by nobody, had to become a gap for it."""
        count = len(pcm) // 2
        dropped = 0
        if not self._patient:
            if self.held + count > self._capacity:
                self._put_away(max(count, self._drop))
            if self.held + count > self._capacity or self.held + self.away + count > self._reach:
                dropped = self._make_room(max(count, self._drop))
                self.lost += dropped
        for start in range(0, count, BLOCK):
            part = pcm[2 * start : 2 * (start + BLOCK)]
            self._pieces.append(Piece(self.next, self.next + len(part) // 2, part))
            if self._shelf is not None:
                self._shelf.put(self.next, self.next + len(part) // 2, part)
            self.next += len(part) // 2
        self.held += count
        return dropped

    def lose(self, samples: int, why: str) -> None:
        """Append a gap of `samples` samples."""
        if samples <= 0:
            return
        self.lost += samples
        self._pieces.append(Piece(self.next, self.next + samples, None, why))
        self.next += samples
        self._merge(len(self._pieces) - 1)

    def skip(self, sample: int, why: str) -> int:
        """Turn all audio from `sample` on into one gap; return how many samples of audio it was."""
        if sample >= self.next:
            return 0
        index = self._index(max(sample, self.first))
        if self._pieces[index].start < sample:
            self._split(index, sample)
            index += 1
        skipped = self._turn(index, self.held + self.away, why)
        self.lost += skipped
        return skipped

    def shed(self, sample: int, most: int, drop: int, why: str) -> int:
        """Keep at most `most` samples of audio from `sample` on; return how many became a gap: `drop` or more."""
        waiting = self._audio_from(sample)
        if waiting <= most:
            return 0
        index = bisect_left(self._pieces, sample, key=lambda piece: piece.start)
        dropped = self._turn(index, max(drop, waiting - most), why)
        self.lost += dropped
        return dropped

    def miss(self, piece: Piece, why: str) -> None:
        """Note that audio on the shelf cannot be had after all: it is a gap."""
        index = self._index(piece.start)
        if index >= 0 and self._pieces[index].away:
            self.lost += self._turn(index, 1, why)

    def audio_from(self, sample: int) -> int:
        """Return how many samples of audio are held from `sample` on."""
        return sum(min(piece.audio, piece.end - sample) for piece in self._pieces if piece.end > sample)

    def safe(self, sample: int) -> bool:
        """Tell whether all audio from `sample` on is on the shelf."""
        shelf = self._shelf
        return shelf is not None and all(
            piece.away or not piece.audio or shelf.has(piece.start, piece.end)
            for piece in self._pieces
            if piece.end > sample
        )

    def settle(self, received: int, settled: int) -> None:
        """Note what the server has received (it goes back when a server is lost); let go what is long settled."""
        self._received = received
        self._let_go(settled - round(KEEP_SECONDS * RATE))

    def forget_before(self, sample: int) -> None:
        """Let go of all sound before exactly `sample`: a new session begins there."""
        self._let_go(sample)
        if self._pieces and self._pieces[0].start < sample:
            self._count(self._pieces[0], -1)
            self._pieces[0] = self._cut(self._pieces[0], sample)
            self._count(self._pieces[0], 1)
        self.first = max(self.first, min(sample, self.next))

    def frames(self, sample: int, limit: int) -> Iterator[Piece]:
        """Yield what to send from `sample` on, in order: whole pieces of audio that end by `limit`, and gaps.

        A gap that begins below `limit` is yielded whole: it takes no room in the server. What was let go is settled
        and is skipped. The ring may be changed between two pieces.
        """
        while (piece := self._at(sample)) is not None:
            if piece.end > limit and (piece.audio or piece.start >= limit):
                return
            yield piece
            sample = piece.end

    def _at(self, sample: int) -> Piece | None:
        sample = max(sample, self.first)
        if sample >= self.next:
            return None
        return self._cut(self._pieces[self._index(sample)], sample)

    def _index(self, sample: int) -> int:
        return bisect_right(self._pieces, sample, key=lambda piece: piece.start) - 1

    @staticmethod
    def _cut(piece: Piece, sample: int) -> Piece:
        if sample <= piece.start:
            return piece
        pcm = piece.pcm[2 * (sample - piece.start) :] if piece.pcm is not None else None
        return Piece(sample, piece.end, pcm, piece.why, piece.away)

    def _split(self, index: int, sample: int) -> None:
        piece = self._pieces[index]
        pcm = piece.pcm[: 2 * (sample - piece.start)] if piece.pcm is not None else None
        before = Piece(piece.start, sample, pcm, piece.why, piece.away)
        self._pieces[index : index + 1] = [before, self._cut(piece, sample)]

    def _count(self, piece: Piece, times: int) -> None:
        if piece.away:
            self.away += times * piece.audio
        else:
            self.held += times * piece.audio

    def _put_away(self, samples: int) -> None:
        """Let `samples` samples of the oldest audio leave memory, as far as they are safe on the shelf."""
        if self._shelf is None:
            return
        for index, piece in enumerate(self._pieces):
            if samples <= 0:
                return
            if piece.pcm is not None:
                if not self._shelf.has(piece.start, piece.end):
                    return
                self._count(piece, -1)
                self._pieces[index] = Piece(piece.start, piece.end, None, away=True)
                self._count(self._pieces[index], 1)
                samples -= piece.audio

    def _let_go(self, sample: int) -> None:
        count = 0
        for piece in self._pieces:
            if piece.end > sample:
                break
            self._count(piece, -1)
            self.first = piece.end
            count += 1
        del self._pieces[:count]
        if self._shelf is not None:
            self._shelf.release(min(sample, self.first))

    def _make_room(self, samples: int) -> int:
        """Turn `samples` samples of audio into a gap, as far as there is so much; return how many nobody received."""
        unsent = bisect_left(self._pieces, self._received, key=lambda piece: piece.start)
        waiting = self._audio_from(self._received)
        if waiting >= samples:
            return self._turn(unsent, samples, NOT_IN_TIME)
        # All but the newest is in the server, which does not settle it: what is oldest there is missed least.
        self._turn(0, samples, NOT_IN_TIME)
        return waiting - self._audio_from(self._received)

    def _audio_from(self, sample: int) -> int:
        """Return the samples of audio in pieces that begin at or after `sample`."""
        index = bisect_left(self._pieces, sample, key=lambda piece: piece.start)
        return sum(piece.audio for piece in self._pieces[index:])

    def _turn(self, index: int, samples: int, why: str) -> int:
        """Turn `samples` samples of audio from piece `index` on into one gap; return how many there were."""
        while index < len(self._pieces) and not self._pieces[index].audio:
            index += 1
        done, end = 0, index
        while end < len(self._pieces) and done < samples:
            done += self._pieces[end].audio
            self._count(self._pieces[end], -1)
            end += 1
        if not done:
            return 0
        start, after = self._pieces[index].start, self._pieces[end - 1].end
        whys = dict.fromkeys([why, *(piece.why for piece in self._pieces[index:end] if piece.why)])
        self._pieces[index:end] = [Piece(start, after, None, "; ".join(whys))]
        self._merge(index)
        return done

    def _merge(self, index: int) -> None:
        """Join the gap at `index` with the gaps beside it."""
        low, high = index, index + 1
        while low and not self._pieces[low - 1].audio:
            low -= 1
        while high < len(self._pieces) and not self._pieces[high].audio:
            high += 1
        row = self._pieces[low:high]
        why = "; ".join(dict.fromkeys(part for piece in row for part in piece.why.split("; ") if part))
        self._pieces[low:high] = [Piece(row[0].start, row[-1].end, None, why)]
        if self._shelf is not None:
            self._shelf.put(row[0].start, row[-1].end, None, why)
