"""The sound a capture holds until the server has settled it (SESSIONS 4, 9, 17).

Audio and gaps stand in one row, each at its sample of the session. What was settled `KEEP_SECONDS` ago is let go.
Beyond `capacity` the oldest audio that the server has not received becomes a gap (or, if it has all of it, the oldest
of all): a hole in the sound is always an announced one, and `first` never jumps over a hole.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from rtt.capture.source import BLOCK
from rtt.core.caption import RATE
from rtt.core.wire.bounds import KEEP_SECONDS

CAPACITY = 120 * RATE
"""Samples of audio held in memory at most."""
DROP = 5 * RATE
"""Samples dropped at a time when full: few long gaps, not a thousand clicks (a session may have 1000 gaps)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples `start` to `end` - 1 of the session: audio, or a gap where `pcm` is None."""

    start: int
    end: int
    pcm: bytes | None
    why: str = ""
    """For a gap: what happened to its sound."""


class Ring:
    """Held sound from `first` to `next`; `patient` is true for a source that waits while the ring is `full`."""

    def __init__(self, *, patient: bool, capacity: int = CAPACITY, drop: int = DROP) -> None:
        self.first = 0
        """First sample that is held."""
        self.next = 0
        """Sample that will be captured next."""
        self.held = 0
        """Samples of audio in memory."""
        self.lost = 0
        """Samples that became gaps before any server had them, since the start."""
        self._patient, self._capacity, self._drop = patient, capacity, drop
        self._received = 0
        self._pieces: list[Piece] = []

    @property
    def full(self) -> bool:
        """True where a patient source has to wait before the next block."""
        return self.held + BLOCK > self._capacity

    def push(self, pcm: bytes) -> int:
        """Append audio (s16le); return how many older samples, received by nobody, had to become a gap for it."""
        count = len(pcm) // 2
        dropped = 0
        if not self._patient and self.held + count > self._capacity:
            dropped = self._make_room(max(count, self._drop))
            self.lost += dropped
        for start in range(0, count, BLOCK):
            part = pcm[2 * start : 2 * (start + BLOCK)]
            self._pieces.append(Piece(self.next, self.next + len(part) // 2, part))
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

    def settle(self, received: int, settled: int) -> None:
        """Note what the server has received (it goes back when a server is lost); let go what is long settled."""
        self._received = received
        self._let_go(settled - round(KEEP_SECONDS * RATE))

    def forget_before(self, sample: int) -> None:
        """Let go of all sound before exactly `sample`: a new session begins there."""
        self._let_go(sample)
        if self._pieces and self._pieces[0].start < sample:
            piece = self._cut(self._pieces[0], sample)
            self.held -= (sample - self.first) if piece.pcm is not None else 0
            self._pieces[0] = piece
        self.first = max(self.first, min(sample, self.next))

    def frames(self, sample: int, limit: int) -> Iterator[Piece]:
        """Yield what to send from `sample` on, in order: whole pieces of audio that end by `limit`, and gaps.

        A gap that begins below `limit` is yielded whole: it takes no room in the server. What was let go is settled
        and is skipped. The ring may be changed between two pieces.
        """
        while (piece := self._at(sample)) is not None:
            if piece.end > limit and (piece.pcm is not None or piece.start >= limit):
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
        return Piece(sample, piece.end, pcm, piece.why)

    def _let_go(self, sample: int) -> None:
        count = 0
        for piece in self._pieces:
            if piece.end > sample:
                break
            self.held -= piece.end - piece.start if piece.pcm is not None else 0
            self.first = piece.end
            count += 1
        del self._pieces[:count]

    def _make_room(self, samples: int) -> int:
        """Turn `samples` samples of audio into a gap, as far as there is so much; return how many nobody received."""
        unsent = bisect_left(self._pieces, self._received, key=lambda piece: piece.start)
        waiting = self._audio_from(self._received)
        if waiting >= samples:
            return self._turn(unsent, samples)
        # All but the newest is in the server, which does not settle it: what is oldest there is missed least.
        self._turn(0, samples)
        return waiting - self._audio_from(self._received)

    def _audio_from(self, sample: int) -> int:
        """Return the samples of audio in pieces that begin at or after `sample`."""
        index = bisect_left(self._pieces, sample, key=lambda piece: piece.start)
        return sum(piece.end - piece.start for piece in self._pieces[index:] if piece.pcm is not None)

    def _turn(self, index: int, samples: int) -> int:
        while index < len(self._pieces) and self._pieces[index].pcm is None:
            index += 1
        done, end = 0, index
        while end < len(self._pieces) and done < samples:
            piece = self._pieces[end]
            done += piece.end - piece.start if piece.pcm is not None else 0
            end += 1
        if not done:
            return 0
        gap = Piece(self._pieces[index].start, self._pieces[end - 1].end, None, "the server could not take it in time")
        self._pieces[index:end] = [gap]
        self.held -= done
        self._merge(index)
        return done

    def _merge(self, index: int) -> None:
        """Join the gap at `index` with the gaps beside it."""
        low, high = index, index + 1
        while low and self._pieces[low - 1].pcm is None:
            low -= 1
        while high < len(self._pieces) and self._pieces[high].pcm is None:
            high += 1
        row = self._pieces[low:high]
        why = "; ".join(dict.fromkeys(part for piece in row for part in piece.why.split("; ") if part))
        self._pieces[low:high] = [Piece(row[0].start, row[-1].end, None, why)]
