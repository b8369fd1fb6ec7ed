"""Which goals a machine suggests: one for each framework that is there, else the GPU itself."""

from typing import TYPE_CHECKING

from compat.goals import Goal, parse
from compat.machine import Machine
from compat.names import normal

if TYPE_CHECKING:
    from compat.matrix import Matrix


def goals_of(machine: Machine, matrix: "Matrix") -> tuple[Goal, ...]:
    """The goals that what is described suggests, in a fixed order; `use:gpu` where it suggests none."""
    here = {
        normal(name)
        for packages in (machine.packages, machine.builds)
        for name, version in (packages or {}).items()
        if version is not False
    }
    found = [goal for name, goal in matrix.packages.suggestions.items() if name in here]
    if machine.engine.tensorrt or machine.engine.compute_capability:
        found.append("run:engine")
    if any(
        library.name == "tensorrt" and library.origin in ("system", "container") for library in machine.libraries or ()
    ):
        found.append("use:tensorrt")
    if machine.container.requires and not machine.in_environment("docker"):
        found.insert(0, "start:container")
    return tuple(parse(goal) for goal in dict.fromkeys(found or ["use:gpu"]))
