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
    "keras3": "convert:tensorflow-onnx",  # Keras 3 calls tf2onnx itself
    "torchscript": "convert:torch-onnx",
    "torch-export": "convert:torch-onnx",
}


def steps(artifact: Artifact, machine: Machine, matrix: "Matrix") -> tuple[Step, ...]:
    """What has to be installed before the file can be exported; empty where nothing has to be, or nothing is known."""
    goal = EXPORT_GOALS.get(artifact.format)
    if is_ultralytics(artifact) and machine.packages is not None:
        return _ultralytics(machine)
    if goal is None or machine.packages is None:
        return ()
    from compat.plan.asking.request import packages, requests
    from compat.plan.ways.several import plan_for

    wanted = _written_by(artifact, matrix)
    keras = _keras3(artifact, matrix)
    asked = (*requests(wanted), *packages(keras, matrix))
    plan = plan_for([machine], asked, matrix, parse(goal), frozenset(), "installed", False)[0]
    if plan.outcome == "impossible":
        reasons = "; ".join(one.message for one in plan.conflict[:3])
        named = [f"--{name} '{text}'" for name, text in wanted.items()] + [f"--package '{text}'" for text in keras]
        options = " ".join(named)
        said = f"there is no set of packages here that exports it: {reasons}. Export it elsewhere, or see "
        return (Step("prepare", f"{said}`compatcheck plan {options} --goal {goal} --allow python`"),)
    return (
        *(
            Step("prepare", f"{one.component} {one.after}", tuple(command.argv for command in one.commands[:1]))
            for one in plan.steps
        ),
        *_exporter(artifact, machine),
    )


def is_ultralytics(artifact: Artifact) -> bool:
    """Is it a module of Ultralytics' classes? Its package exports it (docs.ultralytics.com/modes/export)."""
    return bool(artifact.facts.get("whole_module")) and "ultralytics" in artifact.facts.get("modules", ())


def _ultralytics(machine: Machine) -> tuple[Step, ...]:
    from compat.plan.commands import python

    missing = tuple(name for name in ("ultralytics", "onnx") if name not in (machine.packages or {}))
    if not missing:
        return ()
    return (
        Step(
            "prepare",
            "Ultralytics' package, of whose classes the file is",
            (python.install(machine, "", missing)[0].argv,),
        ),
    )


def _exporter(artifact: Artifact, machine: Machine) -> tuple[Step, ...]:
    """onnxscript, which torch's newer exporter needs and torch does not install."""
    if artifact.format != "torch-export" or (machine.packages or {}).get("onnxscript"):
        return ()
    from compat.plan.commands import python

    command = python.install(machine, "", ("onnxscript",))[0].argv
    return (Step("prepare", "onnxscript, which torch.onnx needs and torch does not install", (command,)),)


def interpreter(found: tuple[Step, ...], machine: Machine) -> str:
    """The Python of the environment that the steps before prepare: the one whose pip installs there."""
    commands = [command for step in found for command in step.commands]
    return next((one[0] for one in reversed(commands) if one[1:3] == ("-m", "pip")), machine.interpreter or "python")


def _keras3(artifact: Artifact, matrix: "Matrix") -> tuple[str, ...]:
    """The Keras 3 that reads the file: the one that wrote it or a newer one, of those that write ONNX."""
    if artifact.format != "keras3":
        return ()
    written = versions.try_parse(artifact.facts.get("keras_version"))
    if written is not None and matrix.traits.holds("keras", "exports-onnx", written.public):
        return (f"keras>={written.public}",)
    first = matrix.traits.row("keras", "exports-onnx")
    return (f"keras{first['range'] if first is not None else ''}",)


def _written_by(artifact: Artifact, matrix: "Matrix") -> dict[str, str | None]:
    """The framework release that the file names: TensorFlow's own line reads it best, torch's or a newer one does."""
    release = versions.try_parse(artifact.facts.get("tensorflow"))
    if release is not None:
        return {"tensorflow": versions.major_minor(release.public)}
    keras = versions.try_parse(artifact.facts.get("keras_version"))
    # Keras 2 as tf.keras has its TensorFlow's number, which pins it.
    numbered = keras is not None and matrix.traits.holds("keras", "numbered-as-tensorflow", keras.public)
    if artifact.format == "keras2" and keras is not None and numbered:
        return {"tensorflow": versions.major_minor(keras.public)}
    torch = versions.try_parse(artifact.facts.get("torch"))
    return {"torch": f">={torch.public}"} if torch is not None else {}
