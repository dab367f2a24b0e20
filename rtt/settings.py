"""Where an option's value comes from: flag, then environment, then config.toml, then default.

config.toml has one table per command, whose keys are the names of its options, and one per room::

    [serve]
    port = 8000

    [capture]
    server = "ws://192.168.1.10:8000"
    room = "aula1"

    [rooms.aula1]
    language = "it-IT"

A key that nobody reads is an error that names the nearest one: a typing error must not silently mean the default.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from rtt.core.errors import UsageError
from rtt.core.wire.bounds import is_language, is_room

ROOM_OPTIONS: dict[str, type] = {
    "vocabulary": str,
    "vocabulary-filter": str,
    "filter-method": str,
    "language-model": str,
    "stability": str,
    "speaker-labels": bool,
}
"""Options of Amazon Transcribe that a [rooms.NAME] table may have, and what they are."""
ROOM_KEYS = ("language", *ROOM_OPTIONS)
"""Keys a [rooms.NAME] table may have."""
_MEND_PATH = "Check --config and RTT_CONFIG"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a command, as far as a file may set it."""

    name: str
    """What the command's function calls it."""
    keys: tuple[str, ...]
    """How the file may call it: its flags without dashes in front (`data-dir`)."""
    flag: bool = False
    """True for an option without a value: the file says true or false."""
    off: tuple[str, ...] = ()
    """Keys that mean the contrary (`no-wait`)."""
    many: bool = False
    """True if it may be given several times: the file has a list."""


@dataclass(frozen=True, slots=True)
class Config:
    """What config.toml says."""

    path: Path | None = None
    """The file it was read from, or None where there is none."""
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options by command, as the file writes them."""
    rooms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings by room."""


def config_path() -> Path:
    """Return where config.toml is looked for: the platform's folder for a user's settings."""
    return platformdirs.user_config_path("rtt", appauthor=False) / "config.toml"


def data_path() -> Path:
    """Return the platform's folder for a user's data: the archive, where `--data-dir` does not say otherwise."""
    return platformdirs.user_data_path("rtt", appauthor=False)


def state_path() -> Path:
    """Return the platform's folder for a user's state: the spool, where `--state-dir` does not say otherwise."""
    return platformdirs.user_state_path("rtt", appauthor=False)


def load(path: Path | None = None) -> Config:
    """Read the file at `path`, or the user's own, which need not exist.

    Raises UsageError for a file that cannot be read, is not TOML, or holds a room that cannot be meant.
    """
    where = path if path is not None else config_path()
    try:
        read = tomllib.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path is None:
            return Config()
        raise UsageError(f"no settings were read from {where}", "there is no such file", _MEND_PATH) from None
    except OSError as error:
        raise UsageError(f"no settings were read from {where}", os.strerror(error.errno or 0), _MEND_PATH) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{where} is not valid TOML", str(error), "Mend that line and start again") from error
    rooms = read.pop("rooms", {})
    for name, value in {**read, "rooms": rooms}.items():
        if not isinstance(value, dict):
            raise UsageError(f"{where}: {name!r} stands alone", "every setting belongs into a table such as [serve]")
    return Config(where, read, {name: _room(where, name, value) for name, value in rooms.items()})


def room_languages(config: Config) -> dict[str, str]:
    """Return the language of each room whose table names one."""
    return {name: room["language"] for name, room in config.rooms.items() if "language" in room}


def room_options(config: Config) -> dict[str, dict[str, Any]]:
    """Return what differs in single rooms besides the language, by room and by the option's name in Python."""
    found = {
        name: {key.replace("-", "_"): value for key, value in room.items() if key in ROOM_OPTIONS}
        for name, room in config.rooms.items()
    }
    return {name: options for name, options in found.items() if options}


def defaults(config: Config, commands: Mapping[str, Iterable[Option]]) -> dict[str, dict[str, Any]]:
    """Return the file's values as defaults of the commands' options: values by option name, by command.

    Raises UsageError for a table or key that nobody reads and for a value of the wrong kind.
    """
    found: dict[str, dict[str, Any]] = {}
    for table, settings in config.tables.items():
        if table not in commands:
            nearest = _nearest(table, [*commands, "rooms"])
            raise UsageError(
                f"{config.path}: there is no table [{table}]", mend=nearest and f"The nearest is [{nearest}]"
            )
        by_key = {key: option for option in commands[table] for key in (*option.keys, *option.off)}
        values = found[table] = {}
        for key, value in settings.items():
            spelled = key.replace("_", "-")
            if spelled not in by_key:
                raise UsageError(f"{config.path}: [{table}] has no key {key!r}", mend=_nearest_of(spelled, by_key))
            option = by_key[spelled]
            values[option.name] = _value(f"{config.path}: [{table}] {key}", option, spelled, value)
    return found


def _room(where: Path, name: str, value: object) -> dict[str, Any]:
    if not is_room(name):
        raise UsageError(f"{where}: {name!r} cannot be a room's name", "letters, digits, '.', '_' and '-', at most 64")
    if not isinstance(value, dict):
        raise UsageError(f"{where}: rooms.{name} is no table", mend=f"Write [rooms.{name}] and its keys below it")
    for key, setting in value.items():
        if key not in ROOM_KEYS:
            mend = _nearest_of(key, ROOM_KEYS)
            raise UsageError(f"{where}: [rooms.{name}] has no key {key!r}", mend=mend)
        if key in ROOM_OPTIONS:
            if not isinstance(setting, ROOM_OPTIONS[key]):
                kind = "true or false, without quotes" if ROOM_OPTIONS[key] is bool else "text in quotes"
                raise UsageError(f"{where}: [rooms.{name}] {key} = {setting!r} cannot be", mend=f"Write {kind}")
        elif not isinstance(setting, str) or not is_language(setting):
            raise UsageError(
                f"{where}: [rooms.{name}] language = {setting!r} is no language tag", mend="Write it as in it-IT"
            )
    return dict(value)


def _value(where: str, option: Option, key: str, value: object) -> object:
    if option.flag:
        if not isinstance(value, bool):
            raise UsageError(f"{where} is {value!r}", "it is a switch", "Write true or false, without quotes")
        return value != (key in option.off)
    if option.many:
        if not isinstance(value, list):
            raise UsageError(f"{where} is {value!r}", "it takes a list", 'Write it as in ["one", "two"]')
        return [_text(where, one) for one in value]
    return _text(where, value)


def _text(where: str, value: object) -> str:
    """Return a value as the command line would give it, so that one place (the command) checks it."""
    if not isinstance(value, str | int | float):
        raise UsageError(f"{where} is {value!r}", "it takes a text or a number")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nearest_of(word: str, known: Iterable[str]) -> str:
    nearest = _nearest(word, known)
    return f"The nearest is {nearest!r}" if nearest else f"It knows {', '.join(sorted(known))}"


def _nearest(word: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)), "")
