"""Packages without rows of their own that compute with a framework: diffusers with torch, Flax with JAX."""

from typing import TYPE_CHECKING

from compat import versions
from compat.goals import SUBJECTS
from compat.matrix.packages import normal

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.subject import Subject

_BUILT_ON = "built-on"


def framework(case: "Case", subject: "Subject") -> "Row | None":
    """The claim that the package computes with one framework, which is spoken of; None of a release before it."""
    row = case.matrix.traits.row(_BUILT_ON, "computes-with", normal(subject.distribution))
    if row is None or all(case.subject(one).state == "unknown" for one in _that_compute(row)):
        return None
    version = subject.version
    return row if version is None or versions.parse_range(row["range"]).admits(version) else None


def parts_of(case: "Case", subject: "Subject") -> tuple[str, ...]:
    """The components that compute for such a package: its framework, and what that runs with."""
    row = framework(case, subject)
    return _that_compute(row) if row is not None else ()


def _that_compute(row: "Row") -> tuple[str, ...]:
    """The framework and what it runs with: of JAX its jaxlib."""
    return SUBJECTS.get(f"use:{row['value']}", (row["value"],))
