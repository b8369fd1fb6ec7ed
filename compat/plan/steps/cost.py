"""What a plan costs, so that alternatives can be weighed: the kind of change first, in the documented order."""

from collections.abc import Iterable

from compat.matrix.packages import normal
from compat.plan.commands.managers import OF_FORGE
from compat.plan.model import Plan, Step
from compat.plan.ways.forward import MOVE
from compat.records import dataclass

# Least change first (docs/plan.md, preference); the operating system, JetPack and the GPU are never touched.
KINDS = ("nothing", "setting", "packages", "environment", "python", "container", "cuda-compat", "driver")
_KIND_OF = {"package": "packages", "system": "setting"}


@dataclass(frozen=True)
class Cost:
    """``kind`` is the greatest of the changes. ``packages`` counts those that come, change or go, None where the matrix
    does not know what a build requires (what conda's solver brings along it never does); ``restart``: the machine is
    started anew; ``root``: an administrator is needed.
    """

    kind: str
    packages: int | None
    restart: bool
    root: bool

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """The smaller the less change."""
        return KINDS.index(self.kind), self.restart, self.root


def cost(plan: Plan) -> Cost:
    """What the steps of a plan cost."""
    kinds = [_kind(step) for step in plan.steps]
    return Cost(
        max(kinds, key=KINDS.index, default="nothing"),
        _changed(plan) if "packages" in kinds else 0,
        any(map(_restarts, plan.steps)),
        any(step.needs_root for step in plan.steps),
    )


def _kind(step: Step) -> str:
    return MOVE if step.component == MOVE else _KIND_OF.get(step.kind, step.kind)


def _restarts(step: Step) -> bool:
    # A driver's kernel module is loaded at the start of the machine.
    return step.kind == "driver" or any("reboot" in command.argv for command in step.commands)


def _changed(plan: Plan) -> int | None:
    if any("requires" not in one.row for one in plan.choices if not one.installed):
        return None
    if any(step.commands and all(one.installer in OF_FORGE for one in step.commands) for step in plan.steps):
        return None
    anew = any(step.kind in ("environment", "python") for step in plan.steps)
    before = {} if anew else _releases((plan.machine.packages or {}).items())
    after = _releases((plan.result.packages or {}).items())
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())


def _releases(packages: Iterable[tuple[str, object]]) -> dict[str, object]:
    return {normal(name): version for name, version in packages if version is not False}
