"""Reports and plans as text and data. A format is one file here with ``render`` and one line in ``FORMATS``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat.check import Report

FORMATS = {
    "text": "compat.report.text",
    "json": "compat.report.data",
    "sarif": "compat.report.sarif",
    "junit": "compat.report.junit",
    "github": "compat.report.github",
    "gitlab": "compat.report.gitlab",
    "markdown": "compat.report.markdown",
}
# Formats that show the verdict as it is, whatever a baseline knows.
_PLAIN = ("text", "json")


def render(
    reports: "Iterable[Report]", form: str, many: bool = False, known: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The lines of a report. ``many``: one machine after the other, from a stream, as one record each. ``known`` are
    the fingerprints of a baseline, which formats for CI show as such."""
    from importlib import import_module

    module = import_module(FORMATS[form])
    lines: Iterator[str] = module.render(reports, many) if form in _PLAIN else module.render(reports, known)
    return lines
