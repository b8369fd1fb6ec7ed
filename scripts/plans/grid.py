"""Plans a grid of requests for the described machines and resolves every command that can be resolved here.

Usage: ``python -m scripts.plans.grid [--uv PATH] [--no-resolve]``. Writes docs/grid.md. A command is
resolved with ``uv pip compile`` for the Python, system and C library of the machine that it is meant for, against the
index that pip is configured with; nothing is installed. Commands that need PyTorch's or NVIDIA's own index are marked:
those are not reachable from everywhere, and their releases are checked in the matrix only.
"""

import argparse
import datetime
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compat.description import load
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands.managers import CHANNEL
from compat.plan.model import Plan, Step
from compat.plan.solve import plan
from scripts.plans.page import PAGE

MACHINES = Path(__file__).resolve().parents[2] / "tests" / "machines" / "described"
REQUESTS: tuple[tuple[dict[str, str], str | None], ...] = (
    ({"tensorflow": "2.15"}, None),
    ({"tensorflow": "2.10"}, None),
    ({"tensorflow": "2.20"}, None),
    ({"torch": "2.6", "tensorrt": "10"}, None),
    ({"torch": "*"}, None),
    ({"torch": "2.1"}, None),
    ({"tensorflow": "*"}, None),
    ({"jax": "*"}, None),
    ({"onnxruntime": "*"}, None),
    ({"onnxruntime": "1.18"}, None),
    ({"tensorrt": "*"}, None),
    ({"torch": "2.x", "tensorflow": "2.x"}, None),
    ({"torch": "2.x", "onnxruntime": "*"}, "convert:torch-onnx"),
)
ELSEWHERE = "index not reachable here"


@dataclass(frozen=True)
class Line:
    """One cell of the grid."""

    machine: str
    asked: str
    outcome: str
    what: str
    resolves: str
    seconds: float


def main() -> int:
    """Plan, resolve, write; exit status 1 if a command does not resolve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv", help="the uv to resolve with")
    parser.add_argument("--no-resolve", action="store_true", help="plan only")
    options = parser.parse_args()
    matrix = Matrix.load()
    lines = [
        line
        for path in sorted(MACHINES.glob("*.toml"))
        for machine in load(str(path))
        for line in cells(machine, matrix, None if options.no_resolve else options.uv)
    ]
    sections = PAGE.read_text(encoding="utf-8").partition("\n## ")
    PAGE.write_text(table(lines, matrix) + "".join(sections[1:]), encoding="utf-8")
    failed = [line for line in lines if line.resolves.startswith("no:")]
    for line in failed:
        print(f"{line.machine}: {line.asked}: {line.resolves}", file=sys.stderr)
    return 1 if failed else 0


def cells(machine: Machine, matrix: Matrix, uv: str | None) -> list[Line]:
    """Every request for one machine."""
    found = []
    for wanted, goal in REQUESTS:
        start = time.perf_counter()
        answer = plan(machine, requests(wanted), matrix, parse(goal) if goal else None)
        seconds = time.perf_counter() - start
        asked = ", ".join(f"{name} {text}" for name, text in wanted.items()) + (f" ({goal})" if goal else "")
        resolves = "" if answer.outcome != "planned" or uv is None else resolved(answer, uv)
        found.append(Line(machine.name or "", asked, answer.outcome, shown(answer), resolves, seconds))
        print(f"{found[-1].machine}: {asked}: {answer.outcome} {resolves} ({seconds:.2f} s)", flush=True)
    return found


def shown(answer: Plan) -> str:
    """The builds of a plan, or the rules of a conflict and what lifts it."""
    if answer.outcome != "impossible":
        builds = (choice.label for choice in answer.choices)
        # conda-forge's packages and images are told by steps alone.
        whole = (
            str(step.after) if step.component == CHANNEL else f"{step.component} {step.after}"
            for step in answer.steps
            if step.kind in ("package", "container")
        )
        return ", ".join(builds) or ", ".join(dict.fromkeys(whole))
    rules = ", ".join(reason.rule for reason in answer.conflict)
    lifts = "; ".join(lift.needs for lift in answer.lifts)
    return rules + (f" (lifted by {lifts})" if lifts else "")


def resolved(answer: Plan, uv: str) -> str:
    """Does the last command, which has every requirement, resolve?"""
    steps = [step for step in answer.steps if step.kind == "package" and step.commands]
    if not steps:
        return "no command"
    own = [requirements(step) for step in steps]
    here = [names for names in own if names is not None]
    if not here:
        return ELSEWHERE
    verdict = compiled(here[-1], answer.result.python or "3.11", platform(answer.result), uv)
    partly = verdict == "yes" and None in own
    return f"{ELSEWHERE}; the rest: yes" if partly else verdict


def requirements(step: Step) -> tuple[str, ...] | None:
    """What a pip step installs; None where it needs another index or another installer."""
    command = next((one for one in step.commands if one.installer == "pip"), None)
    if command is None or any(word.startswith(("--index-url", "--extra-index-url", "https:")) for word in command.argv):
        return None
    names = command.argv[command.argv.index("install") + 1 :]
    return None if any("+cu" in name for name in names) else tuple(names)


def platform(machine: Machine) -> str:
    """uv's name of the platform."""
    if machine.os == "windows":
        return "x86_64-pc-windows-msvc"
    minor = int((machine.glibc or "2.31").split(".")[1])
    known = max(number for number in (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40) if number <= minor)
    return f"{machine.arch}-manylinux_2_{known}" if known != 17 else f"{machine.arch}-manylinux2014"


@cache
def compiled(names: tuple[str, ...], python: str, target: str, uv: str) -> str:
    """``yes``, or ``no:`` and the resolver's own words."""
    line = ".".join(python.split(".")[:2])
    done = subprocess.run(
        [
            uv,
            "pip",
            "compile",
            "-",
            "--quiet",
            "--no-header",
            "--python-version",
            line,
            "--python-platform",
            target,
            "--only-binary",
            ":all:",
        ],
        input="\n".join(names),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **index()},
    )
    if done.returncode == 0:
        return "yes"
    return "no: " + " ".join(done.stderr.split())[:300].replace("|", "/")


@cache
def index() -> dict[str, str]:
    """pip's configured index, for uv, which does not read pip's configuration."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    return {"UV_DEFAULT_INDEX": done.stdout.strip()} if done.stdout.strip() else {}


def table(lines: list[Line], matrix: Matrix) -> str:
    """The grid as Markdown."""
    counts = Counter(line.outcome for line in lines)
    # What the resolver said of the rest belongs to the answer: only a refusal's own words are left out.
    answers = Counter(
        "no" if line.resolves.startswith("no:") else line.resolves for line in lines if line.outcome == "planned"
    )
    head = [
        "# The grid",
        "",
        f"{len(lines)} requests, planned on {datetime.date.today()} with the matrix of {matrix.date} by "
        + "`scripts/plans/grid.py`: "
        + ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        + ".",
        "Each command was resolved for the machine's Python and platform: "
        + ", ".join(f"{number} {name}" for name, number in sorted(answers.items()))
        + ".",
        "Commands that name PyTorch's or NVIDIA's own index could not be resolved where this was made.",
        "",
        "| machine | asked | outcome | what | resolves |",
        "|---|---|---|---|---|",
    ]
    return (
        "\n".join(
            [
                *head,
                *(f"| {one.machine} | {one.asked} | {one.outcome} | {one.what} | {one.resolves} |" for one in lines),
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
