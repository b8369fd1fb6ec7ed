"""Plans for one machine or for several; several get one plan that serves all, where there is one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat.goals import Goal
from compat.machine import Machine
from compat.plan.model import Plan, Request
from compat.plan.solve import plan

if TYPE_CHECKING:
    from compat.matrix import Matrix


def plan_for(
    machines: Sequence[Machine],
    asked: tuple[Request, ...],
    matrix: "Matrix",
    goal: Goal | None,
    allow: frozenset[str],
    prefer: str,
    alternatives: bool,
) -> list[Plan]:
    """One plan a machine."""
    return [plan(machine, asked, matrix, goal, allow, prefer, alternatives) for machine in machines]
