"""Reports as text and data. A format is one file here with ``render(reports, shown)`` and one line in ``FORMATS``."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from compat.records import dataclass

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


@dataclass(frozen=True)
class Shown:
    """How reports are shown. ``many``: one machine after the other, from a stream, as one record each, by the formats
    that can. ``known`` are the fingerprints of a baseline, which formats for CI show as such; text and JSON show the
    verdict as it is."""

    many: bool = False
    known: frozenset[str] = frozenset()


def render(
    reports: "Iterable[Report]", form: str, many: bool = False, known: frozenset[str] = frozenset()
) -> Iterator[str]:
    """The lines of some reports, in one of ``FORMATS``; the rest is as in Shown."""
    from importlib import import_module

    lines: Iterator[str] = import_module(FORMATS[form]).render(reports, Shown(many, known))
    return lines
