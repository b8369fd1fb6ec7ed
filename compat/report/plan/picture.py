"""The stack before a plan and after it, layer by layer from the GPU up: what stays, what changes, what is broken.

The layers and their marks are those of ``doctor``: the present machine and the planned one, each judged for the plan's
goals. A format draws the rows as it can.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from compat.check import check
from compat.machine import Machine
from compat.plan.model import Plan
from compat.records import dataclass
from compat.stack import Layer, layers

if TYPE_CHECKING:
    from compat.matrix import Matrix

# From the bottom up; what is not named is a package and stands on top.
_ORDER = (
    "GPU",
    "kernel",
    "driver",
    "libcuda",
    "system",
    "environment",
    "container",
    "CUDA",
    "cuDNN",
    "TensorRT",
    "Python",
)
_PART = re.compile(r"^nvidia-.+-cu\d+$")  # CUDA's parts as packages: the layers of CUDA and cuDNN have them
# Where there is no plan: the layer that a rule of the conflict is about.
_IN_THE_WAY = {
    "driver-too-old": "driver",
    "driver-missing": "driver",
    "driver-dropped-gpu": "driver",
    "ptx-newer-than-driver": "driver",
    "python-unsupported": "Python",
    "glibc-too-old": "system",
    "libstdcxx-too-old": "system",
    "no-gpu-build-for-platform": "system",
    "gpu-missing": "GPU",
    "gpu-not-in-build": "GPU",
    "cuda-older-than-gpu": "GPU",
    "gpu-unsupported-by-tensorrt": "GPU",
    "container-without-gpu": "container",
    "wsl-setup": "environment",
}
State = Literal["stays", "new", "changes", "goes", "broken"]


@dataclass(frozen=True)
class Row:
    """One layer. ``broken``: the present one does not fit, or stands in the way of a plan,
    and ``reason`` is the rule."""

    name: str
    before: str
    after: str
    state: State
    broken: bool = False
    reason: str = ""


def rows(plan: Plan, matrix: "Matrix") -> tuple[Row, ...]:
    """The layers, the GPU first. Where there is no plan, before and after are the same."""
    before = _layers(plan.machine, plan, matrix)
    after = before if plan.outcome == "impossible" else _layers(plan.result, plan, matrix)
    names = sorted((name for name in {*before, *after} if not _PART.match(name)), key=_rank)
    ways = {_IN_THE_WAY[one.rule]: one.rule for one in reversed(plan.conflict) if one.rule in _IN_THE_WAY}
    return tuple(_row(name, before.get(name, ()), after.get(name, ()), ways.get(name, "")) for name in names)


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name), "") if name in _ORDER else (len(_ORDER), name)


def _layers(machine: Machine, plan: Plan, matrix: "Matrix") -> dict[str, tuple[Layer, ...]]:
    reports = [check(machine, goal, matrix) for goal in plan.goals]
    found: dict[str, tuple[Layer, ...]] = {}
    for layer in layers(machine, reports, matrix):
        found[layer.name] = (*found.get(layer.name, ()), layer)
    return found


def _row(name: str, before: Sequence[Layer], after: Sequence[Layer], way: str) -> Row:
    old, new = _value(before), _value(after)
    wrong = [layer for layer in before if layer.mark == "error"]
    state: State
    if old == new:
        state = "broken" if any(layer.mark == "error" for layer in after) else "stays"
    else:
        state = "new" if not old else ("changes" if new else "goes")
    return Row(name, old, new, state, bool(wrong or way), wrong[0].reason if wrong else way)


def _value(found: Sequence[Layer]) -> str:
    return ", ".join(dict.fromkeys(layer.value for layer in found))
