"""An engine that runs nowhere but where it was built: built again on this machine, from the model that it was made of.

TensorRT's engines are for one GPU, one system and one release unless they were built to be portable (TensorRT
documentation, version and hardware compatibility). Another TensorRT may serve; another GPU or system never does.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Engine
from compat.plan.model import Reason, Step
from compat.plan.offers.published import gpus_of
from compat.plan.solver.judge import reason
from compat.plan.solver.scene import Scene
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

GUIDE = "https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/advanced.html"
RUN = parse("run:engine")
AFTER = "built again on this machine, from its model"
RULES = ("engine-from-other-gpu", "engine-from-other-tensorrt", "engine-from-other-os")


def rebuilt(base: Scene, goals: tuple[Goal, ...], matrix: "Matrix") -> Scene | None:
    """The scene with an engine built there; None where none is to be run, or several kinds of GPU are to run it."""
    machine = base.machine
    if machine.engine == Engine() or RUN not in goals:
        return None
    gpus = {gpu for gpu in gpus_of(machine, matrix) if gpu is not None}
    if len(gpus) > 1:
        return None
    capability = str(next(iter(gpus))) if gpus else None
    made = Engine(compute_capability=capability, os=machine.os)
    found = [reason(one) for one in check(machine, RUN, matrix).errors if one.rule in RULES]
    if not found:
        return None
    said = "With the TensorRT that is to run it: `trtexec --onnx=MODEL --saveEngine=ENGINE`, or the builder of its API."
    why = (*found, Reason(found[0].rule, said, GUIDE, "how"))
    step = Step("setting", "engine", None, AFTER, why)
    return replace(base, machine=replace(machine, engine=made), steps=(*base.steps, step))


def last(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with that of the engine behind those that bring its TensorRT."""
    every = tuple(steps)
    return (*(one for one in every if one.after != AFTER), *(one for one in every if one.after == AFTER))
