"""What a change breaks: the rules, asked before and after, for every goal that either machine suggests.

A goal that was reached and is not any more is broken. One that was not reached is made worse only if all that was
wrong stays and more is added. One that comes with the change is judged by itself, less what is wrong with the machine
anyway: a missing driver is not the installer's fault.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.records import dataclass
from compat.rules.base import Finding
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix

Wrong = dict[tuple[str, str], Finding]
Kind = Literal["broken", "worse", "unusable", "older", "changed"]
# Asking for the CPU build of what is not there yet takes nothing away.
_CHOSEN = ("cpu-only-build", "no-gpu-build-for-platform", "package-missing")


@dataclass(frozen=True)
class Harm:
    """What a change does to one goal. ``changed``: it did not work before and will not, for another reason; ``older``:
    a library goes back behind the release that the goal's package is linked with, whatever comes of it."""

    goal: Goal
    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        return self.kind != "changed"


class Standing:
    """How things stand before a change. Each goal is judged once; that may be done before the change is known."""

    def __init__(self, machine: Machine, matrix: "Matrix") -> None:
        self.machine = machine
        self.matrix = matrix
        self._known: dict[Goal, Wrong] = {}

    def judged(self) -> "Standing":
        """Itself, with all that it suggests judged already."""
        for goal in self.goals:
            self.errors(goal)
        return self

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        return _goals(self.machine, self.matrix)

    def errors(self, goal: Goal) -> "Wrong":
        """What is wrong for this goal."""
        if goal not in self._known:
            self._known[goal] = _errors(check(self.machine, goal, self.matrix).findings)
        return self._known[goal]


def harms(before: Standing, after: Machine) -> tuple[Harm, ...]:
    """Every goal that the change harms, the blocking ones first."""
    found = [one for goal in _goals(after, before.matrix) if (one := _harm(goal, before, after)) is not None]
    found += _by_metadata(before, after, {one.goal for one in found})
    return tuple(sorted(found, key=lambda one: not one.blocks))


def _goals(machine: Machine, matrix: "Matrix") -> tuple[Goal, ...]:
    """Where there is no GPU, only whether a package imports is at stake."""
    goals = goals_of(machine, matrix)
    if machine.gpus != ():
        return goals
    return tuple(dict.fromkeys(parse(f"import:{goal.subjects[0]}") for goal in goals if goal.subjects))


def _harm(goal: Goal, before: Standing, after: Machine) -> Harm | None:
    wrong = _errors(check(after, goal, before.matrix).findings)
    was = before.errors(goal)
    if goal not in before.goals:
        was = was | before.errors(parse("use:gpu"))
        new = tuple(found for key, found in wrong.items() if key not in was and found.rule not in _CHOSEN)
        return Harm(goal, "unusable", new) if new else None
    new = tuple(found for key, found in wrong.items() if key not in was)
    if not new:
        return None
    if not was:
        return Harm(goal, "broken", new)
    return Harm(goal, "worse" if was.keys() <= wrong.keys() else "changed", new)


def _by_metadata(before: Standing, after: Machine, known: set[Goal]) -> Iterator[Harm]:
    """What packages that stay lose of what they require or are linked with, where their goal was reached."""
    from compat.guard.pinned import harmed

    lost: dict[str, list[Finding]] = {}
    for component, found in harmed(before.machine, after, before.matrix):
        lost.setdefault(component, []).append(found)
    for goal in before.goals if lost else ():
        findings = tuple(lost.get(goal.subjects[0], ())) if goal.subjects else ()
        if findings and goal not in known and not before.errors(goal):
            missing = any(one.rule == "package-missing" for one in findings)
            yield Harm(goal, "broken" if missing else "older", findings)


def _errors(findings: Iterable[Finding]) -> Wrong:
    return {(found.rule, found.component): found for found in findings if found.severity == "error"}
