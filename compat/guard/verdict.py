"""What a change breaks: the rules, asked before and after, for every goal that either machine suggests.

A goal that was reached and is not any more is broken. One that was not reached is made worse only if all that was
wrong stays and more is added. One that comes with the change is judged by itself, less what is wrong with the machine
anyway: a missing driver is not the installer's fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Machine
from compat.rules.base import Finding
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix

Kind = Literal["broken", "worse", "unusable", "changed"]
# Asking for the CPU build of what is not there yet takes nothing away.
_CHOSEN = ("cpu-only-build", "no-gpu-build-for-platform", "package-missing")


@dataclass(frozen=True)
class Harm:
    """What a change does to one goal. ``changed``: it did not work before and will not, for another reason."""

    goal: Goal
    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        return self.kind != "changed"


def harms(before: Machine, after: Machine, matrix: "Matrix") -> tuple[Harm, ...]:
    """Every goal that the change harms, the blocking ones first."""
    old, new = _goals(before), _goals(after)
    found = [one for goal in new if (one := _harm(goal, goal in old, before, after, matrix)) is not None]
    return tuple(sorted(found, key=lambda one: not one.blocks))


def _goals(machine: Machine) -> tuple[Goal, ...]:
    """Where there is no GPU, only whether a package imports is at stake."""
    goals = goals_of(machine)
    if machine.gpus != ():
        return goals
    return tuple(dict.fromkeys(parse(f"import:{goal.subjects[0]}") for goal in goals if goal.subjects))


def _harm(goal: Goal, there: bool, before: Machine, after: Machine, matrix: "Matrix") -> Harm | None:
    wrong = _errors(check(after, goal, matrix).findings)
    was = _errors(check(before, goal, matrix).findings)
    if not there:
        was |= _errors(check(before, parse("use:gpu"), matrix).findings)
        new = tuple(found for key, found in wrong.items() if key not in was and found.rule not in _CHOSEN)
        return Harm(goal, "unusable", new) if new else None
    new = tuple(found for key, found in wrong.items() if key not in was)
    if not new:
        return None
    if not was:
        return Harm(goal, "broken", new)
    return Harm(goal, "worse" if was.keys() <= wrong.keys() else "changed", new)


def _errors(findings: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    return {(found.rule, found.component): found for found in findings if found.severity == "error"}
