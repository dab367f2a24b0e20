import json
import os
from pathlib import Path

import pytest

from tests.harness import data
from tests.harness.need import need


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Name a folder in RTT_TEST_DATA for the length of one test."""
    before = os.environ.get("RTT_TEST_DATA")
    os.environ["RTT_TEST_DATA"] = str(tmp_path)
    yield tmp_path
    if before is None:
        del os.environ["RTT_TEST_DATA"]
    else:
        os.environ["RTT_TEST_DATA"] = before


def test_the_folder_named_by_the_environment_counts(named: Path) -> None:
    """RTT_TEST_DATA goes before the usual place, and a folder without manifest is none."""
    assert data.folder() is None
    with pytest.raises(FileNotFoundError, match="need"):
        data.clips()
    (named / "manifest.json").write_text(
        json.dumps(
            [
                {"id": "a", "kind": "speech", "set": "x", "dur": 1.5, "lang": "en", "text": "hello", "path": "a.wav"},
                {"id": "b", "kind": "noise", "set": "y", "dur": 2, "path": "n/b.wav"},
            ]
        )
    )
    assert data.folder() == named
    assert [clip.id for clip in data.clips()] == ["a", "b"]
    assert [clip.text for clip in data.clips(language="en")] == ["hello"]
    assert data.clips(kind="noise")[0].path == named / "n" / "b.wav"


def test_every_recording_of_the_manifest_is_there() -> None:
    """The manifest names files that exist."""
    need("data")
    found = data.clips()
    assert found
    assert [clip.id for clip in found if not clip.path.is_file()] == []
