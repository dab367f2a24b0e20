"""What is installed works: the wheel, the wheel of the sdist, and the editable install each serve the page."""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rtt import __version__
from tests.harness.data import ROOT
from tests.harness.process import running

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WHEEL = f"rtt_captions-{__version__}-py3-none-any.whl"


def call(*command: object, cwd: Path = ROOT) -> str:
    """Run a command to its end and return what it said; fail with all of it otherwise."""
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=150, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist of the checkout, and the wheel of the sdist in `again`."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", folder)
    call("tar", "-xzf", f"rtt_captions-{__version__}.tar.gz", cwd=folder)
    source = folder / f"rtt_captions-{__version__}"
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "again", cwd=source)
    return folder


def environment(folder: Path) -> Path:
    """Make an environment that has rtt's dependencies (borrowed from this one) but not rtt; return its python."""
    venv.EnvBuilder(with_pip=False).create(folder)
    python = folder / "bin" / "python"
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return python


def install(python: Path, *what: object) -> None:
    """Install without looking anywhere for dependencies or build tools."""
    call(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-build-isolation", *what)


@contextmanager
def served(python: Path, folder: Path) -> Iterator[str]:
    """Serve from an installation, far from the checkout; yield the address."""
    command = (
        str(python.parent / "rtt"),
        "serve",
        "--engine",
        "scripted",
        "--port",
        "0",
        "--plain",
        "--data-dir",
        str(folder),
    )
    with running(*command, cwd=folder) as process:
        yield process.wait_line(r"(http://127\.0\.0\.1:\d+)", 60)[1]


def fetch(url: str) -> bytes:
    """Return what stands at an address."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
        return body


@pytest.mark.parametrize("which", ["wheel", "wheel of the sdist", "editable"])
def test_an_installation_serves_the_page(which: str, built: Path, tmp_path: Path) -> None:
    """Installed whichever way and run outside the checkout, `rtt` starts and its pages are those of templates/."""
    python = environment(tmp_path / "environment")
    away = tmp_path / "away"
    away.mkdir()
    what = {"wheel": [built / WHEEL], "wheel of the sdist": [built / "again" / WHEEL], "editable": ["-e", ROOT]}
    install(python, *what[which])
    where = call(python, "-c", "import rtt; print(rtt.__file__)", cwd=away)
    assert where.startswith(str(ROOT if which == "editable" else tmp_path))
    assert call(python.parent / "rtt", "--version", cwd=away) == f"rtt {__version__}\n"
    with served(python, away) as url:
        assert fetch(f"{url}/") == (ROOT / "templates" / "index.html").read_bytes()
        page = fetch(f"{url}/room/aula1")
        assert page == (ROOT / "templates" / "room.html").read_bytes()
        linked = re.findall(rb'(?:src|href)="([^"]*static/[^"]+)"', page)
        assert linked
        for link in linked:
            name = link.decode().rpartition("/")[2]
            assert fetch(f"{url}/static/{name}") == (ROOT / "templates" / name).read_bytes()


def test_the_wheel_holds_the_program_and_nothing_else(built: Path) -> None:
    """Every module and every file of the page is in it; tests and benchmarks are not."""
    with zipfile.ZipFile(built / WHEEL) as wheel:
        names = set(wheel.namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rtt").rglob("*.py")}
    templates = ROOT / "templates"
    files = [path.relative_to(templates).as_posix() for path in templates.rglob("*") if path.is_file()]
    pages = {f"rtt/_templates/{name}" for name in files}
    assert modules | pages <= names
    assert {name.split("/")[0] for name in names} == {"rtt", f"rtt_captions-{__version__}.dist-info"}
    assert f"rtt_captions-{__version__}.dist-info/licenses/LICENSE" in names


def test_both_wheels_are_the_same(built: Path) -> None:
    """The sdist carries all that the wheel is made of."""

    def contents(path: Path) -> dict[str, int]:
        with zipfile.ZipFile(path) as wheel:
            return {entry.filename: entry.CRC for entry in wheel.infolist()}

    assert contents(built / WHEEL) == contents(built / "again" / WHEEL)


def locked(path: Path) -> set[str]:
    """Return the names of the distributions a lock file pins."""
    return set(re.findall(r"^([a-z0-9._-]+)==", path.read_text(), flags=re.MULTILINE))


def names(requirements: list[object]) -> set[str]:
    """Return the names in a list of requirements."""
    return {re.split(r"[<>=!~;\[ ]", one)[0].lower() for one in requirements if isinstance(one, str)}


def test_the_locks_cover_what_the_project_needs() -> None:
    """Every dependency of pyproject.toml is pinned, and the tests run with the very versions users get."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run = names(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        run |= names(extra)
    run |= names(project["dependency-groups"]["build"])
    assert run <= locked(ROOT / "requirements" / "run.txt")
    assert run | names(project["dependency-groups"]["dev"]) <= locked(ROOT / "requirements" / "dev.txt")
    pins = [set(re.findall(r"^[a-z0-9._-]+==\S+(?: ;.*)?", path.read_text(), flags=re.MULTILINE)) for path in LOCKS]
    small, large = sorted(pins, key=len)
    assert {pin.rstrip(" \\") for pin in small} <= {pin.rstrip(" \\") for pin in large}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_has_hashes_and_no_address(path: Path) -> None:
    """Packages come from wherever the machine is set to, and are still the same to the bit."""
    text = path.read_text()
    assert "://" not in text
    assert re.findall(r"^-.*", text, flags=re.MULTILINE) == []
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_no_sentence_sends_users_to_somebody_else_s_package() -> None:
    """The name `rtt` on the public index is not ours."""
    wrong = "pip install " + "rtt"
    for path in (*ROOT.glob("*.md"), *(ROOT / "rtt").rglob("*.py"), *(ROOT / "templates").rglob("*.html")):
        assert not re.search(rf"{wrong}(?!-captions)", path.read_text(encoding="utf-8")), path


def test_make_says_what_there_is_to_make() -> None:
    """`make` alone explains itself and changes nothing; every target is in it."""
    said = call("make", "--no-print-directory")
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert targets
    assert re.findall(r"^make (\S+) ", said, flags=re.MULTILINE) == targets[1].split()


def test_what_is_missing_is_named_in_one_line(tmp_path: Path) -> None:
    """Where nothing may be installed, `make test-deps` says what to install, and how, and fails."""
    command = tmp_path / "sh"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o700)
    for name in ("apt-get", "sudo"):
        (tmp_path / name).symlink_to(command)
    words = ("make", "test-deps", "RUN_LIBRARIES=libnowhere.so.1:libnowhere1", "TEST_COMMANDS=nowhere-x:nowhere")
    with running(*words, cwd=ROOT, env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "CI": "true"}) as process:
        process.close_stdin()
        assert process.ended(60) == 2
        (line,) = (line for line in process.stderr if "apt-get install" in line)
        assert "libnowhere1" in line
        assert "nowhere" in line.split()


def test_nothing_installs_a_second_sound_server() -> None:
    """The package pulseaudio takes pipewire-alsa away without a word: the next login may have no sound."""
    for path in (ROOT / "Makefile", ROOT / ".ci" / "run"):
        text = re.sub(r"^#.*$", "", path.read_text(), flags=re.MULTILINE)
        assert not re.search(r"\bpulseaudio\b", text)


def test_the_ci_script_runs() -> None:
    """`bash .ci/run` is a valid script that may be executed, and ends with the README's test command."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    call("bash", "-n", script)
    assert "make test" in script.read_text().splitlines()[-1]
    assert "\n    make test " in (ROOT / "README.md").read_text()
