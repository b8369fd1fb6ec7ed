"""A file and a machine -> a machine that has the file, and its report."""

from typing import TYPE_CHECKING

from compat.artifacts import Artifact
from compat.machine import Engine, Library, Machine
from compat.records import replace

if TYPE_CHECKING:
    from compat.check import Report
    from compat.goals import Goal
    from compat.matrix import Matrix


def with_engine(machine: Machine, artifact: Artifact) -> Machine:
    """The machine with the file as its engine; a file that is none is an engine that cannot be loaded."""
    engine = artifact.engine or Engine(
        file=artifact.path, damaged=artifact.damaged or f"it is no engine but: {artifact.title}"
    )
    return replace(machine, engine=engine)


def with_model(
    machine: Machine, artifact: Artifact, precision: str | None = None, device: str | None = None
) -> Machine:
    """The machine with the file as its model."""
    model = artifact.model or machine.model
    return replace(
        machine,
        model=replace(model, file=artifact.path, precision=precision or model.precision, device=device or model.device),
    )


def with_tensorrt(machine: Machine, version: str) -> Machine:
    """The machine as if this TensorRT, and no other, were installed."""
    others = tuple(one for one in machine.libraries or () if one.name != "tensorrt")
    packages = {name: text for name, text in (machine.packages or {}).items() if not name.startswith("tensorrt")}
    return replace(machine, libraries=(*others, Library("tensorrt", version, loaded=True)), packages=packages)


def with_onnxruntime(machine: Machine, version: str) -> Machine:
    """The machine as if this ONNX Runtime were installed."""
    packages = {name: text for name, text in (machine.packages or {}).items() if not name.startswith("onnxruntime")}
    name = next((name for name in machine.packages or {} if name.startswith("onnxruntime")), "onnxruntime-gpu")
    return replace(machine, packages={**packages, name: version})


def goals_for(model: Artifact | None, engine: Artifact | None) -> "tuple[Goal, ...]":
    """What files are checked for unless told: a model for its conversion, an engine for running."""
    from compat.convert.prepare import EXPORT_GOALS
    from compat.goals import parse

    goals = [EXPORT_GOALS.get(model.format, "convert:onnx-tensorrt")] if model is not None else []
    return tuple(parse(goal) for goal in (*goals, *(["run:engine"] if engine is not None else [])))


def judge_engine(machine: Machine, artifact: Artifact, matrix: "Matrix") -> "Report":
    """May this engine run here?"""
    from compat.check import check
    from compat.goals import parse

    return check(with_engine(machine, artifact), parse("run:engine"), matrix)
