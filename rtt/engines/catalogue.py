"""Which engines there are, which can run here, and how to get those that cannot; nothing heavy is imported to tell."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from rtt.core.errors import EngineError, SetupError, UsageError
from rtt.engines.base import Engine

AUTO = "auto"
PAID = "transcribe"
Options = Mapping[str, Any]
"""Settings of one engine, by name; those that have none take none."""


def _transcribe(options: Options) -> Engine:
    from rtt.engines.transcribe.engine import Transcribe
    from rtt.engines.transcribe.options import RoomOptions, TranscribeOptions

    rooms = {name: RoomOptions(**own) for name, own in options.get("rooms", {}).items()}
    return Transcribe(TranscribeOptions(**{**options, "rooms": rooms}))


def _pocketsphinx(_options: Options) -> Engine:
    from rtt.engines.pocketsphinx.engine import PocketSphinx

    return PocketSphinx()


def _scripted(_options: Options) -> Engine:
    from rtt.engines.scripted import Script, Scripted

    return Scripted(Script.parse(os.environ.get("RTT_SCRIPTED", "")))


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine that this version of rtt knows."""

    name: str
    line: str
    """What it is, for an operator."""
    make: Callable[[Options], Engine]
    needs: tuple[str, ...] = ()
    """Modules it cannot run without."""
    extra: str = ""
    """Extra of the distribution that brings them."""
    chosen: bool = True
    """True if `auto` may choose it."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules that this machine lacks."""
        return tuple(name for name in self.needs if find_spec(name) is None)

    @property
    def mend(self) -> str:
        """Return how to get what is missing."""
        what = f"'.[{self.extra}]'" if self.extra else "."
        return f"In rtt's folder run: pip install -e {what} (or make demo, which sets up everything)"


ENTRIES = (
    Entry(
        name="transcribe",
        line="Amazon Transcribe, 77 languages, for talks before an audience: needs an AWS account and a network",
        make=_transcribe,
        needs=("amazon_transcribe", "awscrt"),
        chosen=False,  # `auto` may take it only after its `probe` proved the credentials, which takes a signed call
    ),
    Entry(
        name="pocketsphinx",
        line="English, offline, for demos and rehearsals: a bit more than half of the words right",
        make=_pocketsphinx,
        needs=("pocketsphinx",),
        extra="offline",
    ),
    Entry(
        name="scripted",
        line="hears only coded tones, for tests of rtt itself",
        make=_scripted,
        chosen=False,
    ),
)
"""Every engine, the best for `auto` first."""


def available() -> list[Entry]:
    """Return the engines that can run on this machine."""
    return [entry for entry in ENTRIES if not entry.missing]


def find(name: str) -> Entry:
    """Return the engine of this name; raises `UsageError` with the names there are."""
    for entry in ENTRIES:
        if entry.name == name.lower():
            return entry
    known = ", ".join([AUTO, *(entry.name for entry in ENTRIES)])
    raise UsageError(f"There is no engine called {name!r}"[:80], mend=f"Choose with --engine one of: {known}")


def choose(name: str = AUTO) -> str:
    """Return the name of the engine to use: `name`, or for "auto" the best one that can run here.

    Raises `SetupError` where it cannot run, with what to install, and `UsageError` for an unknown name.
    """
    if name.lower() != AUTO:
        return _ready(find(name)).name
    wanted = [entry for entry in ENTRIES if entry.chosen]
    for entry in wanted:
        if not entry.missing:
            return entry.name
    raise SetupError("No speech engine is installed", "rtt cannot turn speech into text without one", wanted[0].mend)


def load(name: str, options: Options | None = None) -> Engine:
    """Return the engine of this name, ready to transcribe; raises as `choose` does.

    The scripted engine takes its script from the environment variable RTT_SCRIPTED.
    """
    return _ready(find(name)).make(options or {})


async def proved(name: str, options: Options | None = None) -> tuple[Engine, str]:
    """Return the engine to use for `name`, and why as a sentence.

    Amazon Transcribe must prove itself by a signed call. For "auto" it is passed over where it cannot; by its name
    it is used all the same if waiting may help, and else its `EngineError` is raised. Raises as `choose` does.
    """
    wish = name.lower()
    if wish not in (AUTO, PAID):
        return load(wish, options), "It was asked for."
    entry = find(PAID)
    if wish == AUTO and entry.missing:
        return load(choose(AUTO)), f"Amazon Transcribe is not used: {', '.join(entry.missing)} is not installed."
    engine = load(PAID, options)
    try:
        await engine.probe()
    except EngineError as error:
        if wish == AUTO:
            return load(choose(AUTO)), f"Amazon Transcribe is not used: {error}"
        if not error.retry:
            raise
        return engine, f"The service does not answer yet; each talk tries again. {error}"
    return engine, "A signed call proved the credentials."


def _ready(entry: Entry) -> Entry:
    if entry.missing:
        raise SetupError(
            f"The engine {entry.name} is not installed", f"{', '.join(entry.missing)} is missing", entry.mend
        )
    return entry
