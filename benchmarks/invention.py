"""The no-invention benchmark: how many words rtt shows that nobody said, and what preventing it costs.

::

    make bench-invention        or: python -m benchmarks.invention [--short] [--data FOLDER] [--json]

Real `rtt serve` processes hear noise, music, speech and speech in a wrong language through the audio socket, once as
they are and once with --no-guard (the control: an engine that stays silent by itself proves nothing). Words are
counted in the transcripts. Exit 1 if a bound is broken.
"""

import argparse
import asyncio
import json
import re
import resource
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import soundfile

from benchmarks.noise import MAKERS, RATE, noise
from benchmarks.served import Room, hear, server

ROOT = Path(__file__).resolve().parents[1]
INVENTED_MOST = 0.6
"""Words per minute on sound without a voice, with the guard."""
BLIND_BELOW = {"recorded": 15.0, "made": 3.0}
"""The control must invent more than this on noise that was recorded (where there is none, on noise made here), or the
measure could not see invention. Measured: 21 and 6 words a minute."""
WER_COST_MOST = 0.02
"""The guard may raise the word error rate by this much."""
TAIL = 1.0
"""Seconds of silence after a clip, so that its last word is over."""
VOICES = ("babble", "sung")
"""Sets that are human voice without being speech to be captioned: reported, not bounded."""
KINDS = {"speech": "speech", "noise": "recorded"}
"""The manifest's kinds that are heard, and what they are called here."""
AT_ONCE = 2
SHORT_SPEECH = ("librivox__0880", "librivox__0930", "libri__1089", "lj__LJ001-0004", "lj__LJ001-0013", "talk__jfk")
SHORT_KINDS = ("zeros", "pink -25", "clicks", "AM noise", "claps")
SHORT_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of sound and what is said in it."""

    name: str
    kind: str
    """`recorded` and `made` (sound without a voice), `voice` (human, but no speech to caption), `speech`, `foreign`."""
    pcm: bytes
    text: str = ""

    @property
    def minutes(self) -> float:
        return len(self.pcm) / 2 / RATE / 60


@dataclass(frozen=True, slots=True)
class Run:
    """What one server made of all clips."""

    rooms: dict[str, Room]
    cpu: float
    """CPU seconds of the server and its workers."""


def words(text: str) -> str:
    """Return `text` as it is compared: lower case, without punctuation."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split())


def made(short: bool) -> list[Clip]:
    """Return the sound made from a fixed seed."""
    names = SHORT_KINDS if short else tuple(MAKERS)
    return [Clip(f"made {name}", "made", noise(name, SHORT_SECONDS if short else 20.0)) for name in names]


def recorded(folder: Path, short: bool) -> list[Clip]:
    """Return the recordings of a folder with a manifest."""
    clips = []
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        if entry["kind"] not in KINDS:
            continue
        foreign = entry["kind"] == "speech" and entry["lang"] != "en"
        kind = "foreign" if foreign else "voice" if entry["set"] in VOICES else KINDS[entry["kind"]]
        if short and kind == "speech" and not entry["id"].startswith(SHORT_SPEECH):
            continue
        samples, rate = soundfile.read(folder / entry["path"], dtype="int16")
        assert rate == RATE
        if short and kind in ("recorded", "voice"):
            samples = samples[: SHORT_SECONDS * RATE]
        clips.append(Clip(entry["id"], kind, np.asarray(samples, "<i2").tobytes(), words(entry.get("text") or "")))
    if short:
        foreigners = [clip for clip in clips if clip.kind == "foreign"]
        clips = [clip for clip in clips if clip not in foreigners[1:]]
    return clips


def bundled() -> Clip:
    """Return the demo recording, so that there is speech where no recordings are."""
    samples, rate = soundfile.read(ROOT / "templates" / "demo.flac", dtype="int16")
    assert rate == RATE
    text = (ROOT / "templates" / "demo.txt").read_text(encoding="utf-8")
    return Clip("demo", "speech", np.asarray(samples, "<i2").tobytes(), words(text))


async def run(clips: Sequence[Clip], *options: str) -> Run:
    """Let one server hear all clips, each in a room of its own, two at a time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    rooms: dict[str, Room] = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(url: str, number: int, clip: Clip) -> None:
        async with turns:
            rooms[clip.name] = await hear(url, f"clip{number}", clip.pcm + bytes(2 * round(TAIL * RATE)))

    with tempfile.TemporaryDirectory(prefix="rtt-invention-") as folder:
        async with server(Path(folder), *options) as url, asyncio.TaskGroup() as group:
            for number, clip in enumerate(clips):
                group.create_task(one(url, number, clip))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Run(rooms, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def per_minute(clips: Sequence[Clip], heard: Run, *kinds: str) -> tuple[float, int]:
    """Return the words a minute that were shown for clips of some kinds, and how many words that is."""
    of_kind = [clip for clip in clips if clip.kind in kinds]
    count = sum(len(heard.rooms[clip.name].text.split()) for clip in of_kind)
    return count / max(1e-9, sum(clip.minutes for clip in of_kind)), count


def errors(clips: Sequence[Clip], heard: Run) -> jiwer.WordOutput:
    """Return the alignment of what was shown with what was said."""
    speech = [clip for clip in clips if clip.kind == "speech"]
    return jiwer.process_words([clip.text for clip in speech], [words(heard.rooms[clip.name].text) for clip in speech])


def split(output: jiwer.WordOutput) -> str:
    """Return the word error rate and its parts in percent of the words said."""
    said = output.hits + output.substitutions + output.deletions
    parts = (output.substitutions, output.deletions, output.insertions)
    return f"{100 * output.wer:.1f} % ({'/'.join(f'{100 * part / said:.1f}' for part in parts)})"


def judge(clips: Sequence[Clip], guarded: Run, control: Run) -> dict[str, object]:
    """Return the figures, and under `broken` a sentence for each bound that does not hold."""
    shown = per_minute(clips, guarded, "recorded", "made")
    seen = "recorded" if any(clip.kind == "recorded" for clip in clips) else "made"
    made_up = per_minute(clips, control, seen)
    with_guard, alone = errors(clips, guarded), errors(clips, control)
    broken = []
    if shown[0] > INVENTED_MOST:
        broken.append(f"{shown[0]:.2f} invented words a minute are shown; {INVENTED_MOST} are the most.")
    if made_up[0] < BLIND_BELOW[seen]:
        broken.append(
            f"Unguarded, {made_up[0]:.1f} words a minute are invented; under {BLIND_BELOW[seen]} we are blind."
        )
    if with_guard.wer > alone.wer + WER_COST_MOST:
        broken.append(f"The guard raises the word error rate from {alone.wer:.3f} to {with_guard.wer:.3f}.")
    speech = [guarded.rooms[clip.name] for clip in clips if clip.kind == "speech"]
    said = sum(len(clip.text.split()) for clip in clips if clip.kind == "speech")
    return {
        "noise_minutes": sum(clip.minutes for clip in clips if clip.kind in ("recorded", "made")),
        "words_said": said,
        "invented": shown,
        "recorded": per_minute(clips, guarded, "recorded"),
        "recorded_control": per_minute(clips, control, "recorded"),
        "made": per_minute(clips, guarded, "made"),
        "made_control": per_minute(clips, control, "made"),
        "voice": per_minute(clips, guarded, "voice"),
        "voice_control": per_minute(clips, control, "voice"),
        "foreign": per_minute(clips, guarded, "foreign"),
        "foreign_control": per_minute(clips, control, "foreign"),
        "wer": with_guard.wer,
        "wer_control": alone.wer,
        "split": split(with_guard),
        "split_control": split(alone),
        "withheld_on_speech": sum(room.withheld for room in speech),
        "cpu_share": guarded.cpu / 60 / sum(clip.minutes for clip in clips),
        "cpu_share_control": control.cpu / 60 / sum(clip.minutes for clip in clips),
        "broken": broken,
    }


def table(figures: dict[str, object]) -> str:
    """Return the figures for a reader."""

    def pace(name: str) -> str:
        rate, count = figures[name]  # type: ignore[misc]
        return f"{rate:.2f} ({count} words)"

    rows = [
        ("", "guarded", "--no-guard"),
        ("invented on recorded noise, words a minute", pace("recorded"), pace("recorded_control")),
        ("invented on noise made here", pace("made"), pace("made_control")),
        ("on babble (human, not bounded)", pace("voice"), pace("voice_control")),
        ("Italian into the English engine", pace("foreign"), pace("foreign_control")),
        ("English, word error rate (sub/del/ins)", str(figures["split"]), str(figures["split_control"])),
        ("words of it withheld by the guard", str(figures["withheld_on_speech"]), "-"),
        ("CPU, share of one core", f"{figures['cpu_share']:.3f}", f"{figures['cpu_share_control']:.3f}"),
    ]
    lines = [f"{name:<44} {guarded:<28} {control}".rstrip() for name, guarded, control in rows]
    size = f"{figures['noise_minutes']:.1f} min of sound without a voice, {figures['words_said']} words of English"
    return "\n".join([size, *lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(description="How many words does rtt show that nobody said?")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder with manifest.json")
    parser.add_argument("--short", action="store_true", help="a part of it, about a minute")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args(arguments)
    # A benchmark that is stopped must not leave its servers behind: end like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    clips = made(options.short)
    if (options.data / "manifest.json").is_file():
        clips += recorded(options.data, options.short)
    else:
        print(
            f"No recordings in {options.data}: only our own sound is heard. --data names their folder.",
            file=sys.stderr,
        )
        clips.append(bundled())
    try:
        guarded = asyncio.run(run(clips))
        control = asyncio.run(run(clips, "--no-guard"))
    except KeyboardInterrupt:
        return 130
    figures = judge(clips, guarded, control)
    print(json.dumps(figures, indent=1) if options.json else table(figures))
    for sentence in figures["broken"]:  # type: ignore[attr-defined]
        print(sentence, file=sys.stderr)
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
