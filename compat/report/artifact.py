"""What a file is, the verdict on it, and the way out, as text and as data."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from compat.artifacts import Artifact
from compat.artifacts.artifact import printable
from compat.report import data, text
from compat.report.style import Style

if TYPE_CHECKING:
    from compat.check import Report
    from compat.convert.remedies import Advice


def lines(
    artifact: Artifact,
    facts: Sequence[tuple[str, str]],
    reports: "Sequence[Report]",
    ways: "Sequence[Advice]",
    style: Style,
) -> Iterator[str]:
    """The page of one file."""
    yield f"{style.paint(printable(artifact.path), 'bold')}: {printable(artifact.title)}"
    width = max((len(name) for name, _ in facts), default=0) + 2
    for name, value in facts:
        shown = printable(value)
        yield from style.wrap(shown, " " * (width + 2), f"  {printable(name):<{width}}") if shown else [f"  {name}"]
    for remark in artifact.remarks:
        yield from style.wrap(printable(remark), "        ", "  note: ")
    if artifact.damaged and (artifact.engine is None or not reports):  # of an engine a finding says so
        yield from style.wrap(printable(artifact.damaged), "           ", "  damaged: ")
    for report in reports:
        yield ""
        yield text.headline(report, style)
        for found in report.findings:
            yield from text.finding(found, style)
        yield from text.untold(report, style)
    if ways:
        yield ""
    for way in ways:
        yield from style.wrap(way.text, "     ", "fix: ")
        for command in way.commands:
            yield f"     {shlex.join(command)}"


def record(artifact: Artifact, reports: "Sequence[Report]", ways: "Sequence[Advice]", **more: Any) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "file": artifact.path,
        "kind": artifact.kind,
        "format": artifact.format,
        "title": artifact.title,
        "size": artifact.size,
        "facts": dict(artifact.facts),
        "remarks": list(artifact.remarks),
        "damaged": artifact.damaged,
        **more,
        "answers": [data.answer(report) for report in reports],
        "ways": [
            {"text": way.text, "commands": [{"argv": list(one), "shell": shlex.join(one)} for one in way.commands]}
            for way in ways
        ],
    }
