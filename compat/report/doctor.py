"""What ``doctor`` prints: the stack, then what is wrong (the primary cause first), then a line that counts."""

from collections.abc import Iterator, Sequence

from compat.check import Report
from compat.machine import Machine
from compat.matrix import Matrix
from compat.records import replace
from compat.report.style import VERDICTS, Style
from compat.report.text import finding, needs_by_rule
from compat.rules.base import Finding
from compat.stack import layers


def render(machine: Machine, reports: Sequence[Report], matrix: Matrix) -> Iterator[str]:
    """Lines for a terminal."""
    style = Style.of()
    yield style.paint(f"{machine.name or 'this machine'}, held against the matrix of {matrix.date}", "bold")
    yield ""
    stack = layers(machine, reports, matrix)
    width = min(24, max(len(layer.name) for layer in stack))
    indent = " " * (width + 6)
    for layer in stack:
        yield from style.wrap(layer.value, indent, f"  {style.mark(layer.mark)} {layer.name:<{width}} ")
        if layer.reason and layer.mark in ("error", "warning"):
            yield from style.wrap(layer.reason, indent + "  ", indent + "< ")
    yield ""
    for report in reports:
        kind = VERDICTS[report.verdict]
        cause = f", first cause: {report.primary.rule}" if report.primary and report.verdict == "incompatible" else ""
        yield f"  {style.mark(kind)} {report.goal}: {style.paint(report.verdict, kind)}{cause}"
    for found, goals in distinct(reports):
        yield from finding(found, style)
        if len(reports) > 1:
            yield from style.wrap(f"concerns {', '.join(goals)}", "      ", "    ")
    yield from _untold(reports, style)
    yield ""
    yield counts(reports)


def distinct(reports: Sequence[Report]) -> list[tuple[Finding, list[str]]]:
    """Each finding once, with the goals that it concerns, in the order of the catalogue.

    Two goals may come to it by different packages (torch and ONNX Runtime load one cuDNN): what both rest on is shown.
    """
    from compat.rules import CATALOGUE

    found: dict[tuple[str, str, str, str], tuple[Finding, list[str]]] = {}
    for report in reports:
        for one in report.findings:
            said = (one.severity, one.rule, one.component, one.message)
            first, goals = found.get(said, (one, []))
            evidence = tuple(dict.fromkeys((*first.evidence, *one.evidence)))
            found[said] = replace(first, evidence=evidence), [*goals, str(report.goal)]
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(found.values(), key=lambda entry: (rank[entry[0].severity], CATALOGUE.index(entry[0].rule)))


def _untold(reports: Sequence[Report], style: Style) -> Iterator[str]:
    merged: dict[str, list[str]] = {}
    for report in reports:
        for rule, needs in needs_by_rule(report).items():
            known = merged.setdefault(rule, [])
            known.extend(need for need in needs if need not in known)
    if merged:
        yield ""
        yield "not told, for lack of facts:"
        for rule, needs in merged.items():
            yield from style.wrap(f"{rule}: {', '.join(needs)}", "      ", "    - ")


def counts(reports: Sequence[Report]) -> str:
    """The last line."""
    by_verdict = {
        verdict: sum(report.verdict == verdict for report in reports)
        for verdict in ("compatible", "incompatible", "unknown")
    }
    errors = sum(found.severity == "error" for found, _ in distinct(reports))
    warnings = sum(found.severity == "warning" for found, _ in distinct(reports))
    goals = ", ".join(f"{number} {verdict}" for verdict, number in by_verdict.items() if number)
    return f"{len(reports)} goal(s): {goals}; {errors} error(s), {warnings} warning(s)"
