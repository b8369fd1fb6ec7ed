"""Machine x goal x matrix -> Report (docs/machine.md, Verdict)."""

from typing import Literal

from compat.goals import Goal
from compat.machine import Machine
from compat.matrix import Matrix, Row
from compat.records import dataclass, replace
from compat.rules import every_rule
from compat.rules.base import Evidence, Finding, Holds, Outcome, Untold
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
    """Ask every rule. A finding that another finding is the cause of is left out.

    A version seldom tells which of its published builds is installed. What holds for all of them is concluded at
    once; where nothing is wrong with all alike, each build is tried by itself, and if each one fails, though for a
    reason of its own, the machine is incompatible.
    """
    case = Case(machine, goal, matrix)
    report = _ask(case)
    if report.errors:
        return report
    component, builds = _possible_builds(case)
    tried: list[Report] = []
    for rows in builds:
        tried.append(_ask(Case(machine, goal, matrix, {component: rows})))
        if not tried[-1].errors:
            break
    return _concluded(report, tried, len(builds)) if tried else report


def _ask(case: Case) -> Report:
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
    return Report(case.machine, case.goal, _verdict(case, findings, holds), findings, holds, untold)


_MOST_BUILDS = 8  # a version that is unknown can be any build; nothing is gained by trying them all


def _possible_builds(case: Case) -> tuple[str, list[tuple[Row, ...]]]:
    """The published builds that differ in what matters, the default index's first, of the first ambiguous component."""
    for subject in case.subjects:
        groups: dict[str, list[Row]] = {}
        if subject.state == "installed" and subject.version is not None:
            for row in sorted(subject.candidates, key=lambda row: row["index"] != "pypi"):
                groups.setdefault(str([row.get(name) for name in ("cuda", "cudnn", "sass", "ptx")]), []).append(row)
        if 1 < len(groups) <= _MOST_BUILDS:
            return subject.component, [tuple(rows) for rows in groups.values()]
    return "", []


def _concluded(report: Report, tried: list[Report], builds: int) -> Report:
    """What follows from trying the builds one by one, the likeliest first, up to the first that works."""
    likeliest = tried[0]
    if len(tried) == builds and tried[-1].errors:
        others = "; ".join(dict.fromkeys(one.findings[0].rule for one in tried))
        every = Evidence(f"each of the {builds} builds that it can be fails: {others}", "published builds")
        findings = tuple(
            replace(one, evidence=(*one.evidence, every)) if one.severity == "error" else one
            for one in likeliest.findings
        )
        return replace(report, verdict="incompatible", findings=findings)
    if likeliest.errors:
        perhaps = tuple(
            replace(one, severity="warning", message=f"If it is the default index's build: {one.message}")
            for one in likeliest.errors
        )
        return replace(report, findings=(*perhaps, *report.findings))
    if report.verdict == "unknown":
        return replace(report, verdict=likeliest.verdict, holds=likeliest.holds)
    return report


_RANK = {"error": 0, "warning": 1, "note": 2}


# That there is a GPU and a driver, and that nothing hides them, says nothing of a package that is about to use them.
_PRESENCE = ("gpu-missing", "driver-missing", "other-driver-bound", "gpus-hidden", "library-damaged")


def _verdict(case: Case, findings: tuple[Finding, ...], holds: tuple[Holds, ...]) -> Verdict:
    if any(finding.severity == "error" for finding in findings):
        return "incompatible"
    about_package = str(case.goal) != "use:gpu"
    telling = [one for one in holds if one.rule != "gpu-missing" and not (about_package and one.rule in _PRESENCE)]
    if any(finding.rule == "package-unknown" for finding in findings):
        # Of a package without rows, only the CUDA that is named beside it tells anything.
        telling = [one for one in telling if one.rule == "driver-too-old"]
    return "compatible" if telling else "unknown"
