"""Where in a file a finding belongs: readers put PATH:LINE into the machine's ``sources``, so evidence carries it."""

import re
from typing import NamedTuple

from compat.check import Report
from compat.rules.base import Finding

_PLACE = re.compile(r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+)$")


class Location(NamedTuple):
    """A line of a file."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def of_source(source: str) -> Location | None:
    """The place that a source names; None for any other source."""
    match = _PLACE.match(source)
    return Location(match["path"].replace("\\", "/"), int(match["line"])) if match else None


def location(report: Report, found: Finding) -> Location | None:
    """The line that is the cause: of the evidence, else of the package that the goal is about, else of the image."""
    sources = report.machine.sources
    fields = [one.fact.partition(" = ")[0] for one in found.evidence]
    named = [*(one.source for one in found.evidence), *(sources[field] for field in fields if field in sources)]
    for component in (found.message.partition(" ")[0], found.component, *report.goal.subjects):
        named += [sources[key] for key in (f"packages.{component}", f"request.{component}") if key in sources]
    named += [sources[key] for key in ("container.image", "python") if key in sources]
    return next((place for source in named if (place := of_source(source)) is not None), None)
