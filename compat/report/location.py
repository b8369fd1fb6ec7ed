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


def artifact(report: Report, found: Finding) -> str | None:
    """The engine's or the model's file, where the finding is about what stands in it."""
    engine, model = report.machine.engine.file, report.machine.model.file
    read = {one.source for one in found.evidence}
    if engine is not None and (found.component == "engine" or f"header of {engine}" in read):
        return engine
    return model if model is not None and model in read else None


def location(report: Report, found: Finding) -> Location | None:
    """The line that is the cause: the model's or engine's file, else of the evidence, else of the package that the goal
    is about, else of the image."""
    file = artifact(report, found)
    if file is not None:
        return Location(file.replace("\\", "/"), 1)
    sources = report.machine.sources
    fields = [one.fact.partition(" = ")[0] for one in found.evidence]
    named = [*(one.source for one in found.evidence), *(sources[field] for field in fields if field in sources)]
    for component in (found.message.partition(" ")[0], found.component, *report.goal.subjects):
        named += [sources[key] for key in (f"packages.{component}", f"request.{component}") if key in sources]
    named += [sources[key] for key in ("container.image", "python") if key in sources]
    places = [place for source in named if (place := of_source(source)) is not None]
    image = of_source(sources.get("container.image", ""))
    if image is not None and not any(field.startswith("container.") for field in fields):
        places.sort(key=lambda place: place == image)  # what an image brings is met by a line that can be changed
    return places[0] if places else None
