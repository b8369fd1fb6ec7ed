"""A report as JSON: the verdict of docs/machine.md."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from compat.check import Report
from compat.machine import Machine
from compat.matrix import Matrix
from compat.report import Shown
from compat.rules.base import Finding


def render(reports: Iterable[Report], shown: Shown) -> Iterator[str]:
    """One answer a line for a stream; else one object, or a list where there are several goals."""
    if shown.many:
        for report in reports:
            yield json.dumps(answer(report), ensure_ascii=False, separators=(",", ":"))
        return
    answers = [answer(report) for report in reports]
    yield json.dumps(answers[0] if len(answers) == 1 else answers, ensure_ascii=False, indent=2)


def answer(report: Report) -> dict[str, Any]:
    """The verdict for one machine and goal as plain data."""
    return {
        "name": report.machine.name,
        "goal": str(report.goal),
        "verdict": report.verdict,
        "findings": [finding(found) for found in report.findings],
        "untold": [{"rule": one.rule, "component": one.component, "needs": list(one.needs)} for one in report.untold],
    }


def finding(found: Finding) -> dict[str, Any]:
    """A finding as plain data."""
    return {
        "rule": found.rule,
        "severity": found.severity,
        "component": found.component,
        "message": found.message,
        "evidence": [{"fact": one.fact, "source": one.source} for one in found.evidence],
        "remedies": [one.text for one in found.remedies],
    }


def doctor(machine: Machine, reports: Sequence[Report], matrix: Matrix) -> dict[str, Any]:
    """The machine, its stack and every answer."""
    from compat.description import to_dict
    from compat.stack import layers

    return {
        "machine": to_dict(machine, sources=True),
        "matrix": {"version": matrix.version, "date": matrix.date},
        "stack": [
            {"layer": one.name, "value": one.value, "mark": one.mark, "reason": one.reason}
            for one in layers(machine, reports, matrix)
        ],
        "answers": [answer(report) for report in reports],
    }
