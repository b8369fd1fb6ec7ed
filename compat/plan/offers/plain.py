"""Packages without GPU code of their own: the newest release that the others admit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.plan.model import Choice
from compat.plan.published import INSTALLABLE, pins, rows

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def of(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> Iterator[Choice]:
    """Releases of a component under its first name on the public index."""
    name = matrix.packages.distributions(component)[0]
    seen: set[str] = set()
    for row in rows(matrix, name, machine, wanted):
        if row["version"] not in seen and row["index"] in INSTALLABLE:
            seen.add(row["version"])
            yield _choice(component, row, machine, matrix)


def _choice(component: str, row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    label = f"{row['package']} {row['version']}"
    return Choice(
        component,
        row["package"],
        row["version"],
        row["index"],
        row["variant"],
        row=row,
        pins=pins(matrix, row.get("requires", ()), machine, label, str(matrix.source(row, "requires"))),
    )
