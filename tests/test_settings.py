import os
import sys
from pathlib import Path

import pytest

from rtt.core.errors import UsageError
from rtt.settings import (
    Config,
    Option,
    config_path,
    data_path,
    defaults,
    load,
    room_languages,
    room_options,
    state_path,
)
from tests.harness.process import running

COMMANDS = {
    "serve": [Option("port", ("port",)), Option("data_dir", ("data-dir",)), Option("tag", ("tag",), many=True)],
    "capture": [Option("wait", ("wait",), flag=True, off=("no-wait",)), Option("loop", ("loop",), flag=True)],
}


def written(folder: Path, text: str) -> Path:
    """Write a config.toml."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    """The user's own file need not exist."""
    with running(
        sys.executable,
        "-c",
        "from rtt import settings as s; print(s.load()); print(s.config_path())",
        env={"XDG_CONFIG_HOME": str(tmp_path)},
    ) as process:
        assert process.ended() == 0
        assert process.stdout[0] == str(Config())
        assert process.stdout[1] == str(tmp_path / "rtt" / "config.toml")


def test_both_places_are_the_platform_s() -> None:
    """Settings and data live where the platform keeps a user's files, each under rtt's name."""
    assert config_path().parent.name == data_path().name == state_path().name == "rtt"


def test_values_arrive_as_the_command_line_would_give_them(tmp_path: Path) -> None:
    """Numbers become text (the command checks them), switches stay switches, and a no- key means the contrary."""
    path = written(
        tmp_path,
        '[serve]\nport = 8001\ndata-dir = "/srv/è"\ntag = ["a", 2, true]\n[capture]\nno-wait = true\nloop = false\n',
    )
    assert defaults(load(path), COMMANDS) == {
        "serve": {"port": "8001", "data_dir": "/srv/è", "tag": ["a", "2", "true"]},
        "capture": {"wait": False, "loop": False},
    }


def test_underscores_are_taken_for_dashes(tmp_path: Path) -> None:
    """TOML's habit and the command line's name the same option."""
    assert defaults(load(written(tmp_path, '[serve]\ndata_dir = "x"')), COMMANDS)["serve"] == {"data_dir": "x"}


def test_rooms_have_options_of_the_paid_engine(tmp_path: Path) -> None:
    """What differs in one room stands in its table; a value of the wrong kind is an error with the right one."""
    config = load(written(tmp_path, '[rooms.aula1]\nvocabulary = "python"\nspeaker-labels = true\n[rooms.b]\n'))
    assert room_options(config) == {"aula1": {"vocabulary": "python", "speaker_labels": True}}
    with pytest.raises(UsageError, match="true or false"):
        load(written(tmp_path, '[rooms.aula1]\nspeaker-labels = "yes"\n'))
    with pytest.raises(UsageError, match="text in quotes"):
        load(written(tmp_path, "[rooms.aula1]\nvocabulary = 5\n"))


def test_rooms_have_languages(tmp_path: Path) -> None:
    """A room's table names its language; one without is allowed."""
    config = load(
        written(tmp_path, '[rooms.aula1]\nlanguage = "it-IT"\n[rooms.sala-b]\n[rooms."v.2"]\nlanguage = "en-US"\n')
    )
    assert room_languages(config) == {"aula1": "it-IT", "v.2": "en-US"}
    assert room_languages(Config()) == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 1", "'port' stands alone"),
        ("[serv]\nport = 1", "no table [serv]. The nearest is [serve]."),
        ("[serve]\nprot = 1", "[serve] has no key 'prot'. The nearest is 'port'."),
        ("[serve]\nzzz = 1", "It knows data-dir, port, tag."),
        ("[serve]\nport = 2020-01-01", "it takes a text or a number."),
        ("[serve]\nport = [1]", "it takes a text or a number."),
        ('[serve]\ntag = "a"', "it takes a list"),
        ('[capture]\nloop = "yes"', "it is a switch"),
        ("[capture]\nloop = 1", "it is a switch"),
        ("[serve", "is not valid TOML"),
        ('[rooms."../x"]', "cannot be a room's name"),
        ("rooms = 3", "'rooms' stands alone"),
        ("[rooms]\naula = 3", "rooms.aula is no table"),
        ('[rooms.a]\nlangage = "it"', "The nearest is 'language'."),
        ("[rooms.a]\nlanguage = 5", "is no language tag"),
        ('[rooms.a]\nlanguage = "italian please"', "is no language tag"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, text: str, says: str) -> None:
    """Each mistake is one sentence that names file, table and key, and the nearest that exists."""
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        defaults(load(path), COMMANDS)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_named_file_has_to_be_there_and_readable(tmp_path: Path) -> None:
    """Who names a file wants it read."""
    with pytest.raises(UsageError, match="there is no such file"):
        load(tmp_path / "missing.toml")
    with pytest.raises(UsageError, match="directory"):
        load(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not valid TOML"):
        load(binary)
    assert load(Path(os.devnull)).tables == {}
