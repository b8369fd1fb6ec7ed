"""Plans for one machine or for several; several get the same builds on each, where there are such.

The builds that suit the first machine are tried on the others, best first. Where none suits all, the smallest set of
machines that have none in common is the reason, and each machine's own plan is what would lift it.
"""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Driver, Libcuda, Machine
from compat.plan.asking.request import goal_of, goals_for, with_goal
from compat.plan.model import Lift, Plan, Reason, Request
from compat.plan.solve import plan
from compat.plan.solver.answers import Problem, answers, planned
from compat.plan.solver.order import installed
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.search import Search
from compat.plan.solver.wholes import Found
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

_TRIED = 400  # combinations of the first machine that are tried on the others


def plan_for(
    machines: Sequence[Machine],
    asked: tuple[Request, ...],
    matrix: "Matrix",
    goal: Goal | None,
    allow: frozenset[str],
    prefer: str,
    alternatives: bool,
    conda: bool = False,
) -> list[Plan]:
    """One plan a machine; of several machines all with the same builds, or all impossible. Raises BadRequest."""
    own = [plan(machine, asked, matrix, goal, allow, prefer, alternatives, conda) for machine in machines]
    if len(machines) == 1 or any(one.outcome == "impossible" for one in own):
        return own
    requests = with_goal(asked, goal, matrix)
    goals = goals_for(requests, goal, matrix)
    problems = [Problem(machine, requests, goals, matrix, prefer, conda=conda) for machine in machines]
    # Images and conda-forge's environments are told by no builds.
    listed = not conda and "container" not in allow and all(one.choices for one in own)
    common = None if listed and _never(problems) else _common(problems, allow)
    if common is not None:
        return common
    return _apart(problems, own, allow)


def _never(problems: list[Problem]) -> bool:
    """Is there a component of which no build suits each machine by itself, whichever its driver and Python are?"""
    return any(not set.intersection(*(_suiting(one, request) for one in problems)) for request in problems[0].requests)


def _suiting(problem: Problem, request: Request) -> set[str]:
    machine = replace(emptied(problem.machine), python=None, driver=Driver(), libcuda=Libcuda())
    goal = parse(goal_of(request.component, problem.matrix))
    search = Search(Scene(machine), (request,), (goal,), (), problem.matrix, memory=problem.memory)
    found = {choice.label for choice in search.asked_for(request) if search.passes(choice)}
    here = installed(request.component, request.text, problem.machine, problem.matrix)
    return found if here is None else {*found, here.label}


def _common(problems: list[Problem], allow: frozenset[str]) -> list[Plan] | None:
    first, *others = problems
    tried: list[Search] = []
    seen = set()
    for found in islice(answers(first, allow, tried), _TRIED):
        labels = _builds_of(found)
        if labels in seen:
            continue
        seen.add(labels)
        matches = [_same(other, found, allow) for other in others]
        if all(match is not None for match in matches):
            return [planned(first, found, tried), *(match for match in matches if match is not None)]
    return None


def _same(problem: Problem, found: Found, allow: frozenset[str]) -> Plan | None:
    """The plan with the very builds on another machine, if they suit it."""
    exact = {choice.component: choice for choice in found.choices}
    requests = tuple(
        replace(one, text=f"=={exact[one.component].public}") if one.component in exact else one
        for one in problem.requests
    )
    narrowed = replace(problem, requests=requests)
    tried: list[Search] = []
    labels = _builds_of(found)
    for match in islice(answers(narrowed, allow, tried), _TRIED):
        if _builds_of(match) == labels:
            return replace(planned(narrowed, match, tried), requests=problem.requests)
    return None


def _apart(problems: list[Problem], own: list[Plan], allow: frozenset[str]) -> list[Plan]:
    kept = list(range(len(problems)))
    for number in range(len(problems)):
        fewer = [one for one in kept if one != number]
        if len(fewer) > 1 and _common([problems[one] for one in fewer], allow) is None:
            kept = fewer
    conflict = tuple(
        Reason(
            "machines",
            f"{problems[one].machine.name or 'a machine'} takes {_builds(own[one])} and shares no "
            "set of builds with the others named here.",
            "--machine",
        )
        for one in kept
    )
    return [
        replace(
            one,
            outcome="impossible",
            steps=(),
            result=one.machine,
            conflict=conflict,
            lifts=(Lift(("machines",), "a plan of its own for each machine", one.steps),),
        )
        for one in own
    ]


def _builds(one: Plan) -> str:
    return ", ".join(choice.label for choice in one.choices) or "what it has"


def _builds_of(found: Found) -> tuple[str, ...]:
    """What is installed; of an image or a conda environment its own name."""
    return tuple(choice.label for choice in found.choices) or tuple(step.after for step in found.scene.steps)
