"""A report for people: the verdict, each finding with its evidence and remedy, the primary cause first."""

from collections.abc import Iterable, Iterator

from compat.check import Report
from compat.report import Shown
from compat.report.style import VERDICTS, Style
from compat.rules.base import Finding


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """Lines for a terminal; one line a machine for a stream of many."""
    style = Style.of()
    for report in reports:
        yield headline(report, style)
        if shown.many:
            continue
        for found in report.findings:
            yield from finding(found, style)
            yield from _line(report, found, style)
        yield from untold(report, style)


def headline(report: Report, style: Style) -> str:
    """``NAME: GOAL: verdict (primary rule)``."""
    kind = VERDICTS[report.verdict]
    name = report.machine.name or "this machine"
    cause = f" ({report.primary.rule})" if report.primary and report.verdict == "incompatible" else ""
    return f"{style.mark(kind)} {name}: {report.goal}: {style.paint(report.verdict, kind)}{cause}"


def finding(found: Finding, style: Style) -> Iterator[str]:
    """A finding: what, why with sources, what to do."""
    yield ""
    yield f"{style.paint(found.severity, found.severity)}: {style.paint(found.rule, 'bold')}"
    yield from style.wrap(found.message, "  ")
    for one in found.evidence:
        yield from style.wrap(f"{one.fact} [{one.source}]", "      ", "    - ")
    for remedy in found.remedies:
        yield from style.wrap(remedy.text, "       ", "  fix: ")


def _line(report: Report, found: Finding, style: Style) -> Iterator[str]:
    """The line of a file that is the cause, where the evidence does not lead to it."""
    if not any(":" in source for source in report.machine.sources.values()):
        return  # a machine that was read or described; the module below is not needed for it
    from compat.report.location import location

    place = location(report, found)
    if place is not None and not any(one.source == str(place) for one in found.evidence):
        yield from style.wrap(str(place), "      ", "  in: ")


def untold(report: Report, style: Style) -> Iterator[str]:
    """What could not be told, and which facts would tell it."""
    if not report.untold:
        return
    yield ""
    yield "not told, for lack of facts:"
    for rule, needs in needs_by_rule(report).items():
        yield from style.wrap(f"{rule}: {', '.join(needs)}", "      ", "    - ")


def needs_by_rule(report: Report) -> dict[str, list[str]]:
    """Rule -> the facts that it lacks."""
    found: dict[str, list[str]] = {}
    for one in report.untold:
        known = found.setdefault(one.rule, [])
        known.extend(need for need in one.needs if need not in known)
    return found
