"""Short ways to make what the core's tests talk about; times are seconds, for they are easier to read."""

from hypothesis import HealthCheck, settings

from rtt.core.caption import RATE, Caption, Heard, Word
from rtt.core.voice import WINDOW, VoiceTimeline

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""Many examples, and no limit of time that a busy machine would break."""


def samples(seconds: float) -> int:
    """Return seconds as samples."""
    return round(seconds * RATE)


def word(
    text: str, start: float, end: float | None = None, confidence: float | None = None, *, stable: bool = False
) -> Word:
    """Return a word, 0.3 s long unless told."""
    until = start + 0.3 if end is None else end
    return Word(text, samples(start), samples(until), confidence, stable)


def words(text: str, start: float = 0.0, each: float = 0.5, *, stable: bool = False) -> tuple[Word, ...]:
    """Return the words of `text`, one every `each` seconds."""
    return tuple(word(one, start + each * index, stable=stable) for index, one in enumerate(text.split()))


def heard(*spoken: Word, text: str | None = None, line: str = "l", final: bool = True) -> Heard:
    """Return a report of these words, as long as they are."""
    said = " ".join(one.text for one in spoken) if text is None else text
    first, last = (spoken[0].start, spoken[-1].end) if spoken else (0, 0)
    return Heard(line, said, final, first, last, spoken)


def unplaced(text: str, start: float, end: float, *, final: bool = True) -> Heard:
    """Return a report of an engine that tells no word times."""
    return Heard("l", text, final, samples(start), samples(end))


def timeline(*voices: tuple[float, float], until: float = 60.0, start: float = 0.0) -> VoiceTimeline:
    """Return a timeline with voice in these stretches, to the window, listened to until `until`."""
    voice = VoiceTimeline(start=samples(start))
    while voice.known < samples(until):
        middle = (voice.known + WINDOW / 2) / RATE
        voice.push(1.0 if any(a <= middle < b for a, b in voices) else 0.0)
    return voice


def caption(
    number: int,
    text: str = "",
    *,
    final: bool = True,
    line: str | None = None,
    session: str = "s1",
    epoch: str = "e1",
    at: float = 1000.0,
    stable: str = "",
    rest: str = "",
) -> Caption:
    """Return a caption of room r; its text and line are made from its number unless told."""
    return Caption(
        room="r",
        session=session,
        epoch=epoch,
        number=number,
        line=line if line is not None else f"l{number}",
        text=text if text or not final else f"t{number}",
        final=final,
        language="it-IT",
        engine="scripted",
        start=number * RATE,
        end=(number + 1) * RATE,
        at=at,
        stable=stable,
        rest=rest,
    )
