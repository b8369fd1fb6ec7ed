"""What torch's exporter to ONNX takes besides onnx, and torch does not install."""

from typing import TYPE_CHECKING

from compat.goals import Goal
from compat.plan.commands import python as installers
from compat.plan.commands import requirement
from compat.plan.model import Reason, Step
from compat.plan.solver.wholes import Found

if TYPE_CHECKING:
    from compat.matrix import Matrix

EXPORT = "convert:torch-onnx"


def exporter_steps(found: Found, goals: tuple[Goal, ...], matrix: "Matrix") -> tuple[Step, ...]:
    """The package that the exporter of the chosen torch is written with, where that is exported with and it is not
    there; none for a release whose exporter is its own."""
    torch = next((one for one in found.choices if one.component == "torch"), None)
    if torch is None or all(str(goal) != EXPORT for goal in goals):
        return ()
    claim = matrix.traits.claim("torch", "exports-with", torch.version)
    if claim is None or claim["value"] in (found.result.packages or {}):
        return ()
    name = claim["value"]
    said = f"{torch.label} exports through {name}, which it does not install, unless dynamo=False is given."
    commands = installers.install(found.scene.machine, found.scene.folder, (requirement(name, "*"),))
    return (
        Step(
            "package",
            name,
            None,
            "any release",
            (Reason("package-missing", said, str(matrix.source(claim))),),
            commands,
        ),
    )
