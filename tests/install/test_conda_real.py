"""The real conda, over a channel in a folder: install, rollback, a new environment. Skipped where there is no conda.

conda is on no package index of Python's; a checkout of it runs with ``python -m conda`` (26.7 did, 2026-11-23), and
``CONDA_EXE`` may name a script that does that.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import tiny
from channel import channel

CONDA = os.environ.get("CONDA_EXE") or shutil.which("conda")
pytestmark = pytest.mark.skipif(CONDA is None or sys.platform != "linux", reason="no conda is here")


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a conda that knows no other channel than the one of this folder, which it takes for conda-forge."""
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("conda")))
    channel(folder / "channels" / "conda-forge")
    settings = folder / "condarc"
    settings.write_text(
        f"channels: [conda-forge]\ncustom_channels:\n  conda-forge: file://{folder}/channels\n"
        f"pkgs_dirs: [{folder}/packages]\nsolver: classic\n"
    )
    return {"CONDA_EXE": str(CONDA), "CONDARC": str(settings)}


@pytest.fixture
def env(tmp_path: Path, conda: dict[str, str]) -> Path:
    """An environment of conda's with onnx 1.17.0."""
    folder = Path(os.path.realpath(tmp_path)) / "env"
    line = f"python={sys.version_info[0]}.{sys.version_info[1]}"
    argv = [str(CONDA), "create", "--yes", "--quiet", "--prefix", str(folder), line, "pip", "onnx=1.17.0"]
    subprocess.run(argv, env={**os.environ, **conda}, check=True, capture_output=True)
    return folder


def _plan(folder: Path) -> Path:
    steps = [_step("onnx", "1.17.0", "1.18.0"), _step("numpy", None, "2.0.0")]
    return tiny.write_plan(folder / "plan.json", tiny.plan(*steps))


def _step(name: str, before: str | None, after: str) -> dict[str, Any]:
    argv = ["conda", "install", "--yes", "--channel", "conda-forge", f"{name}={after}"]
    one = tiny.step(name, before, after)
    return {**one, "commands": [{"installer": "conda", "argv": argv, "shell": shlex.join(argv)}]}


def _records(env: Path) -> list[str]:
    return sorted(one.name for one in (env / "conda-meta").glob("[no]*-*.json"))


def test_installs_and_goes_back(env: Path, tmp_path: Path, conda: dict[str, str]) -> None:
    before = tiny.manifest(env)
    plan = _plan(tmp_path)
    done = tiny.compatcheck("install", str(plan), "--python", str(env), "--yes", **conda)
    assert done.returncode == 0, done.stderr
    assert _records(env) == ["numpy-2.0.0-0.json", "onnx-1.18.0-0.json"]
    assert tiny.compatcheck("rollback", str(env), "--yes", **conda).returncode == 0
    assert tiny.manifest(env) == before
    assert _records(env) == ["onnx-1.17.0-0.json"]


def test_a_kill_within_conda(env: Path, tmp_path: Path, conda: dict[str, str]) -> None:
    before = tiny.manifest(env)
    argv = tiny.argv("install", str(_plan(tmp_path)), "--python", str(env), "--yes")
    nowhere = subprocess.DEVNULL
    run = subprocess.Popen(argv, env=tiny.variables_of(**conda), stdout=nowhere, stderr=nowhere, cwd="/")
    while run.poll() is None and _records(env) == ["onnx-1.17.0-0.json"]:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.wait()
    done = tiny.compatcheck("rollback", str(env), "--yes", **conda)
    assert done.returncode == 0, done.stderr
    assert tiny.manifest(env) == before


def test_what_the_channel_lacks(env: Path, tmp_path: Path, conda: dict[str, str]) -> None:
    before = tiny.manifest(env)
    steps = [_step("onnx", "1.17.0", "1.18.0"), _step("numpy", None, "9.9.9")]
    plan = tiny.write_plan(tmp_path / "plan.json", tiny.plan(*steps))
    done = tiny.compatcheck("install", str(plan), "--python", str(env), "--yes", **conda)
    assert done.returncode == 1
    assert "the environment is as it was" in done.stderr
    assert tiny.manifest(env) == before


def test_a_new_environment(tmp_path: Path, conda: dict[str, str]) -> None:
    fresh = Path(os.path.realpath(tmp_path)) / "fresh"
    options = ("install", str(_plan(tmp_path)), "--into", str(fresh), "--yes")
    done = tiny.compatcheck(*options, **conda)
    assert done.returncode == 0, done.stderr
    assert _records(fresh) == ["numpy-2.0.0-0.json", "onnx-1.18.0-0.json"]
    assert tiny.compatcheck("rollback", str(fresh), "--yes", **conda).returncode == 0
    assert not fresh.exists()
