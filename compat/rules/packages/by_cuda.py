"""Which builds of a package run with the CUDA that the machine names, where its release is not told."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.records import replace
from compat.rules.base import Evidence
from compat.rules.candidates import CONDA_PARTS, conda_cuda
from compat.rules.case import Case
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


def for_cuda(case: Case, subject: Subject) -> tuple[Subject, tuple[Evidence, ...]]:
    """The package with those of its builds alone that take the machine's CUDA, and that CUDA where it leaves some out.

    A build that brings no CUDA opens the one that is there; for another major it finds none and fails all the same.
    Those that look for CUDA in the packages beside them stay, as do all in conda, which lays its own.
    """
    stated = subject.version is not None or subject.facts.cuda is not None or subject.facts.architectures is not None
    if stated or subject.state != "installed" or subject.conda or case.is_jetson:
        return subject, ()
    if case.matrix.traits.row(subject.component, "looks-for-parts") is None:
        return subject, ()
    if case.machine.in_environment("conda") or conda_cuda(case.machine, CONDA_PARTS) is not None:
        return subject, ()
    told = tuple(_named(case))
    majors = {versions.parse(cuda).major for cuda, _ in told}
    rows = tuple(row for row in subject.candidates if _takes(case, subject, row, majors))
    # those without CUDA run with any: they alone do not tell what is installed
    if not told or len(rows) == len(subject.candidates) or not any(row.get("cuda") for row in rows):
        return subject, ()
    taken = case.assume(
        f"packages.{subject.distribution}, libraries", "of unknown release it runs with the CUDA that is named"
    )
    return replace(subject, candidates=rows), (*(fact for _, fact in told), taken)


def _named(case: Case) -> Iterator[tuple[str, Evidence]]:
    for index, toolkit in enumerate(case.machine.toolkits or ()):
        if toolkit.version is not None:
            yield toolkit.version, case.read(f"toolkits[{index}].version", toolkit.version)
    for runtime in case.runtimes:
        if runtime.source == "container.image":
            yield runtime.cuda, case.read("container.image", case.machine.container.image)


def _takes(case: Case, subject: Subject, row: "Row", majors: set[int]) -> bool:
    cuda = row.get("cuda")
    if not isinstance(cuda, str) or case.matrix.traits.holds(subject.component, "looks-for-parts", row["version"]):
        return True
    return versions.parse(cuda).major in majors
