"""The locked set, held against the rules: the machine with exactly these packages in its environment."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.guard.result import after
from compat.guard.transaction import Coming, Transaction, source_of
from compat.lock import Locked
from compat.machine import Machine
from compat.plan.model import Plan, Reason
from compat.plan.solver.judge import faults
from compat.plan.solver.scene import emptied
from compat.records import replace
from compat.suggest import goals_of

if TYPE_CHECKING:
    from compat.matrix import Matrix


def machine_of(locked: Locked, plan: Plan, matrix: "Matrix") -> Machine:
    """The planned machine with an environment that holds the locked set."""
    coming = tuple(
        Coming(one.name, one.version, source_of(one.files[0].url, one.direct) if one.files else None)
        for one in locked.packages
    )
    sources = {**plan.result.sources, **{f"packages.{one.name}": locked.resolver for one in locked.packages}}
    return after(replace(emptied(plan.result), sources=sources), Transaction(coming), matrix)


def goals(locked: Locked, plan: Plan, machine: Machine, matrix: "Matrix") -> tuple[Goal, ...]:
    """The plan's goals, and what else of the set is there to use the GPU: all of it was asked for.

    Where no goal needs the GPU, only whether the rest can be imported is at stake.
    """
    here = {matrix.packages.component(one.name) for one in locked.packages}
    suggested = [goal for goal in goals_of(machine, matrix) if goal.subjects and goal.subjects[0] in here]
    if not any(goal.needs_gpu for goal in plan.goals):
        suggested = [parse(f"import:{goal.subjects[0]}") for goal in suggested]
    return tuple(dict.fromkeys((*plan.goals, *suggested)))


def wrong(locked: Locked, plan: Plan, machine: Machine, matrix: "Matrix") -> tuple[Reason, ...]:
    """What is wrong with the set; empty where the rules find no fault and the planned releases are in it."""
    return (*_others(locked, plan), *faults(machine, goals(locked, plan, machine, matrix), matrix))


def _others(locked: Locked, plan: Plan) -> Iterator[Reason]:
    there = {one.name: one.version for one in locked.packages}
    for choice in plan.choices:
        found = there.get(choice.distribution)
        if found is not None and found != choice.version and not choice.row.get("file"):
            said = f"{choice.label} was planned, and {found} was resolved."
            yield Reason("package-versions-mismatch", said, locked.resolver)


def chain(name: str, askers: Mapping[str, str]) -> str:
    """``nvidia-cudnn-cu13 <- jax-cuda13-plugin <- jax``: who asks for it, and who for that; empty where nobody does."""
    found = [name]
    while askers.get(found[-1]) and askers[found[-1]] not in found:
        found.append(askers[found[-1]])
    return " <- ".join(found) if len(found) > 1 else ""
