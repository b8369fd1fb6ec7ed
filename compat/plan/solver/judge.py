"""The rules, asked of what could be installed: the same that ``check`` asks of what is."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.check import check
from compat.goals import Goal
from compat.machine import Machine
from compat.plan.model import Choice, Reason
from compat.plan.offers.published import gpus_of
from compat.rules.base import REGISTRY, Evidence, Finding
from compat.rules.case import Case
from compat.rules.implied import implied
from compat.rules.order import in_order

if TYPE_CHECKING:
    from compat.check import Report
    from compat.matrix import Matrix

# What one more package can mend: by capping the release that several share, or by bringing a library. The rules
# themselves do not tell: nearly every one of them names a package as its remedy, most mean another release of the very
# build, and only these look at what lies beside it as well.
MENDABLE = (
    "cuda-library-too-old",
    "cudnn-mismatch",
    "library-not-found",
    "library-shadowed",
    "numpy-abi",
    "protobuf-conflict",
)


def platform_faults(machine: Machine, goals: Iterable[Goal], matrix: "Matrix") -> tuple[Reason, ...]:
    """What keeps the goals from being reached whatever is installed; no other rule masks those of the platform."""
    return _weighing(check(machine, goal, matrix, of="platform") for goal in goals)


def is_of_platform(found: Reason) -> bool:
    """Is it the fault of what no package mends?"""
    return REGISTRY[found.rule].of == "platform"


def reason(found: Finding) -> Reason:
    """A finding as a reason, with the source of the claim that decided."""
    told = [one.source for one in found.evidence if one.source != "default"]
    return Reason(found.rule, found.message, told[-1] if told else "")


def claim(evidence: Iterable[Evidence]) -> str:
    """The source of the claim among what a rule went by: the last that is not the description of the machine."""
    claims = [one.source for one in evidence if one.source not in ("machine description", "default")]
    return claims[-1] if claims else ""


def masked_by(found: Iterable[Reason]) -> frozenset[str]:
    """The rules whose findings are consequences of these."""
    return frozenset(name for one in found for name in REGISTRY[one.rule].masks)


def weighs(found: Finding) -> bool:
    """Does it keep a plan from being made? So does what may go either way."""
    return found.severity == "error" or (found.severity == "warning" and REGISTRY[found.rule].chance)


def faults(
    machine: Machine,
    goals: Iterable[Goal],
    matrix: "Matrix",
    ask: "Callable[[Machine, Goal, Matrix], Report]" = check,
) -> tuple[Reason, ...]:
    """What keeps the goals from being reached on this machine; ``ask`` makes the check, or knows what it said."""
    return _weighing(ask(machine, goal, matrix) for goal in goals)


def _weighing(reports: "Iterable[Report]") -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason(one) for report in reports for one in report.findings if weighs(one)))


def fails_by(machine: Machine, goal: Goal, rule: str, matrix: "Matrix") -> bool:
    """Does this rule say of the machine by itself that the goal is not reached? An error is enough, whatever masks it
    is one too; so of many drivers or images that are too old not each needs the whole check."""
    return failing(machine, goal, (rule,), matrix) is not None


def failing(machine: Machine, goal: Goal, rules: Iterable[str], matrix: "Matrix") -> str | None:
    """The first of these rules that says so."""
    case = Case(implied(in_order(machine)[0]), goal, matrix)
    return next((rule for rule in rules if _is_error(rule, case)), None)


def _is_error(rule: str, case: Case) -> bool:
    return any(isinstance(one, Finding) and one.severity == "error" for one in REGISTRY[rule].judge(case))


class Trial:
    """Asks of one machine after the other whether goals are reached; first by what the last one failed by, so that of
    many that fail alike not each needs the whole check."""

    def __init__(self, goals: Iterable[Goal], matrix: "Matrix") -> None:
        self._goals, self._matrix = tuple(goals), matrix
        self._last: tuple[Goal, str] | None = None

    def passes(self, machine: Machine) -> bool:
        """Is every goal reached?"""
        if self._last is not None and fails_by(machine, *self._last, self._matrix):
            return False
        for goal in self._goals:
            report = check(machine, goal, self._matrix)
            if report.verdict != "compatible":
                self._last = (goal, report.errors[0].rule) if report.errors else self._last
                return False
        return True


def may_say(machine: Machine, goal: Goal, rules: Iterable[str], matrix: "Matrix") -> bool:
    """May one of these rules be among the errors of the machine's check? Not where none of them finds anything and it
    is not open which builds are there; so most machines need no whole check."""
    case = Case(implied(in_order(machine)[0]), goal, matrix)
    return is_open(case) or any(_is_error(rule, case) for rule in rules)


def is_open(case: Case) -> bool:
    """May one of the goal's packages be one of several builds? Then only the whole check tells (compat.check)."""
    return any(
        len({str([row.get(name) for name in ("cuda", "cudnn", "sass", "ptx")]) for row in subject.candidates}) > 1
        for subject in case.subjects
    )


def without_gpu(choice: Choice, matrix: "Matrix", machine: Machine) -> tuple[Reason, ...]:
    """A build of which no CUDA is known is no answer to a request for the GPU, where the rules leave it open and the
    package has builds without."""
    if choice.installed or choice.build.cuda or choice.brings:
        return ()
    if choice.row.get("os") == "any" and "requires" in choice.row:
        return ()  # nothing compiled is in it: it computes with what it requires
    if matrix.packages.about(choice.component).get("accelerator") != "optional" and choice.component != "tensorrt":
        return ()
    if choice.component != "tensorrt" and not _in_two_kinds(choice.distribution, matrix):
        return ()  # its GPU code is compiled where it is used, and no build is told by its CUDA (Numba)
    where = " on ".join(part for part in (machine.os, machine.arch) if part) or "this platform"
    return (
        Reason(
            "no-gpu-build-for-platform",
            f"{choice.label} has no known GPU build for {where}.",
            "published builds in the matrix",
        ),
    )


def without_known_code(choice: Choice, matrix: "Matrix", machine: Machine) -> tuple[Reason, ...]:
    """A build whose machine code is not listed is no answer for a GPU that is older than all code that is known of its
    package: that code for it was left out of later releases is no more than possible."""
    if choice.installed or not choice.row or {"sass", "ptx"} & choice.row.keys():
        return ()
    oldest = _oldest_code(choice.distribution, matrix)
    older = next((one for one in gpus_of(machine, matrix) if one is not None and oldest and one.plain < oldest), None)
    if older is None:
        return ()
    return (
        Reason(
            "gpu-not-in-build",
            f"{choice.label} is not known to have code for {older.sm}: "
            f"the oldest that is known of {choice.distribution} is for {oldest}.",
            "published builds in the matrix",
        ),
    )


@lru_cache(maxsize=256)
def _oldest_code(distribution: str, matrix: "Matrix") -> Capability | None:
    """The oldest GPU that some build of a distribution is known to have code for."""
    rows = (row for rows in matrix.packages.builds(distribution).values() for row in rows)
    known = (parse_capability(text) for row in rows for text in (*row.get("sass", ()), *row.get("ptx", ())))
    return min(known, default=None)


@lru_cache(maxsize=256)
def _in_two_kinds(distribution: str, matrix: "Matrix") -> bool:
    """Is the CUDA of some build of a distribution known, or that it has none?"""
    return any("cuda" in row for rows in matrix.packages.builds(distribution).values() for row in rows)
