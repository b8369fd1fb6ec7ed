"""The GPUs that a cuDNN has code for: each release lists them, and those of CUDA's build beside it are not asked."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.machine import Library
from compat.rules.base import Finding, Outcome, Remedy
from compat.rules.case import Case
from compat.rules.gpus import GpuFact, each_chip
from compat.rules.libraries.copies import Copy
from compat.rules.libraries.cudnn import evidence_of, loading
from compat.rules.libraries.opened import wants
from compat.rules.libraries.serving import runs_on_cudnn
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def cudnn_without_code(case: Case) -> Iterator[Outcome]:
    """A cuDNN that has none for a GPU: 9.11 ended before Turing, and none before 9.7 knows Blackwell.

    Its kernels are machine code. Those of an older capability of the same major run (8.6 on 8.9), across majors none.
    """
    seen = set()
    for subject in wants(case):
        found = _loading(case, subject) if runs_on_cudnn(case, subject) else None
        if found is None or found[1].version is None or found[0] in seen:
            continue
        seen.add(found[0])
        rows = case.matrix.packages.of_line("cudnn", found[1].version)
        for gpu in case.gpus if rows else ():
            yield from each_chip(gpu, partial(_finding, case, subject, found, rows))


def _loading(case: Case, subject: Subject) -> Copy | None:
    """The copy that it loads; of what brings its own, and where no other is spoken of, what its build says."""
    own = subject.facts.cudnn is not None and case.machine.libraries is None
    if own and case.matrix.packages.about(subject.component).get("cuda_from") == "itself":
        copy = Library(name="cudnn", version=subject.facts.cudnn)
        return loading(case, subject) or (f"builds.{subject.distribution}.cudnn", copy)
    return loading(case, subject)


def _finding(case: Case, subject: Subject, found: Copy, rows: "list[Row]", gpu: GpuFact) -> Finding | None:
    capability = gpu.capability
    if capability is None or not all(without_code(row, capability) for row in rows):
        return None
    path, copy = found
    row = rows[0]
    ended = _ended(row, capability)
    field = "capability_minimum" if ended else "capability_maximum"
    has = f"has code from {row[field]} on" if ended else f"has code up to {row[field]}"
    own = case.assume("libraries", f"no cuDNN there but {subject.distribution}'s own")
    return Finding(
        "gpu-not-in-build",
        "cudnn",
        f"cuDNN {copy.version} has no code for {gpu.name} ({capability}): it {has}.",
        (
            *gpu.evidence,
            *evidence_of(case, subject, found),
            *((own,) if path == f"builds.{subject.distribution}.cudnn" else ()),
            *case.package(subject),
            case.cite(f"cuDNN {row['version']} {has}", row, field),
        ),
        (Remedy(_other_release(case.matrix, (copy.version or "").partition(".")[0], capability)),),
    )


def _ended(row: "Row", gpu: Capability) -> bool:
    return "capability_minimum" in row and gpu.plain < parse_capability(row["capability_minimum"])


def without_code(row: "Row", gpu: Capability) -> bool:
    """Has this release of cuDNN no code for the GPU? Not said of one whose row has no bounds."""
    newest = row.get("capability_maximum")
    return _ended(row, gpu) or (newest is not None and gpu.major > parse_capability(newest).major)


@lru_cache(maxsize=64)
def _other_release(matrix: "Matrix", major: str, gpu: Capability) -> str:
    """The newest one of its major that still has code for the GPU, or the first that has."""
    rows = [row for row in matrix.packages.releases("cudnn") if versions.same_line(row["version"], major, 1)]
    fitting = [
        row["version"]
        for row in rows
        if {"capability_minimum", "capability_maximum"} <= row.keys() and not without_code(row, gpu)
    ]
    if not fitting:
        return f"use a build for another cuDNN: no release of {major} has code for this GPU"
    ended = any(_ended(row, gpu) for row in rows)
    return f"install cuDNN {fitting[-1]} or older" if ended else f"install cuDNN {fitting[0]} or newer of its major"
