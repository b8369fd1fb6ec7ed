"""A plan as JSON (docs/plan.md): one object for one machine, a list for several."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from compat.description import to_dict
from compat.plan.asking.request import COMPANION
from compat.plan.model import Plan, Reason, Step

if TYPE_CHECKING:
    from compat.matrix import Matrix

SCHEMA = "compatcheck.plan/1"


def render(plans: Sequence[Plan], matrix: "Matrix", installer: str) -> Iterator[str]:
    """The document; it has the commands of every installer."""
    data = [as_data(one, matrix) for one in plans]
    yield json.dumps(data[0] if len(data) == 1 else data, ensure_ascii=False, indent=2)


def as_data(plan: Plan, matrix: "Matrix") -> dict[str, Any]:
    """The contract's object; what it costs is in it where there are alternatives to weigh it against."""
    data = _plan(plan, matrix)
    if plan.alternatives:
        data["cost"] = _cost(plan)
        data["alternatives"] = [{**_plan(one, matrix), "cost": _cost(one)} for one in plan.alternatives]
    return data


def _plan(plan: Plan, matrix: "Matrix") -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "outcome": plan.outcome,
        "machine": plan.machine.name,
        "request": {one.component: one.text for one in plan.requests if one.where != COMPANION},
        "goal": ", ".join(str(goal) for goal in plan.goals),
        "matrix": {"version": matrix.version, "date": matrix.date},
        "steps": [_step(step) for step in plan.steps],
        "result": to_dict(plan.result),
        "conflict": [_reason(reason) for reason in plan.conflict],
        "lifts": [
            {"allow": list(lift.allow), "needs": lift.needs, "steps": [_step(step) for step in lift.steps]}
            for lift in plan.lifts
        ],
        "alternatives": [],
        **({} if plan.proven else {"proven": False}),
        **({} if plan.advised else {"advised": False}),
        **({"untold": list(plan.untold)} if plan.untold else {}),
    }


def _cost(plan: Plan) -> dict[str, Any]:
    from compat.plan.steps.cost import cost

    found = cost(plan)
    return {"kind": found.kind, "packages": found.packages, "restart": found.restart, "root": found.root}


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "component": step.component,
        "from": step.before,
        "to": step.after,
        "why": [_reason(reason) for reason in step.why],
        "commands": [{"installer": one.installer, "argv": list(one.argv), "shell": one.shell} for one in step.commands],
        "needs_root": step.needs_root,
        "reversible": step.reversible,
    }


def _reason(reason: Reason) -> dict[str, str]:
    return {"rule": reason.rule, "message": reason.message, "source": reason.source}
