"""``install --system`` with real apt in a root of its own: each step is asked about, and looked at afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny

sys.path.insert(0, str(tiny.ROOT / "tests" / "guard"))
import aptlab

sys.path.pop(0)
pytestmark = pytest.mark.skipif(not aptlab.HAVE_APT, reason="needs apt, dpkg and root")


@pytest.fixture
def lab(tmp_path: Path) -> aptlab.Lab:
    made = aptlab.Lab(tmp_path / "root")
    made.deb("nvidia-driver-580", "580.95.05-1")
    made.deb("nvidia-driver-590", "590.44.01-1")
    made.repository()
    return made


def driver(branch: str) -> dict[str, Any]:
    argv = ["sudo", "apt-get", "install", "--yes", f"nvidia-driver-{branch}"]
    return {
        "kind": "driver",
        "component": "driver",
        "from": None,
        "to": branch,
        "why": [],
        "commands": [{"installer": "apt", "argv": argv, "shell": " ".join(argv)}],
        "needs_root": True,
        "reversible": True,
    }


def install(
    lab: aptlab.Lab, env: Path, plan: dict[str, Any], answers: str, *more: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    file = tiny.write_plan(lab.root / "plan.json", plan)
    return subprocess.run(
        tiny.argv("install", str(file), "--python", str(env), "--yes", *more),
        input=answers,
        env=tiny.variables_of(APT_CONFIG=str(lab.root / "apt.conf"), DEBIAN_FRONTEND="noninteractive", **variables),
        capture_output=True,
        text=True,
        cwd="/",
    )


PACKAGE = tiny.step("onnx", "1.17.0", "1.18.0", "install", "onnx==1.18.0")


def test_a_step_that_is_agreed_to_is_run_and_looked_at(lab: aptlab.Lab, env: Path, offline: dict[str, str]) -> None:
    done = install(lab, env, tiny.plan(driver("580"), PACKAGE), "y\n", "--system", **offline)
    assert done.returncode == 0, done.stderr
    assert "run as administrator: /usr/bin/apt-get install --yes nvidia-driver-580?" in done.stderr
    assert lab.version("nvidia-driver-580") == "580.95.05-1"
    assert "driver 580" in done.stderr  # what a fresh reading says: restart
    loaded = Path("/proc/driver/nvidia/version").exists()  # of this machine, which the step does not change
    assert ("restart the machine" in done.stderr) is not loaded
    assert "left to you" not in done.stdout


def test_yes_is_not_meant_for_the_system(lab: aptlab.Lab, env: Path, offline: dict[str, str]) -> None:
    """--yes answers for the environment; the system's question stays, and no is an answer: the rest goes on."""
    done = install(lab, env, tiny.plan(driver("580"), PACKAGE), "n\n", "--system", **offline)
    assert lab.version("nvidia-driver-580") is None
    assert list(env.glob("lib/*/site-packages/onnx-1.18.0.dist-info"))
    assert done.returncode == 0
    assert "left to you: driver 580: sudo apt-get install --yes nvidia-driver-580" in done.stdout


def test_each_step_is_asked_about(lab: aptlab.Lab, env: Path, offline: dict[str, str]) -> None:
    done = install(lab, env, tiny.plan(driver("580"), driver("590")), "y\nn\n", "--system", **offline)
    assert done.stderr.count("run as administrator") == 2
    assert lab.version("nvidia-driver-580") == "580.95.05-1"
    assert lab.version("nvidia-driver-590") is None


def test_without_the_option_nothing_of_the_system_is_run(lab: aptlab.Lab, env: Path, offline: dict[str, str]) -> None:
    done = install(lab, env, tiny.plan(driver("580"), PACKAGE), "y\n", **offline)
    assert lab.version("nvidia-driver-580") is None
    assert "left to you: driver 580: sudo apt-get install --yes nvidia-driver-580" in done.stdout


def test_a_system_step_that_fails_puts_the_environment_back(
    lab: aptlab.Lab, env: Path, offline: dict[str, str]
) -> None:
    before = tiny.manifest(env, compiled=True)
    done = install(lab, env, tiny.plan(PACKAGE, driver("610")), "y\n", "--system", **offline)
    assert done.returncode == 1
    assert "Unable to locate package nvidia-driver-610" in done.stdout + done.stderr
    assert "exit status 100" in done.stderr
    assert tiny.manifest(env, compiled=True) == before
