"""Plans as text, data and documents. A format is one file here with ``render(plans, matrix, installer)`` and one entry
in ``FORMATS``; it is imported when it is asked for."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from compat.plan.model import Plan

if TYPE_CHECKING:
    from compat.matrix import Matrix

FORMATS = {
    "text": "compat.report.plan.text",
    "json": "compat.report.plan.data",
    "markdown": "compat.report.plan.markdown",
    "html": "compat.report.plan.html",
    "dockerfile": "compat.report.plan.dockerfile",
}


def render(plans: Sequence[Plan], matrix: "Matrix", form: str, installer: str) -> Iterator[str]:
    """The lines of some plans, one for each machine."""
    from importlib import import_module

    lines: Iterator[str] = import_module(FORMATS[form]).render(plans, matrix, installer)
    return lines


def as_data(plan: Plan, matrix: "Matrix") -> dict[str, Any]:
    """A plan as the contract's object."""
    from compat.report.plan.data import as_data as made

    return made(plan, matrix)
