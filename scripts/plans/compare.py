"""Holds plans against what uv and conda would choose: ``python -m scripts.plans.compare [--write]``.

uv's automatic backend (``uv pip install --torch-backend=auto``) looks at the driver only: of PyTorch's indexes whose
CUDA the driver serves it takes the first, newest CUDA first, that has a release inside the request. conda knows the
CUDA that the driver offers (``__cuda``) and that a build of conda-forge needs its major; the newest release wins, of it
a CUDA build. Neither looks at the GPU. Their choices are taken from the matrix by those rules and judged by the check.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from compat import versions
from compat.check import check
from compat.goals import parse
from compat.machine import Build, Machine
from compat.matrix import Matrix
from compat.plan.asking.request import goal_of, requests
from compat.plan.model import Plan
from compat.plan.offers.published import rows
from compat.plan.solve import plan
from compat.plan.solver.scene import Scene
from compat.plan.solver.search import Search
from compat.plan.ways.forge import cudnn_serves
from compat.records import replace
from scripts.fixtures.described import with_gpu
from scripts.plans.page import CONDA, PAGE, UV, renew

GPUS = (
    "Tesla K80",
    "NVIDIA GeForce GTX 980",
    "NVIDIA GeForce GTX 1080 Ti",
    "Tesla V100-SXM2-16GB",
    "Tesla T4",
    "NVIDIA GeForce RTX 3090",
    "NVIDIA H100 80GB HBM3",
    "NVIDIA GeForce RTX 5090",
)
DRIVERS = ("450.80.02", "470.256.02", "525.60.13", "535.183.06", "570.133.07", "580.178.04")
TORCH = ("*", "2.1", "2.4", "2.6", "2.8", "2.11")
# Least driver of each index, in the order in which uv asks them: crates/uv-torch/src/backend.rs of
# https://github.com/astral-sh/uv/tree/26a9dd4b2125bc271b47855e1fa0c49af3365db5 (2026-08-21)
UV_LINUX = (
    *((name, "580") for name in ("cu132", "cu130")),
    *((name, "525.60.13") for name in ("cu129", "cu128", "cu126", "cu124", "cu121")),
    *((name, "450.80.2") for name in ("cu118", "cu117", "cu116", "cu115", "cu113", "cu111")),
    *(("cu110", "450.36.6"), ("cu102", "440.33"), ("cu101", "418.39"), ("cu100", "410.48"), ("cu92", "396.26")),
)
# conda-forge's packages, and their component. A build draws cuda-version of its CUDA, which asks for __cuda of the same
# major: https://github.com/conda-forge/cuda-version-feedstock/tree/ae97761f7afac5c81141d3544927b67e333996f7
FORGE = {"pytorch": "torch", "tensorflow": "tensorflow", "jaxlib": "jax", "onnxruntime": "onnxruntime"}


@dataclass(frozen=True)
class Pair:
    """What the other would choose on one machine, and what the plan has."""

    gpu: str
    driver: str
    asked: str
    other: str
    verdict: str  # of the check on the other's choice
    ours: str

    @property
    def kind(self) -> str:
        """How the two differ."""
        if self.other == self.ours:
            return "the same"
        if self.verdict == "nothing":
            return "nothing there" if self.ours == "none" else "only the plan has one"
        if self.verdict not in ("compatible", "unknown"):
            return "neither works" if self.ours == "none" else f"theirs fails: {self.verdict}"
        if self.ours == "none":
            return "theirs works, no plan"
        theirs, mine = (versions.parse(one.partition(" ")[0]) for one in (self.other, self.ours))
        if "conda-forge" in self.ours and mine.same_as(theirs):
            return "the same"
        if mine.same_as(theirs):
            return "the same release, another CUDA"
        return "a newer release here" if mine > theirs else "an older release here"


def main() -> int:
    """Compare, print, write; exit status 1 where the other's choice works and there is no plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew the sections of docs/grid.md")
    options = parser.parse_args()
    matrix = Matrix.load()
    found = {UV: list(with_uv(matrix)), CONDA: list(with_conda(matrix))}
    for heading, pairs in found.items():
        print(heading)
        for pair in pairs:
            print(f"{pair.gpu} | {pair.driver} | {pair.asked} | {pair.other} | {pair.ours} | {pair.kind}")
        if options.write:
            renew(PAGE, heading, table(heading, pairs))
    return 1 if any(pair.kind == "theirs works, no plan" for pairs in found.values() for pair in pairs) else 0


def machines(matrix: Matrix) -> Iterator[Machine]:
    """Each GPU with each driver that serves it."""
    for name in GPUS:
        for driver in DRIVERS:
            machine = with_gpu(name, driver, name=name, python="3.11")
            if check(machine, parse("use:gpu"), matrix).verdict != "incompatible":
                yield machine


def with_uv(matrix: Matrix) -> Iterator[Pair]:
    """torch as uv's automatic backend would take it."""
    for machine in machines(matrix):
        for text in TORCH:
            asked = requests({"torch": text})
            row = uv_choice(machine, asked[0].text, matrix)
            other = f"{row['version']} ({row['variant']})" if row else "none"
            verdict = alone(machine, row, matrix) if row else "nothing"
            ours = ours_for(plan(machine, asked, matrix))
            yield Pair(str(machine.name), str(machine.driver.version), f"torch {text}", other, verdict, ours)


def uv_choice(machine: Machine, text: str, matrix: Matrix) -> dict[str, Any] | None:
    """The newest release of the first index that has one."""
    for variant, least in UV_LINUX:
        if versions.at_least(str(machine.driver.version), least) is False:
            continue
        for row in rows(matrix, "torch", machine, text):
            if row["index"] == "pytorch" and row["variant"] == variant and machine.python in row.get("python", ()):
                return row
    return None


def alone(machine: Machine, row: dict[str, Any], matrix: Matrix) -> str:
    """What the rules have against a build of PyTorch's index and what it brings."""
    asked = requests({"torch": f"=={row['version']}"})
    search = Search(Scene(machine), asked, (parse("use:torch"),), (), matrix)
    choice = next(one for one in search.offered("torch", asked[0].text) if one.row is row)
    return _rules(search.why_not(choice)) or "compatible"


def _rules(found: "tuple[Any, ...]") -> str:
    return ", ".join(dict.fromkeys(one.rule for one in found))


def ours_for(answer: Plan) -> str:
    """The build of a plan with its CUDA."""
    if answer.outcome == "impossible":
        return "none"
    if not answer.choices:
        return answer.steps[-1].after.replace("(cuda", "(cu")
    choice = answer.choices[0]
    cuda = choice.build.cuda or choice.row.get("cuda")
    return f"{choice.public} (cu{versions.major_minor(str(cuda)).replace('.', '')})"


def with_conda(matrix: Matrix) -> Iterator[Pair]:
    """Each framework as conda would take it from conda-forge."""
    for machine in machines(matrix):
        driver = str(machine.driver.version)
        offered = matrix.cuda.offered_by(driver, "linux")
        for package, component in FORGE.items():
            row = conda_choice(package, offered.value, matrix) if offered else None
            other = f"{row['version']} ({row['variant'].replace('cuda', 'cu')})" if row else "none"
            verdict = forged(machine, package, component, row, matrix) if row else "nothing"
            ours = ours_for(plan(machine, requests({component: "*"}), matrix))
            yield Pair(str(machine.name), driver, package, other, verdict, ours)


def conda_choice(package: str, offered: str, matrix: Matrix) -> dict[str, Any] | None:
    """The newest release of which a build's CUDA major is not above what the driver offers; its newest CUDA."""
    found = [
        row
        for row in forge(package, matrix)
        if row["os"] == "linux"
        and row["arch"] == "x86_64"
        and row.get("cuda")
        and versions.parse(row["cuda"]).major <= versions.parse(offered).major
    ]
    return max(
        found, key=lambda row: (versions.parse(row["version"]).key(), versions.parse(row["cuda"]).key()), default=None
    )


def forge(package: str, matrix: Matrix) -> list[dict[str, Any]]:
    """Builds of conda-forge."""
    builds = matrix.packages.conda_builds(package).values()
    return [row for rows in builds for row in rows if row["index"] == "conda-forge"]


def forged(machine: Machine, package: str, component: str, row: dict[str, Any], matrix: Matrix) -> str:
    """The verdict on a conda-forge build: its CUDA and its machine code, against the driver and the GPU."""
    if not cudnn_serves(row, machine, matrix):
        return "its cuDNN has no code for the GPU"
    marks = [f"sm_{one.replace('.', '')}" for one in row.get("sass", ())]
    marks += [f"compute_{one.replace('.', '')}" for one in row.get("ptx", ())]
    build = Build(cuda=row["cuda"], architectures=tuple(marks) or None, source="conda-forge")
    built = replace(machine, environment=("conda",), packages={package: row["version"]}, builds={package: build})
    report = check(built, parse(goal_of(component, matrix)), matrix)
    return _rules(tuple(report.errors)) or str(report.verdict)


ABOUT = {
    UV: "What `uv pip install --torch-backend=auto` (uv 0.12.5, source of 2026-08-21) takes for torch, on Python 3.11: "
    "of PyTorch's indexes whose CUDA the driver serves the first that has a release inside the request.",
    CONDA: "What a conda solver takes from conda-forge where `__cuda` is what the driver offers, as far as its builds "
    "are in the matrix: the newest release that has a build of no newer CUDA major.",
}


def table(heading: str, pairs: list[Pair]) -> str:
    """The section of the page: how many differ in which way, and one line for each difference."""
    kinds = Counter(pair.kind for pair in pairs)
    lines: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        if pair.kind != "the same":
            lines.setdefault((pair.kind, pair.asked, pair.other, pair.ours), []).append(pair)
    return "\n".join(
        [
            ABOUT[heading]
            + f" {len(pairs)} cells of {len(GPUS)} GPUs and {len(DRIVERS)} drivers, by `scripts/plans/compare.py`: "
            + ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
            + ".",
            "",
            "| asked | theirs | ours | how they differ | GPUs | drivers |",
            "|---|---|---|---|---|---|",
            *(
                f"| {asked} | {other} | {ours} | {kind} | {_names(one.gpu for one in found)} "
                f"| {_names(one.driver for one in found)} |"
                for (kind, asked, other, ours), found in sorted(lines.items())
            ),
        ]
    )


def _names(found: Iterable[str]) -> str:
    return ", ".join(one.removeprefix("NVIDIA ").removeprefix("GeForce ") for one in dict.fromkeys(found))


if __name__ == "__main__":
    raise SystemExit(main())
