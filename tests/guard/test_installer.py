"""The real run: pip is held until the verdict, resolves once, and what was let through is what is installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from environments import MACHINES

from compat.description import to_dict
from compat.guard.held import can_hold
from compat.guard.invocation import read

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "install"))
import tiny

sys.path.pop(0)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="pip is held on POSIX systems only")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with torch's metadata, wheels, and the description of a machine with an H100."""
    folder = tmp_path_factory.mktemp("guard")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True, capture_output=True)
    store = folder / "wheels"
    store.mkdir()
    for name, version in (("torch", "2.6.0"), ("nvidia_cudnn_cu12", "9.1.0.70"), ("nvidia_cudnn_cu13", "9.13.0.50")):
        tiny.wheel(store, name, version, {})
    tiny.wheel(store, "plain", "1.0", {}, requires="other")
    tiny.wheel(store, "other", "2.0", {})
    tiny.pip(folder / "env", "install", "--no-index", "--find-links", str(store), "torch", "nvidia-cudnn-cu12")
    (folder / "machine.json").write_text(json.dumps(to_dict(MACHINES["h100"])))
    return folder


def guard(made: Path, *words: str, first: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv(made, *words, first=first), env=tiny.variables_of(**variables), cwd="/", capture_output=True, text=True
    )


def argv(made: Path, *words: str, first: tuple[str, ...] = ()) -> list[str]:
    own = ("--python", f"{made}/env/bin/python", "--machine", f"{made}/machine.json", *first)
    return tiny.argv("guard", "pip", *own, *words)


def installed(made: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in made.glob("env/lib/python*/site-packages/*.dist-info")}


@pytest.fixture
def as_before(made: Path) -> set[str]:
    left = {"plain", "other", "nvidia_cudnn_cu13"} & installed(made)
    if left:
        tiny.pip(made / "env", "uninstall", "-qy", *left)
    return installed(made)


def test_one_resolution(made: Path, as_before: set[str]) -> None:
    """Behind the guard pip asks the index for each page once, as without it."""
    asked: list[str] = []
    with tiny.index(made / "wheels", asked=asked) as address:
        done = guard(made, "install", "plain", PIP_INDEX_URL=address, PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert done.returncode == 0, done.stderr
    assert installed(made) == {*as_before, "plain", "other"}
    assert "Successfully installed" in done.stdout
    assert sorted(path for path in asked if path.endswith("/")) == ["/simple/other/", "/simple/plain/"]


def test_what_breaks_is_ended_before_it_changes_anything(made: Path, as_before: set[str], tmp_path: Path) -> None:
    more = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(made / "wheels"), "TMPDIR": str(tmp_path)}
    done = guard(made, "install", "nvidia-cudnn-cu13", **more)
    assert done.returncode == 1
    assert "use:torch: works now and would not any more" in done.stderr
    assert installed(made) == as_before
    assert list(tmp_path.iterdir()) == []
    done = guard(made, "install", "nvidia-cudnn-cu13", first=("--yes-anyway",), **more)
    assert done.returncode == 0
    assert installed(made) == {*as_before, "nvidia_cudnn_cu13"}


def test_only_judged(made: Path, as_before: set[str]) -> None:
    done = guard(made, "install", "plain", first=("--dry-run",), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(made / "wheels"))
    assert done.returncode == 0
    assert installed(made) == as_before


def test_pips_own_failure_is_its_own(made: Path, as_before: set[str]) -> None:
    done = guard(made, "install", "nothing-of-this-name", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(made / "wheels"))
    assert done.returncode == 1
    assert "No matching distribution" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_guard_that_is_ended_installs_nothing(made: Path, as_before: set[str], number: int, tmp_path: Path) -> None:
    """Ended while pip waits for the verdict: pip ends too."""
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import signal, sys, time\nfrom compat.guard.gate import Gate\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job is born deaf to it
        "real = Gate._harms\n"
        f"def harms(*_):\n    open({str(tmp_path / 'waits')!r}, 'w').close()\n    time.sleep(60)\n"
        "Gate._harms = harms\nfrom compat.cli.app import run\nsys.exit(run(sys.argv[1:]))\n"
    )
    words = argv(made, "install", "plain")
    run = subprocess.Popen(
        [sys.executable, str(slow), *words[3:]],
        env=tiny.variables_of(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(made / "wheels")),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    while not (tmp_path / "waits").exists():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(number)
    run.communicate(timeout=30)  # returns only when pip, which shares the pipe, has ended as well
    assert run.returncode != 0
    assert installed(made) == as_before


def test_a_python_without_audit_events_is_asked_by_a_dry_run(made: Path, tmp_path: Path) -> None:
    old = next((found for name in ("python3.7", "python3.6") if (found := _works(name))), None)
    if old is None:
        pytest.skip("no Python 3.7")
    subprocess.run([old, "-m", "venv", str(tmp_path / "env")], check=True, capture_output=True)
    shutil.copy(made / "machine.json", tmp_path)
    done = guard(tmp_path, "install", "plain", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(made / "wheels"))
    assert "Successfully installed" in done.stdout or "22.2" in done.stderr


def _works(name: str) -> str | None:
    places = [shutil.which(name), *map(str, Path("/root/.pyenv/versions").glob(f"{name[6:]}*/bin/{name}"))]
    usable = (one for one in places if one and not subprocess.run([one, "-c", "import venv"], stderr=-3).returncode)
    return next(usable, None)


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ("pip install x", True),
        ("python3 -m pip install -r r.txt", True),
        ("pip install --dry-run x", True),
        ("pip install --report r.json x", False),
        ("pip --python /x/bin/python install x", False),
        ("pip uninstall x", False),
        ("uv pip install x", False),
    ],
)
def test_what_can_be_held(words: str, held: bool) -> None:
    assert can_hold(read(words.split(), None, {})) is held
