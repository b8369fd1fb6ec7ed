"""A constraints file for one machine: only what its GPU, driver, Python, system and C library rule out.

For each framework the published releases are held against the machine by the same rules as ever. What every build of a
release fails on is excluded; an unbroken end of the list becomes one bound, the rest single exclusions. A line is
written only where it excludes something that the index would otherwise offer.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import parse
from compat.machine import Build, Machine
from compat.matrix.packages import CONDA_INDEXES, fits_platform
from compat.names import OF_TORCH
from compat.plan.solver.scene import emptied
from compat.records import replace
from compat.rules.base import Finding

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_RULES = frozenset(
    (
        "driver-too-old",
        "gpu-not-in-build",
        "cuda-older-than-gpu",
        "jetson-build-mismatch",
        "gpu-unsupported-by-tensorrt",
        "python-unsupported",
        "glibc-too-old",
        "no-gpu-build-for-platform",
        "ptx-newer-than-driver",
    )
)

_NOT_OTHER = ("pypi", "apt", *CONDA_INDEXES)  # where pip and uv find none beside the public index's
_TRIED = 40
"""Builds of other indexes that are looked at, the newest first."""


def lines(machine: Machine, matrix: "Matrix") -> Iterator[str]:
    """The lines of the file."""
    bare = replace(emptied(machine), libraries=None)
    label = machine.name or "this machine"
    gpus = ", ".join(dict.fromkeys(gpu.name or "a GPU" for gpu in machine.gpus or ())) or "GPU unknown"
    driver, python = machine.driver.version or "unknown", machine.python or "unknown"
    yield f"# Constraints for {label}: {gpus}, driver {driver}, Python {python}"
    yield f"# Written by compatcheck guard constraints from the matrix of {matrix.date}."
    yield "# Use it as PIP_CONSTRAINT or UV_CONSTRAINT."
    for name, goal in subjects(matrix).items():
        yield from _of(name, goal, bare, matrix)


def subjects(matrix: "Matrix") -> dict[str, str]:
    """Distribution of the public index -> goal that it is wanted for: what is judged unasked and has GPU builds there.

    Where its own name has none, its parts that have stand for it (JAX). What is published with each torch follows
    torch's line.
    """
    found: dict[str, str] = {}
    for name, goal in matrix.packages.suggestions.items():
        parts = matrix.packages.about(matrix.packages.component(name) or name).get("parts", ())
        for one in (name,) if _has_gpu_builds(name, matrix) else parts:
            if one not in OF_TORCH and _has_gpu_builds(one, matrix):
                found.setdefault(one, goal)
    return found


def _has_gpu_builds(name: str, matrix: "Matrix") -> bool:
    builds = matrix.packages.builds(name).values()
    return any(row["index"] == "pypi" and row.get("cuda") for rows in builds for row in rows)


def _of(name: str, goal: str, machine: Machine, matrix: "Matrix") -> Iterator[str]:
    offered = [version for version in matrix.packages.versions(name) if _offered(name, version, machine, matrix)]
    wrong = {version: found for version in offered if (found := _fault(name, version, goal, machine, matrix))}
    if not wrong:
        return
    if len(wrong) == len(offered):
        yield from _comment(name, wrong[offered[-1]], f"no release of the public index's {name} works here")
        other = _elsewhere(name, matrix.packages.versions(name), goal, machine, matrix)
        yield f"{name}<0" if other is None else f"#   no line, as it would exclude builds that work, such as {other}"
        return
    right = [index for index, version in enumerate(offered) if version not in wrong]
    first, last = right[0], right[-1]
    clauses = []
    if first > 0:
        yield from _comment(name, wrong[offered[first - 1]], f"up to {offered[first - 1]}")
        clauses.append(f">={offered[first]}")
    if last < len(offered) - 1:
        yield from _comment(name, wrong[offered[last + 1]], f"from {offered[last + 1]}")
        clauses.append(f"<{offered[last + 1]}")
    for version in offered[first:last]:
        if version in wrong:
            yield from _comment(name, wrong[version], version)
            clauses.append(f"!={version}")
    other = _elsewhere(name, wrong, goal, machine, matrix)
    if other is not None:
        yield f"#   leave this line out to take {other} from another index: that build works here"
    yield f"{name}{','.join(clauses)}"


def _offered(name: str, version: str, machine: Machine, matrix: "Matrix") -> bool:
    """Would an installer here take a file of this release from the index?"""
    parsed = versions.parse(version)
    line = versions.major_minor(machine.python) if machine.python else None
    return not parsed.is_prerelease and any(
        row["index"] == "pypi"
        and fits_platform(row, machine.os, machine.arch)
        and (line is None or "python" not in row or line in row["python"])
        for row in matrix.packages.builds(name).get(version, ())
    )


def _fault(name: str, version: str, goal: str, machine: Machine, matrix: "Matrix") -> Finding | None:
    """What rules the public index's build of the release out by itself, whatever is installed beside it."""
    return _of_build(name, version, goal, Build(source="pypi"), machine, matrix)


def _of_build(name: str, version: str, goal: str, build: Build, machine: Machine, matrix: "Matrix") -> Finding | None:
    packages = {name: version, "jax": version, "jaxlib": version} if goal == "use:jax" else {name: version}
    installed = replace(machine, packages=packages, builds={name: build})
    # On x86_64 the index has CPU builds of their own names or ages; on ARM it is the platform that has no other.
    rules = _RULES | {"cpu-only-build"} if machine.arch == "aarch64" else _RULES
    errors = (found for found in check(installed, parse(goal), matrix).findings if found.severity == "error")
    return next((found for found in errors if found.rule in rules), None)


def _elsewhere(name: str, excluded: Iterable[str], goal: str, machine: Machine, matrix: "Matrix") -> str | None:
    """An excluded release of which another index has a build that works here: a constraint cannot tell them apart."""
    newest_first = sorted(excluded, key=lambda text: versions.parse(text).key(), reverse=True)
    fitting = (
        (version, row)
        for version in newest_first
        for row in matrix.packages.builds(name).get(version, ())
        if row["index"] not in _NOT_OTHER and row.get("cuda") and _serves(row, machine)
    )
    for version, row in islice(fitting, _TRIED):
        text = f"{version}+{row['local']}" if row.get("local") and "+" not in version else version
        build = Build(cuda=row["cuda"], source=row["index"])
        if _of_build(name, text, goal, build, machine, matrix) is None:
            return f"{text} ({' '.join(part for part in (row['index'], row.get('variant')) if part)})"
    return None


def _serves(row: "Row", machine: Machine) -> bool:
    if not fits_platform(row, machine.os, machine.arch):
        return False
    return machine.python is None or "python" not in row or versions.major_minor(machine.python) in row["python"]


def _comment(name: str, found: Finding, span: str) -> Iterator[str]:
    yield ""
    yield f"# {name}, {span}: {found.rule}: {_one_line(found.message)}"
    if found.evidence:
        yield f"#   source: {_one_line(found.evidence[-1].source)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
