import json

import pytest

from rtt.capture.devices import COLUMNS, default_input, listing, plain, row
from rtt.capture.sound import Input
from rtt.core.errors import SourceError

MIC = Input("Mic\tone", "ALSA", 2, 48_000, key=3)
MIXER = Input("Mixer", "JACK Audio", 18, 44_100, default=True, key=4)


def test_the_default_is_the_one_the_system_prefers() -> None:
    """Not the first one."""
    assert default_input([MIC, MIXER]) is MIXER


def test_no_input_and_no_default_are_told_apart() -> None:
    """Each has its own mend; no input is taken in place of a default."""
    with pytest.raises(SourceError, match="no sound input"):
        default_input([])
    with pytest.raises(SourceError, match="none of them is the default"):
        default_input([MIC])


def test_plain_lines_have_as_many_cells_as_columns_whatever_the_names() -> None:
    """A tab in a name cannot shift a script's columns."""
    lines = plain([MIC, MIXER]).splitlines()
    assert [len(line.split("\t")) for line in lines] == [len(COLUMNS)] * 2
    assert lines[1].split("\t") == ["*", "Mixer", "JACK Audio", "18", "44100"]
    assert row(MIC)[0] == ""


def test_the_json_list_has_every_column_and_no_number_that_changes() -> None:
    """PortAudio's indexes are worth nothing after a restart and are not shown."""
    body = json.loads(listing([MIC, MIXER]))
    assert [one["name"] for one in body] == ["Mic\tone", "Mixer"]
    assert body[1] == {"name": "Mixer", "system": "JACK Audio", "channels": 18, "rate": 44_100, "default": True}
    assert json.loads(listing([])) == []
