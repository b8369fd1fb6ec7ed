"""The planner: the least change that reaches the goals; where there is none, why, and what would lift it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compat.goals import Goal
from compat.machine import Machine
from compat.plan.asking.request import described, goals_for, with_companions, with_goal
from compat.plan.model import Plan, Request
from compat.plan.solver.answers import answers
from compat.plan.solver.conflict import conflict, elements_of
from compat.plan.solver.effort import Effort
from compat.plan.solver.memory import Memory
from compat.plan.solver.problem import Problem
from compat.plan.solver.search import Search
from compat.plan.steps.planned import planned
from compat.plan.ways.lifts import lifts
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix


def plan(
    machine: Machine,
    asked: tuple[Request, ...],
    matrix: "Matrix",
    goal: Goal | None = None,
    allow: Iterable[str] = (),
    prefer: str = "installed",
    alternatives: bool = False,
    conda: bool = False,
    machines: int = 1,
) -> Plan:
    """The least change after which the machine passes the check for each goal, or why there is none.

    ``conda``: packages of conda-forge where it has them. ``machines``: for how many the request is, each of which is
    planned by itself first. Raises BadRequest where the goal is one that no plan can be made for.
    """
    if not asked and goal is not None and goal.verb == "install":
        asked = described(machine, goal, matrix)
    machine = replace(machine, request=None)
    requests = with_goal(asked, goal, matrix)
    goals = goals_for(requests, goal, matrix)
    requests = with_companions(requests, machine)
    memory = Memory(effort=Effort(machines))
    problem = Problem(machine, requests, goals, matrix, prefer, conda=conda, memory=memory)
    tried: list[Search] = []
    found = next(answers(problem, frozenset(allow), tried), None)
    if found is None:
        elements = elements_of(tried)
        return Plan(
            "impossible",
            machine,
            requests,
            problem.goals,
            result=machine,
            conflict=conflict(tried, requests, elements),
            lifts=tuple(lifts(problem, frozenset(allow), tried, elements)),
            proven=not any(search.cut for search in tried),
            advised=not memory.effort.cut,
        )
    best = planned(problem, found, tried)
    if alternatives:
        from compat.plan.ways.alternatives import alternatives as others

        best = replace(best, alternatives=others(problem, frozenset(allow), best))
    return best
