"""The least GPU that a package asks for, whatever its builds have code for."""

from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.rules.case import Case
from compat.rules.subject import Subject

if TYPE_CHECKING:
    from compat.matrix import Row


def above(case: Case, subject: Subject, gpu: Capability) -> "Row | None":
    """The row with the least capability that the vendor states, if the GPU is below all that this can be."""
    if subject.facts.architectures is not None:
        return None
    lines = {
        ".".join(str(number) for number in versions.parse(row["version"]).release[:2]) for row in subject.candidates
    }
    stated = [row for line in lines for row in case.matrix.packages.of_line(subject.component, line) or [{}]]
    if stated and all(_refuses(row, gpu) for row in stated):
        return min(stated, key=lambda row: parse_capability(row["capability_minimum"]))
    return _of_every_release(case, subject, gpu)


def _refuses(row: "Row", gpu: Capability) -> bool:
    return "capability_minimum" in row and gpu < parse_capability(row["capability_minimum"])


def _of_every_release(case: Case, subject: Subject, gpu: Capability) -> "Row | None":
    """What each release asks for at the least (XLA's own check of a GPU, in JAX), told or not."""
    row = case.matrix.traits.row(subject.component, "asks-for-capability")
    if row is None or not gpu < parse_capability(row["value"]):
        return None
    every = [subject.version] if subject.version else case.matrix.packages.versions(subject.distribution)
    admitted = versions.parse_range(row["range"])
    known = bool(every) and all(admitted.admits(version) for version in every)
    return {**row, "capability_minimum": row["value"]} if known else None
