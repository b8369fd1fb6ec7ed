"""Machine x goal x matrix -> Report (docs/machine.md, Verdict)."""

from collections.abc import Iterator
from typing import Any, Literal

from compat.goals import Goal
from compat.machine import Machine
from compat.matrix import Matrix, Row
from compat.matrix.packages import same_cuda
from compat.names import OF_TORCH
from compat.records import dataclass, replace
from compat.rules import CATALOGUE, every_rule
from compat.rules.base import REGISTRY, Evidence, Finding, Holds, Outcome, Untold
from compat.rules.case import Case
from compat.rules.implied import implied
from compat.rules.order import as_written, in_order
from compat.rules.subject import Subject, cuda_of_local

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
    behind: tuple[Finding, ...] = ()  # left out of the findings: their consequences, and what other builds fail by

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def primary(self) -> Finding | None:
        """The finding to mend first."""
        return self.findings[0] if self.findings else None


def check(machine: Machine, goal: Goal, matrix: Matrix, of: str | None = None) -> Report:
    """Ask every rule; ``of``: those about this alone (``platform``). What another finding is the cause of is left out.

    A version seldom tells which of its published builds is installed. What holds for all of them is concluded at
    once; where nothing is wrong with all alike, each build is tried by itself, and if each one fails, though for a
    reason of its own, the machine is incompatible.
    """
    ordered, places = in_order(machine)
    asked = implied(ordered)
    case = Case(asked, goal, matrix)
    report = _judged(case) if of is None else _ask(case, of)
    if not places:
        return report if asked is machine else replace(report, machine=machine)

    told: dict[str, Any] = {
        name: tuple(as_written(one, places) for one in getattr(report, name))
        for name in ("findings", "holds", "untold", "behind")
    }
    return replace(report, machine=machine, **told)


def _judged(case: Case) -> Report:
    report = concluded = _ask(case)
    told = _faults(report)
    for component, builds in _possible_builds(case):
        tried: list[Report] = []
        for rows in builds:
            tried.append(_ask(Case(case.machine, case.goal, case.matrix, {component: rows})))
            if _faults(tried[-1]) <= told or (len(builds) > _MOST_BUILDS and not _for_others(tried[0])):
                break
        else:
            concluded = _each_fails(concluded, tried, told, case.no_jetson(component))
            continue
        # A Jetson's image brings builds of its own, whatever the default index has.
        usual = _is_usual(case, component, builds[0][0]) and not (case.is_jetson and case.machine.container.image)
        if usual and case.subject(component).version is not None and (concluded is report or tried[0].errors):
            concluded = _likeliest(case, component, concluded, tried[0])
    return concluded


def _faults(report: Report) -> set[str]:
    return {one.rule for one in (*report.errors, *report.behind) if one.severity == "error"}


def _ask(case: Case, of: str | None = None) -> Report:
    outcomes: list[Outcome] = []
    causes: dict[str, set[str]] = {}  # finding -> those that it is a consequence of
    for entry in every_rule():
        found = list(entry.judge(case)) if of in (None, entry.of) else []
        if not found:
            continue
        if case.machine.libraries:
            found = [case.of_copies(one) if isinstance(one, Finding) else one for one in found]
        outcomes += found
        if any(isinstance(outcome, Finding) and outcome.severity == "error" for outcome in found):
            own = causes.get(entry.name, set())
            for masked in entry.masks:
                if masked not in own:  # of two that are each other's cause the nearer one is shown
                    causes.setdefault(masked, set()).update((entry.name, *own))
    told = dict.fromkeys(one for one in outcomes if isinstance(one, Finding))
    faults = {one.rule for one in told if one.severity == "error"}
    shown = [one for one in told if one.rule not in causes and one.cause not in faults]
    findings = tuple(sorted(shown, key=lambda one: _RANK[one.severity]))
    holds = tuple(one for one in outcomes if isinstance(one, Holds))
    untold = tuple(dict.fromkeys(one for one in outcomes if isinstance(one, Untold)))
    behind = tuple(one for one in told if one not in findings)
    verdict = _verdict(case, findings, holds, untold)
    return Report(case.machine, case.goal, verdict, findings, holds, untold, behind)


_MOST_BUILDS = 8  # a version that is unknown can be any build; nothing is gained by trying them all


def _possible_builds(case: Case) -> "Iterator[tuple[str, list[tuple[Row, ...]]]]":
    """The published builds that differ in what matters of each ambiguous component: the likeliest first.

    That is one for the CUDA that the packages beside it are made for, one with CUDA where a library of CUDA's is seen
    to load, else the default index's, and for a machine whose platform is not told that for Linux on x86_64.
    """
    opens_cuda = any((found := case.loaded(name)) is not None and found[1].loaded for name in _OPENED)
    for subject in case.subjects:
        groups: dict[str, list[Row]] = {}
        if subject.state == "installed" and _is_published(subject) and len(subject.candidates) > 1:
            beside = _cuda_beside(case, subject.component)
            for row in sorted(
                subject.candidates,
                key=lambda row: (
                    beside is not None and same_cuda(row.get("cuda"), beside) is not True,
                    opens_cuda and row.get("cuda") is False,
                    row["index"] != "pypi",
                    row["arch"] == "aarch64",
                    row["os"] != "linux",
                ),
            ):
                groups.setdefault(str([row.get(name) for name in ("cuda", "cudnn", "sass", "ptx")]), []).append(row)
        if len(groups) > 1:
            yield subject.component, [tuple(rows) for rows in groups.values()]


_OPENED = ("cudart", "cublas", "cudnn")  # no build without CUDA opens these


def _is_published(subject: Subject) -> bool:
    """Is it one of the builds that are listed? Of a version that is not told if the index is that it is from."""
    return subject.version is not None or subject.facts.source in ("pypi", "pytorch")


def _cuda_beside(case: Case, component: str) -> str | None:
    """The CUDA, with its minor, that torch's companions are made for."""
    told = _beside(case, component)
    return told[0] if told is not None else None


def _beside(case: Case, component: str) -> tuple[str, tuple[Evidence, ...]] | None:
    """That CUDA and what tells it."""
    if component != "torch":
        return None
    from compat.rules.torch_cuda import cuda_beside  # asked only where torch's build is open

    return cuda_beside(case, component)


def _in_full(case: Case, component: str) -> bool:
    """Is the version of the torch that it goes with written out in full (2.6.0+cu124)? Then so is its own."""
    beside = (case.subject("torch"),) if component in OF_TORCH else ()
    return any(cuda_of_local(one.version) for one in beside if one.version)


def _each_fails(report: Report, tried: list[Report], told: set[str], taken: tuple[Evidence, ...]) -> Report:
    """Whichever build it is, it fails: what is found is the likeliest one's fault, with those of the others."""
    own = [[one for one in build.errors if one.rule not in told] for build in tried]
    findings = list(report.findings)
    if all(own):
        reasons = tuple(dict.fromkeys(one.rule for faults in own for one in faults))
        shown = "; ".join(dict.fromkeys(faults[0].rule for faults in own))
        every = Evidence(f"each of the {len(tried)} builds that it can be fails: {shown}", "published builds")
        facts = (fact for faults in own for one in faults for fact in one.evidence)
        open_facts = dict.fromkeys((*taken, *(fact for fact in facts if fact.source == "default")))
        findings += [replace(one, evidence=(*one.evidence, every, *open_facts), others=reasons) for one in own[0]]
        findings += [one for one in tried[0].findings if one.severity != "error" and one not in findings]
    findings.sort(key=lambda one: (_RANK[one.severity], CATALOGUE.index(one.rule)))
    behind = dict.fromkeys((*report.behind, *(one for build in tried for one in (*build.behind, *build.errors))))
    verdict: Verdict = "incompatible" if report.errors or all(own) else report.verdict
    return replace(report, verdict=verdict, findings=tuple(findings), behind=tuple(behind))


def _for_others(build: Report) -> bool:
    """Is a build made for machines without a GPU, or before there was this one?"""
    return not {"cuda-older-than-gpu", "cpu-only-build"}.isdisjoint(_faults(build))


def _is_usual(case: Case, component: str, build: Row) -> bool:
    """Is a build the default index's, or one of the only index that names its CUDA in the version (2.8.0+cu128)?

    One for the CUDA of the packages beside it is as well.
    """
    if same_cuda(build.get("cuda"), _cuda_beside(case, component)):
        return True
    return build["index"] == "pypi" or (build["index"] == "pytorch" and "+" in (case.subject(component).version or ""))


def _likeliest(case: Case, component: str, report: Report, likeliest: Report) -> Report:
    """Some build that it can be works: the usual one is taken, and spoken of after what is wrong whichever it is.

    Where that one fails, it is open in conda and of an image: those bring builds of their own. So it is where the
    default index's build has no CUDA, or one that predates the GPU, and nothing beside it tells its CUDA: "solved with
    torch 1.10.1" is said of a build for a newer CUDA, whose version was cut short. What is the nearer cause of a fault
    that is shown is not shown beside it.
    """
    told, own = _faults(report), {one.rule for one in likeliest.errors}
    beside = _beside(case, component)
    untold = beside is None
    bare = untold and "+" not in (case.subject(component).version or "") and not _in_full(case, component)
    further = [one for one in likeliest.errors if one.rule not in told]
    behind = tuple(dict.fromkeys((*report.behind, *likeliest.behind)))
    if not further:
        shown = replace(report, behind=behind) if behind != report.behind else report
        told_less = report.verdict == "unknown"
        return replace(shown, verdict=likeliest.verdict, holds=likeliest.holds) if told_less else shown
    elsewhere = bool(case.machine.in_environment("conda", "jetson") or case.machine.container.image)
    is_open = (bare and _for_others(likeliest)) or (elsewhere and untold)
    if any(is_open or one.rule not in own for one in report.errors):
        return replace(report, behind=(*behind, *further))
    others = [one for one in report.findings if one.severity != "error"]
    if is_open:
        perhaps = tuple(
            replace(one, severity="warning", message=f"If it is the default index's build: {one.message}")
            for one in further
        )
        return replace(report, verdict="unknown", findings=(*perhaps, *others))
    name = case.subject(component).distribution
    fields = "packages, variables, missing_libraries, gpus, environment, container.image, jetson, os, arch, python"
    taken = case.assume(fields, f"{name} is the build that is usual")
    told_by = sorted(set(beside[1]), key=lambda one: one.fact) if beside is not None else ()
    faults = tuple(replace(one, evidence=(*one.evidence, *told_by, taken)) for one in further)
    return replace(report, verdict="incompatible", findings=(*report.errors, *faults, *others), behind=behind)


_RANK = {"error": 0, "warning": 1, "note": 2}


def _verdict(
    case: Case, findings: tuple[Finding, ...], holds: tuple[Holds, ...], untold: tuple[Untold, ...]
) -> Verdict:
    if any(finding.severity == "error" for finding in findings):
        return "incompatible"
    if any(one.decides for one in untold):
        return "unknown"
    telling = {REGISTRY[one.rule].says for one in holds} - {"nothing"}
    if str(case.goal) != "use:gpu" and case.goal.verb != "start":
        telling.discard("gpu")
    for finding in findings:
        left = REGISTRY[finding.rule].leaves
        if left is not None:
            telling &= {left}
    return "compatible" if telling else "unknown"
