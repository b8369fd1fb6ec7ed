"""The jobs that action.yml and docs/ci.md hold, their own lines run by a shell; only what installs is left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from compat.description import load, to_dict

ROOT = Path(__file__).resolve().parents[2]
MACHINE = "compat/examples/workstation.toml"
BAD, GOOD = "torch==2.5.1\n", "torch==2.13.0+cu129\n"
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is here")


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A project with its description of the target, and the program where jobs look for it."""
    program = tmp_path / "runner" / "compatcheck" / "bin" / "compatcheck"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m compat "$@"\n')
    program.chmod(0o755)
    (tmp_path / "ci").mkdir()
    for place in (tmp_path / "ci" / "target.json", tmp_path / "target.json"):
        place.write_text(json.dumps(to_dict(next(load(str(ROOT / MACHINE))))))
    return tmp_path


def run(job: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{job}/runner/compatcheck/bin:{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "RUNNER_TEMP": f"{job}/runner", **variables}
    # as GitHub and GitLab start it
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(argv, env=environ, cwd=job, capture_output=True, text=True, check=False)


def _block(text: str, head: str) -> str:
    """The indented block of text behind a line."""
    lines = text.split(f"{head}\n", 1)[1].split("\n")
    size = len(lines[0]) - len(lines[0].lstrip())
    inside = []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) < size:
            break
        inside.append(line)
    return textwrap.dedent("\n".join(inside))


def _action() -> tuple[str, dict[str, str]]:
    """The script of the step that checks, and its inputs' defaults by the names of their variables."""
    text = (ROOT / "action.yml").read_text()
    given = dict(re.findall(r"(INPUT_\w+): \$\{\{ inputs\.([\w-]+) \}\}", text))
    inputs = _block(text, "inputs:")
    defaults = {}
    for variable, name in given.items():
        found = re.search(r"^default: (.*)$", _block(inputs, f"{name}:"), re.MULTILINE)
        defaults[variable] = found[1].strip('"') if found else ""
    return _block(text.split("- name: Check", 1)[1], "      run: |"), defaults


@pytest.mark.parametrize(("text", "status"), [(BAD, 1), (GOOD, 0)])
def test_the_action(job: Path, text: str, status: int) -> None:
    script, defaults = _action()
    assert "--format github" in script
    assert defaults["INPUT_FAIL_ON"] == "error"
    (job / "requirements.txt").write_text(text)
    (job / "my list.txt").write_text("numpy\n")
    summary = job / "summary.md"
    more = {
        "INPUT_FILES": "requirements.txt\nmy list.txt\n",
        "INPUT_MACHINE": "ci/target.json",
        "INPUT_SARIF": "out.sarif",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = run(job, script, **{**defaults, **more})
    assert done.returncode == status, done.stderr
    assert ("::error file=requirements.txt,line=1" in done.stdout) is bool(status)
    assert json.loads((job / "out.sarif").read_text())["version"] == "2.1.0"
    assert "torch" in summary.read_text()


def test_inputs_of_the_action_are_no_commands(job: Path) -> None:
    script, defaults = _action()
    attack = "$(touch hit) `touch hit`; touch hit"
    done = run(job, script, **{**defaults, "INPUT_FILES": attack, "GITHUB_STEP_SUMMARY": str(job / "s.md")})
    assert done.returncode == 1  # of the shell: a step before the last has failed
    assert not (job / "hit").exists()


@pytest.mark.parametrize(("text", "status"), [(BAD, 1), (GOOD, 0)])
def test_the_job_of_gitlab(job: Path, text: str, status: int) -> None:
    block = _block((ROOT / "docs" / "ci.md").read_text(), "    compatcheck:")
    script = [line.lstrip("- ") for line in _block(block, "script:").strip().splitlines()]
    report = re.search(r"codequality: (\S+)", block)
    assert report is not None
    assert script[0] == "pip install ./tools/compatcheck"
    (job / "requirements.txt").write_text(text)
    done = run(job, "\n".join(script[1:]))
    assert done.returncode == status, done.stderr
    entries = json.loads((job / report[1]).read_text())
    assert bool(entries) is bool(status)
    for entry in entries:
        assert entry.keys() >= {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["location"]["path"] == "requirements.txt"


@pytest.mark.parametrize(("text", "status"), [(BAD, 1), (GOOD, 0)])
def test_the_line_of_a_dockerfile(job: Path, text: str, status: int) -> None:
    block = _block((ROOT / "docs" / "ci.md").read_text(), "## Dockerfile\n")
    lines = [line.removeprefix("RUN ") for line in block.splitlines() if line.startswith("RUN ")]
    assert len(lines) == 2
    (job / "requirements.txt").write_text(text)
    assert run(job, lines[1]).returncode == status
