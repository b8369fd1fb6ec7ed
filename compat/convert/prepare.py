"""The packages that a step of the chain needs, as the planner puts them: pinned, and fitting the GPU stack."""

from typing import TYPE_CHECKING

from compat import versions
from compat.artifacts import Artifact
from compat.convert.step import Step
from compat.goals import parse
from compat.machine import Machine

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Format -> the goal whose packages turn it into ONNX.
EXPORT_GOALS = {
    "saved-model": "convert:tensorflow-onnx",
    "frozen-graph": "convert:tensorflow-onnx",
    "keras2": "convert:tensorflow-onnx",
    "torchscript": "convert:torch-onnx",
    "torch-export": "convert:torch-onnx",
}


_KERAS_OF_TENSORFLOW = "2.5"  # from here to 2.15 Keras 2 has its TensorFlow's number, which pins it


def steps(artifact: Artifact, machine: Machine, matrix: "Matrix") -> tuple[Step, ...]:
    """What has to be installed before the file can be exported; empty where nothing has to be, or nothing is known."""
    goal = EXPORT_GOALS.get(artifact.format)
    if goal is None or machine.packages is None:
        return ()
    from compat.plan.request import requests
    from compat.plan.several import plan_for

    wanted = _written_by(artifact)
    plan = plan_for([machine], requests(wanted), matrix, parse(goal), frozenset(), "installed", False)[0]
    if plan.outcome == "impossible":
        reasons = "; ".join(one.message for one in plan.conflict[:3])
        options = " ".join(f"--{name} '{text}'" for name, text in wanted.items())
        return (Step("prepare", f"there is no set of packages here that exports it: {reasons}. Export it elsewhere, or "
                                f"see `compatcheck plan {options} --goal {goal} --allow python`"),)  # fmt: skip
    return (
        *(
            Step("prepare", f"{one.component} {one.after}", tuple(command.argv for command in one.commands[:1]))
            for one in plan.steps
        ),
        *_exporter(artifact, machine),
    )


def _exporter(artifact: Artifact, machine: Machine) -> tuple[Step, ...]:
    """onnxscript, which torch's newer exporter needs and torch does not install."""
    if artifact.format != "torch-export" or (machine.packages or {}).get("onnxscript"):
        return ()
    from compat.plan.commands import python

    command = python.install(machine, "", ("onnxscript",))[0].argv
    return (Step("prepare", "onnxscript, which torch.onnx needs and torch does not install", (command,)),)


def _written_by(artifact: Artifact) -> dict[str, str | None]:
    """The framework release that the file names: TensorFlow's own line reads it best, torch's or a newer one does."""
    release = versions.try_parse(artifact.facts.get("tensorflow"))
    if release is not None:
        return {"tensorflow": versions.major_minor(release.public)}
    keras = versions.try_parse(artifact.facts.get("keras_version"))
    if artifact.format == "keras2" and keras is not None and versions.at_least(keras.public, _KERAS_OF_TENSORFLOW):
        return {"tensorflow": versions.major_minor(keras.public)}
    torch = versions.try_parse(artifact.facts.get("torch"))
    return {"torch": f">={torch.public}"} if torch is not None else {}
