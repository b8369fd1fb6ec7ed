"""Carries random plans of the grid out for real and checks each: ``python -m scripts.plans.installs``.

Requests are drawn from the grid's machines (x86-64 Linux with a GPU) for the Python and the C library that are here; of
these plans those count whose every command the configured index can serve. Each gets an environment, its commands are
run as they stand (pip and uv in turn), and ``compatcheck check`` judges what was then found there together with the
described GPU and driver. The table goes to docs/grid.md. Environments are removed when they were checked; the wheels of
CUDA are large: ten environments download 10 to 20 GB and hold 5 GB at a time.
"""

import argparse
import datetime
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compat.description import from_dict, load, to_dict
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.model import Plan
from compat.plan.solve import plan
from compat.records import replace
from scripts.plans.grid import MACHINES, REQUESTS, index, requirements
from scripts.plans.page import INSTALLS, PAGE, renew

MORE: tuple[tuple[dict[str, str], str | None], ...] = (
    ({"torch": "2.4"}, None),
    ({"torch": "2.7"}, None),
    ({"torch": "2.9"}, None),
    ({"tensorflow": "2.18"}, None),
    ({"jax": "0.4"}, None),
    ({"jax": "0.6"}, None),
    ({"onnxruntime": "1.20"}, None),
    ({"onnxruntime": "1.22"}, None),
    ({"torch": "2.6", "onnxruntime": "*"}, "convert:torch-onnx"),
    ({"tensorflow": "2.x", "onnxruntime": "*"}, None),
    ({"jax": "*", "onnxruntime": "*"}, None),
    ({"torch": "*", "jax": "*"}, None),
)


@dataclass(frozen=True)
class Line:
    """One plan that was carried out."""

    machine: str
    asked: str
    what: str
    installer: str
    verdict: str
    seconds: float


def main() -> int:
    """Draw, install, check, write; exit status 1 where a plan does not install or its machine does not pass."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--work", help="folder for the environments; a temporary one where none is named")
    options = parser.parse_args()
    work = Path(options.work or tempfile.mkdtemp(prefix="compatcheck-installs-"))
    matrix = Matrix.load()
    lines: list[Line] = []
    for number, one in enumerate(list(draw(matrix, options.seed, options.count, work))):
        lines.append(carried_out(one, number, options.uv, work))
        renew(PAGE, INSTALLS, table(lines, options.seed))  # what was carried out stands, wherever the run ends
    return 1 if any(line.verdict != "compatible" for line in lines) else 0


def draw(matrix: Matrix, seed: int, count: int, work: Path) -> Iterator[Plan]:
    """Random plans, no two of the same builds, that the index here serves."""
    cells = [
        (replace(machine, python=platform.python_version(), glibc=platform.libc_ver()[1], packages={}), wanted, goal)
        for path in sorted(MACHINES.glob("*.toml"))
        for machine in load(str(path))
        if machine.os == "linux" and machine.arch == "x86_64" and machine.gpus
        for wanted, goal in (*REQUESTS, *MORE)
    ]
    random.Random(seed).shuffle(cells)  # noqa: S311  # a draw that can be repeated
    seen: set[tuple[str, ...]] = set()
    for machine, wanted, goal in cells:
        machine = replace(machine, interpreter=str(work / str(len(seen)) / "bin" / "python"))
        answer = plan(machine, requests(wanted), matrix, parse(goal) if goal else None)
        steps = [step for step in answer.steps if step.kind == "package"]
        labels = tuple(choice.label for choice in answer.choices)
        if answer.outcome != "planned" or labels in seen or any(requirements(step) is None for step in steps):
            continue
        seen.add(labels)
        yield answer
        if len(seen) == count:
            return


def carried_out(answer: Plan, number: int, uv: str, work: Path) -> Line:
    """Make the environment, run the commands, check what is there."""
    installer = ("pip", "uv")[number % 2]
    asked = ", ".join(f"{one.component} {one.text}" for one in answer.requests)
    what = ", ".join(choice.label for choice in answer.choices)
    print(f"{answer.machine.name}: {asked}: {what}", flush=True)
    folder = work / str(number)
    start = time.perf_counter()
    environment = {**os.environ, **index(), "UV_CACHE_DIR": str(work / "cache")}
    commands: list[tuple[str, ...]] = [(sys.executable, "-m", "venv", str(folder))]
    for step in answer.steps:
        commands += [one.argv for one in step.commands if one.installer == installer]
    verdict = ""
    for argv in commands:
        words = (uv, *argv[1:]) if argv[0] == "uv" else argv
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=1800, check=False)
        if done.returncode:
            verdict = "no: " + " ".join(done.stderr.split())[-200:].replace("|", "/")
            break
    verdict = verdict or checked(answer, folder)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"  {installer}: {verdict}", flush=True)
    return Line(answer.machine.name or "", asked, what, installer, verdict, time.perf_counter() - start)


def checked(answer: Plan, folder: Path) -> str:
    """The verdict on the environment as it was read from its files, on the described machine, for the plan's goals."""
    environment = dict(os.environ)
    if any(step.kind == "setting" and "LD_LIBRARY_PATH holds" in step.after for step in answer.steps):
        environment["LD_LIBRARY_PATH"] = ":".join(
            map(str, sorted(folder.glob("lib/python*/site-packages/nvidia/*/lib")))
        )
    read = subprocess.run(
        [sys.executable, "-m", "compat", "facts", "--python", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    machine = equipped(answer.machine, from_dict(json.loads(read.stdout)))
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(to_dict(machine), file)
        file.flush()
        verdicts = [_verdict(file.name, goal) for goal in answer.goals]
    return next((one for one in verdicts if one != "compatible"), "compatible")


def equipped(described: Machine, here: Machine) -> Machine:
    """The described machine with the environment that was read here; what the driver brings is not missing there."""
    missing = [name for name in here.missing_libraries or () if not name.startswith(("libcuda.so", "libnvidia-ml.so"))]
    return replace(
        described,
        python=here.python,
        packages=here.packages,
        builds=here.builds,
        duplicates=here.duplicates,
        damaged=here.damaged,
        libraries=tuple(one for one in here.libraries or () if one.origin in ("pip", "bundled")),
        missing_libraries=tuple(missing),
    )


def _verdict(file: str, goal: Goal) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "compat", "check", "--machine", file, "--goal", str(goal), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    one = answer[0] if isinstance(answer, list) else answer
    rules = ", ".join(found["rule"] for found in one["findings"] if found["severity"] == "error")
    return str(one["verdict"]) + (f" ({rules})" if rules else "")


def table(lines: list[Line], seed: int) -> str:
    """The section of the page."""
    today = datetime.date.today().isoformat()
    line = platform.python_version()
    return "\n".join(
        [
            f"{len(lines)} plans drawn at random (seed {seed}) by `scripts/plans/installs.py` carried out on {today}",
            f"with Python {line} and glibc {platform.libc_ver()[1]}, without a GPU: the GPU and the driver are",
            "those of the described machine.",
            "",
            "| machine | asked | installed | with | check | seconds |",
            "|---|---|---|---|---|---|",
            *(
                f"| {one.machine} | {one.asked} | {one.what} | {one.installer} | {one.verdict} | {one.seconds:.0f} |"
                for one in lines
            ),
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
