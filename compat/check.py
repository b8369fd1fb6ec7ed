"""Machine x goal x matrix -> Report (docs/machine.md, Verdict)."""

from typing import Literal

from compat.goals import Goal
from compat.machine import Machine
from compat.matrix import Matrix
from compat.records import dataclass
from compat.rules import every_rule
from compat.rules.base import Finding, Holds, Outcome, Untold
from compat.rules.case import Case

Verdict = Literal["compatible", "incompatible", "unknown"]


@dataclass(frozen=True)
class Report:
    """What was found for one machine and one goal, the primary cause first."""

    machine: Machine
    goal: Goal
    verdict: Verdict
    findings: tuple[Finding, ...]
    holds: tuple[Holds, ...]
    untold: tuple[Untold, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def primary(self) -> Finding | None:
        """The finding to mend first."""
        return self.findings[0] if self.findings else None


def check(machine: Machine, goal: Goal, matrix: Matrix) -> Report:
    """Ask every rule. A finding that another finding is the cause of is left out."""
    case = Case(machine, goal, matrix)
    outcomes: list[Outcome] = []
    masked: set[str] = set()
    for entry in every_rule():
        found = list(entry.judge(case))
        outcomes += found
        if any(isinstance(outcome, Finding) and outcome.severity == "error" for outcome in found):
            masked.update(entry.masks)
    findings = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Finding) and one.rule not in masked))
    holds = tuple(one for one in outcomes if isinstance(one, Holds))
    untold = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Untold)))
    findings = tuple(sorted(findings, key=lambda finding: _RANK[finding.severity]))
    return Report(machine, goal, _verdict(findings, holds), findings, holds, untold)


_RANK = {"error": 0, "warning": 1, "note": 2}


def _verdict(findings: tuple[Finding, ...], holds: tuple[Holds, ...]) -> Verdict:
    if any(finding.severity == "error" for finding in findings):
        return "incompatible"
    return "compatible" if holds else "unknown"
