"""A plan as text and as JSON (docs/plan.md)."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from compat.description import to_dict
from compat.plan.model import Lift, Plan, Reason, Step
from compat.plan.request import ALLOWED, COMPANION
from compat.report.style import Style

if TYPE_CHECKING:
    from compat.matrix import Matrix

SCHEMA = "compatcheck.plan/1"
_OUTCOMES = {
    "nothing-to-do": ("ok", "nothing to do: what is asked for is there and works"),
    "planned": ("ok", "planned"),
    "impossible": ("error", "impossible with what is fixed"),
}


def render(plans: Sequence[Plan], matrix: "Matrix", form: str, installer: str) -> Iterator[str]:
    """The lines of some plans: one object in JSON for one machine, a list for several."""
    if form == "json":
        data = [as_data(one, matrix) for one in plans]
        yield json.dumps(data[0] if len(data) == 1 else data, ensure_ascii=False, indent=2)
        return
    style = Style.of()
    for number, one in enumerate(plans):
        if number:
            yield ""
        yield from as_text(one, style, installer)


def as_data(plan: Plan, matrix: "Matrix") -> dict[str, Any]:
    """The contract's object."""
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
        "alternatives": [as_data(other, matrix) for other in plan.alternatives],
    }


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


def as_text(plan: Plan, style: Style, installer: str) -> Iterator[str]:
    """The outcome, the steps with reason and command, or what stands in the way and what would lift it."""
    kind, text = _OUTCOMES[plan.outcome]
    asked = ", ".join(
        f"{request.component} {request.text}" for request in plan.requests if request.where != COMPANION
    ) or ", ".join(map(str, plan.goals))
    yield from style.wrap(f"{plan.machine.name or 'this machine'}: {asked}: {text}", "  ", style.mark(kind) + " ")
    if plan.outcome == "impossible":
        yield from _conflict(plan, style, installer)
    else:
        yield from _steps(plan.steps, style, installer, "")
    for number, other in enumerate(plan.alternatives, 1):
        yield ""
        yield from style.wrap(", ".join(choice.label for choice in other.choices), "    ", f"alternative {number}: ")
        yield from _steps(other.steps, style, installer, "  ")


def _steps(steps: Sequence[Step], style: Style, installer: str, indent: str) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield ""
        change = f"{step.before} -> {step.after}" if step.before else step.after
        yield from style.wrap(f"{step.component}: {change}", indent + "   ", f"{indent}{number}. ")
        for reason in step.why:
            source = f" [{reason.source}]" if reason.source else ""
            yield from style.wrap(f"{reason.message} ({reason.rule}){source}", indent + "     ", indent + "   - ")
        yield from _commands(step, style, installer, indent)


def _commands(step: Step, style: Style, installer: str, indent: str) -> Iterator[str]:
    wanted = next(
        (one for one in step.commands if one.installer == installer), step.commands[0] if step.commands else None
    )
    if wanted is not None:
        # A command stands on one line, however long, so that it can be copied.
        yield f"{indent}   $ {style.paint(wanted.shell, 'bold')}"
    elif step.kind == "driver":
        yield from style.wrap("by hand, then restart", indent + "     ", indent + "   $ ")


def _conflict(plan: Plan, style: Style, installer: str) -> Iterator[str]:
    yield ""
    yield "what stands in the way (without any one of these there would be a plan):"
    for reason in plan.conflict:
        source = f" [{reason.source}]" if reason.source else ""
        yield from style.wrap(f"{reason.message} ({reason.rule}){source}", "    ", "  - ")
    if not plan.lifts:
        yield ""
        yield "nothing that --allow could move would lift it."
    for lift in plan.lifts:
        yield ""
        yield from style.wrap(_lift(lift), "  ", "would lift it: ")
        yield from _steps(lift.steps, style, installer, "  ")


def _lift(lift: Lift) -> str:
    movable = [name for name in lift.allow if name in ALLOWED]
    return f"{lift.needs} (--allow {','.join(movable)})" if movable else lift.needs
