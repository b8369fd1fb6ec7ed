"""The oldest driver that does for an answer: what a lift asks for, where the newest one was tried."""

from collections.abc import Container, Iterable, Iterator
from functools import lru_cache

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.plan.asking.request import goal_of
from compat.plan.solver.judge import failing, fails_by, may_say
from compat.plan.solver.problem import Problem
from compat.plan.solver.wholes import Found
from compat.plan.ways import moves
from compat.rules import every_rule

_CHANGED = ("driver", "libcuda", "missing_libraries")  # by another driver (moves.with_driver)


def least_driver(problem: Problem, found: Found) -> str:
    """The oldest driver on which the machine that was found still passes."""
    goals = [parse("use:gpu"), *(parse(goal_of(choice.component, problem.matrix)) for choice in found.choices)]
    if not found.choices:
        goals += problem.goals
    reached = {goal for goal in goals if _checked(found.result, goal, problem) is None}
    last: tuple[Goal, str] | None = None
    for least in moves.driver_floors(problem.machine, problem.matrix):
        older = moves.with_driver(found.result, least, problem.matrix)
        if last is None or not fails_by(older, *last, problem.matrix):
            last = next(_faults(older, goals, reached, problem), None)
            if last is None:
                return least
    return str(found.result.driver.version)


def _faults(
    machine: Machine, goals: Iterable[Goal], reached: Container[Goal], problem: Problem
) -> Iterator[tuple[Goal, str]]:
    """The goals that are not reached, each with a rule that speaks against it. ``reached``: on the driver that was
    found; those fail on an older one by a rule of the driver alone, unless it is open which build is there."""
    for goal in goals:
        rule = failing(machine, goal, _of_driver(), problem.matrix) if goal in reached else None
        if rule is None and (goal not in reached or may_say(machine, goal, (), problem.matrix)):
            rule = _checked(machine, goal, problem)
        if rule is not None:
            yield goal, rule


def _checked(machine: Machine, goal: Goal, problem: Problem) -> str | None:
    report = problem.memory.checked(machine, goal, problem.matrix)
    return report.errors[0].rule if report.verdict == "incompatible" else None


@lru_cache(maxsize=1)
def _of_driver() -> tuple[str, ...]:
    """The rules that read what another driver changes."""
    return tuple(one.name for one in every_rule() if any(path.startswith(_CHANGED) for path in one.reads))
