"""kill -9 at every journal entry, of the installation and of the rollback: nothing is lost in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

HERE = Path(__file__).parent
ENTRIES = ("begin", "recorded", "before 1", "after 1", "before 2", "after 2", "done")


def killed(number: int, moment: str, *arguments: str, **variables: str) -> int:
    argv = [sys.executable, str(HERE / "killed.py"), str(number), moment, *arguments]
    return subprocess.run(
        argv, env=tiny.variables_of(**variables), capture_output=True, cwd="/", check=False
    ).returncode


@pytest.mark.parametrize("moment", ["before", "torn", "after"])
@pytest.mark.parametrize("number", range(1, len(ENTRIES) + 1))
def test_killed_at_an_entry(
    env: Path, as_made: dict[str, str], plan_file: Path, offline: dict[str, str], number: int, moment: str
) -> None:
    install = ("install", str(plan_file), "--python", str(env), "--yes")
    assert killed(number, moment, *install, **offline) == -signal.SIGKILL
    done = tiny.compatcheck("rollback", str(env), "--yes")
    assert done.returncode == 0, done.stderr
    assert tiny.manifest(env, compiled=True) == as_made
    assert not os.path.exists(f"{env}.compatcheck")


def test_all_entries_were_killed(env: Path, plan_file: Path, offline: dict[str, str]) -> None:
    """An entry more than are listed is never reached: the list above is the whole of them."""
    install = ("install", str(plan_file), "--python", str(env), "--yes")
    assert killed(len(ENTRIES) + 1, "before", *install, **offline) == 0


@pytest.mark.parametrize("number", [2, 4, 6])
def test_the_next_run_recovers(env: Path, plan_file: Path, offline: dict[str, str], number: int) -> None:
    install = ("install", str(plan_file), "--python", str(env), "--yes")
    killed(number, "after", *install, **offline)
    done = tiny.compatcheck(*install, **offline)
    # After the last entry all steps were done: the run counts as finished, and the plan does not fit a second time.
    assert done.returncode == (2 if number == 6 else 0), done.stderr
    assert list(env.glob("lib/*/site-packages/onnx-1.18.0.dist-info"))
    assert not list(env.glob("lib/*/site-packages/onnx-1.17.0.dist-info"))
    assert list(env.glob("lib/*/site-packages/numpy-2.0.0.dist-info"))


@pytest.mark.parametrize("moment", ["before", "torn", "after"])
def test_rollback_killed(
    env: Path, as_made: dict[str, str], plan_file: Path, offline: dict[str, str], moment: str
) -> None:
    assert tiny.compatcheck("install", str(plan_file), "--python", str(env), "--yes", **offline).returncode == 0
    assert killed(1, moment, "rollback", str(env), "--yes") == -signal.SIGKILL
    assert tiny.compatcheck("rollback", str(env), "--yes").returncode == 0
    assert tiny.manifest(env, compiled=True) == as_made


def test_random_kills() -> None:
    """The bounded version of ``scripts/kills.py --count 200``."""
    argv = [sys.executable, "-m", "scripts.kills", "--count", "3", "--seed", "7"]
    done = subprocess.run(argv, cwd=tiny.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
