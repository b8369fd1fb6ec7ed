"""What the machine reaches as it is: the goals that need nothing, and those of what is installed that have to stay."""

from collections.abc import Iterator

from compat.check import check
from compat.goals import Goal, parse
from compat.plan.asking.request import COMPANION, goal_of
from compat.plan.model import Request
from compat.plan.solver.order import installed
from compat.plan.solver.problem import Problem
from compat.suggest import goals_of


def reached(problem: Problem) -> bool:
    """Is all that is asked for there, and every goal reached?"""
    asked = (problem.requests, problem.goals)
    return problem.memory.once(("reached", *asked), (problem.machine,), lambda: _passes(problem))


def _passes(problem: Problem) -> bool:
    """Does the machine pass as it is, with every component that was asked for by name inside its range?"""
    named = [
        request for request in problem.requests if request.where != COMPANION and _has_to_be_there(request, problem)
    ]
    there = all(installed(one.component, one.text, problem.machine, problem.matrix) is not None for one in named)
    return (
        there
        and bool(problem.goals)
        and all(check(problem.machine, goal, problem.matrix).verdict == "compatible" for goal in problem.goals)
    )


def _has_to_be_there(request: Request, problem: Problem) -> bool:
    """Is it asked for by name, or by a goal that is named for it on a machine whose packages are known?"""
    if request.where != "--goal":
        return True
    if problem.machine.packages is None:
        return False
    return any(request.component in goal.subjects[:1] for goal in problem.goals)


def kept_goals(problem: Problem) -> tuple[Goal, ...]:
    """Goals that what is installed reaches, and has to reach afterwards."""
    asked = (problem.requests, problem.goals)
    return problem.memory.once(("kept", *asked), (problem.machine,), lambda: _to_keep(problem))


def _to_keep(problem: Problem) -> tuple[Goal, ...]:
    """Goals of what is installed and not asked for, that are reached now and have to stay so."""
    if not problem.machine.packages:
        return ()
    found = dict.fromkeys((*goals_of(problem.machine, problem.matrix), *_of_extensions(problem)))
    suggested = [goal for goal in found if goal not in problem.goals and str(goal) != "use:gpu"]
    asked = {one.component for one in problem.requests if one.where != COMPANION}
    return tuple(
        goal
        for goal in suggested
        if asked.isdisjoint(goal.subjects[:1]) and check(problem.machine, goal, problem.matrix).verdict == "compatible"
    )


def _of_extensions(problem: Problem) -> Iterator[Goal]:
    """What is installed and runs in another framework's process only: it breaks where that one moves."""
    for name, version in (problem.machine.packages or {}).items():
        component = problem.matrix.packages.component(name) if version else None
        if component is not None and problem.matrix.packages.about(component).get("runs_with"):
            yield parse(goal_of(component, problem.matrix))
