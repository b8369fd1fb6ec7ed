"""What every format of a plan says in the same words: outcomes, changes, costs, roles of reasons, numbered sources."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat.plan.asking.request import ALLOWED, COMPANION
from compat.plan.commands import interpreters
from compat.plan.commands.managers import BY_NAME
from compat.plan.model import Command, Lift, Plan, Reason, Step
from compat.plan.steps.cost import cost

if TYPE_CHECKING:
    from compat.matrix import Matrix

_OUTCOMES = {
    "nothing-to-do": "nothing to do: what is asked for is there and works",
    "planned": "planned",
    "impossible": "impossible with what is fixed",
}
ROLES = {"needed": "because", "passed over": "passed over", "holds": "fits", "how": "how"}
_KINDS = {
    "nothing": "no change",
    "setting": "a setting, a service or a part of the system",
    "packages": "packages only",
    "environment": "a new environment, the present one stays as it is",
    "python": "a new environment with another Python",
    "container": "a container",
    "cuda-compat": "CUDA's forward compatibility in front of the driver",
    "driver": "another driver",
}


def machine(plan: Plan) -> str:
    """The machine's label."""
    return plan.machine.name or "this machine"


def outcome(plan: Plan) -> str:
    """The outcome in words; what was only not found is not called impossible, nor what is not told there."""
    if plan.outcome == "impossible" and not plan.proven:
        return "no plan found, and not all was tried: the search was cut short"
    if plan.outcome == "nothing-to-do" and plan.machine.packages is None and plan.requests:
        return "nothing is known to be wrong; which packages are installed is not told, so none is planned"
    if plan.outcome == "nothing-to-do" and plan.untold:
        return f"nothing is known to be wrong; {untold(plan)}"
    return _OUTCOMES[plan.outcome]


def untold(plan: Plan) -> str:
    """What stays in a build that nothing is known of, and where it can be looked up; empty where all is known."""
    if not plan.untold:
        return ""
    names, image = " and ".join(plan.untold), plan.result.container.image
    said = f"which release of {names} is there, and for which CUDA, is not known"
    so = "so whether the driver and the GPU suit it is not either"
    if not image:
        return f"{said}, {so}: compatcheck facts in its environment tells"
    look = f"CUDA_VERSION and NVIDIA_REQUIRE_CUDA in docker image inspect {image} tell, or its release notes"
    return f"{said} by the matrix, {so}: {look}"


def sign(plan: Plan) -> str:
    """What a plan comes to in a word: ``ok``, ``unknown`` where only nothing speaks against it, ``error``."""
    if plan.outcome == "impossible":
        return "error"
    unknown = plan.outcome == "nothing-to-do" and (plan.untold or (plan.machine.packages is None and plan.requests))
    return "unknown" if unknown else "ok"


def in_the_way(plan: Plan) -> str:
    """The headline of a conflict."""
    if not plan.proven:
        return "what stood in the way of what was tried"
    return "what stands in the way (without any one of these there would be a plan)"


UNTRIED = "not every way out was tried: that was cut short"


def asked(plan: Plan) -> str:
    """What was asked for, in a line."""
    named = (
        f"{one.component} {one.text}{f' of {one.build}' if one.build else ''}"
        for one in plan.requests
        if one.where != COMPANION
    )
    return ", ".join(named) or ", ".join(map(str, plan.goals))


def change(step: Step) -> str:
    """``2.5.1 -> 2.6.0``, or what comes."""
    return f"{step.before} -> {step.after}" if step.before else step.after


def commands(step: Step, installer: str) -> tuple[Command, ...]:
    """The commands of the installer that was asked for (pixi takes several), else those of the first that there is; a
    workspace has no pip."""
    named = dict.fromkeys(one.installer for one in step.commands)
    wanted = (installer, "uv") if BY_NAME[installer].workspace else (installer,)
    first = next((one for one in (*wanted, *named) if one in named), "")
    return tuple(one for one in step.commands if one.installer == first)


def is_by_hand(step: Step) -> bool:
    """Has a person to do it? A setting says itself what is to be set."""
    return not step.commands and step.kind in ("driver", "system", "package")


def by_hand(step: Step) -> str:
    """What stands in a command's place where there is none."""
    return "by hand, then restart" if step.kind == "driver" else "by hand"


def to_do(plan: Plan, installer: str) -> tuple[tuple[str, bool], ...]:
    """Each step in a line or its commands, and whether that is a command."""
    found: list[tuple[str, bool]] = []
    for step in plan.steps:
        own = [(one.shell, True) for one in commands(step, installer)]
        found += own or [(f"{step.component}: {change(step)}", False)]
    return tuple(found)


def costs(plan: Plan) -> str:
    """What a plan costs: the kind of change, how many packages, what else it takes."""
    found = cost(plan)
    parts = [_KINDS[found.kind]]
    if found.packages:
        parts.append(f"{found.packages} package{'s' if found.packages > 1 else ''}")
    parts.append("restart" if found.restart else "no restart")
    parts.append("administrator" if found.root else _without_administrator(plan))
    parts += ["a step by hand"] if any(map(is_by_hand, plan.steps)) else []
    return ", ".join(parts)


def _without_administrator(plan: Plan) -> str:
    """uv and conda fetch a Python for the user alone; that of pip's command may be a package of the system."""
    unless = any(map(interpreters.takes_administrator, plan.steps))
    return "no administrator unless pip's Python has to be installed" if unless else "no administrator"


# The matrix holds no sizes: they are the index's, and differ with what is there already.
DOWNLOADS = "How much there is to download only the index knows: --lock FILE says it for a plan (--installer uv)."


def summary(plan: Plan) -> str:
    """What a plan comes to: the builds, or the steps where it has none."""
    made = [choice.label for choice in plan.choices if not choice.installed]
    moved = [f"{step.component} {step.after}" for step in plan.steps if step.kind in ("driver", "container", "python")]
    return (
        ", ".join((*moved, *made)) or ", ".join(f"{step.component}: {step.after}" for step in plan.steps) or "nothing"
    )


def lift(one: Lift) -> str:
    """What would lift an impossibility, and the option that allows it."""
    movable = [name for name in one.allow if name in ALLOWED]
    return f"{one.needs} (--allow {','.join(movable)})" if movable else one.needs


class Sources:
    """Each source once, numbered as it first comes up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: Reason) -> int | None:
        """The number of a reason's source; None where it has none, or is an option that the reader has just typed."""
        if not reason.source or reason.source.startswith("--"):
            return None
        return self._numbers.setdefault(reason.source, len(self._numbers) + 1)

    @property
    def listed(self) -> Sequence[tuple[int, str]]:
        """(number, source)."""
        return [(number, source) for source, number in self._numbers.items()]


def address(source: str, matrix: "Matrix") -> str | None:
    """Where a source can be read: its own text where that is an address, else what the matrix has."""
    if source.startswith("https://") and " " not in source:
        return source
    return matrix.addresses.get(source.rpartition(", ")[0])
