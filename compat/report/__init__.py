"""Reports and plans as text and data. A format is one file here with ``render`` and one line in ``FORMATS``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat.check import Report

FORMATS = {
    "text": "compat.report.text",
    "json": "compat.report.data",
}


def render(reports: "Iterable[Report]", form: str, many: bool = False) -> Iterator[str]:
    """The lines of a report. ``many``: one machine after the other, from a stream, as one record each."""
    from importlib import import_module

    lines: Iterator[str] = import_module(FORMATS[form]).render(reports, many)
    return lines
