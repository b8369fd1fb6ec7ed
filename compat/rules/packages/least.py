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
    """What each release that this can be asks for at the least (RAPIDS; XLA's own check of a GPU, in JAX)."""
    rows = case.matrix.traits.every(subject.component, "asks-for-capability")
    asked = [row for row in rows if gpu < parse_capability(row["value"]) and _admits(case, subject, row["range"])]
    least = max(asked, key=lambda row: parse_capability(row["value"]), default=None)
    return {**least, "capability_minimum": least["value"]} if least is not None else None


def _admits(case: Case, subject: Subject, span: str) -> bool:
    """Is every release that this can be in the span? Of an unknown one a span of all releases tells."""
    every = [subject.version] if subject.version else case.matrix.packages.versions(subject.distribution)
    admitted = versions.parse_range(span)
    return span == "*" or (bool(every) and all(admitted.admits(version) for version in every))
