"""A file and a machine -> a machine that has the file, and its report."""

from typing import TYPE_CHECKING

from compat.artifacts import Artifact
from compat.machine import Engine, Library, Machine
from compat.records import replace

if TYPE_CHECKING:
    from compat.check import Report
    from compat.goals import Goal
    from compat.matrix import Matrix


FOR_RTX = "it is an engine of TensorRT for RTX"


def with_engine(machine: Machine, artifact: Artifact) -> Machine:
    """The machine with the file as its engine; a file that is none is an engine that cannot be loaded."""
    return replace(machine, engine=artifact.engine or Engine(file=artifact.path, damaged=_why_none(machine, artifact)))


def _why_none(machine: Machine, artifact: Artifact) -> str | None:
    """Why a file without an engine's header cannot be loaded; None for a container whose header was not found."""
    if artifact.damaged is not None:
        return artifact.damaged
    if artifact.format == "tensorrt-rtx-engine":
        return _why_not_rtx(machine, artifact.facts["tensorrt_rtx"])
    return None if artifact.kind == "engine" else f"it is no engine but: {artifact.title}"


def _why_not_rtx(machine: Machine, release: str) -> str | None:
    """TensorRT for RTX loads the engines of its own release only (its documentation, "Engine Compatibility").

    https://docs.nvidia.com/deeplearning/tensorrt-rtx/latest/inference-library/engine-compatibility.html
    """
    if machine.packages is None:
        return None
    found = (text for name, text in machine.packages.items() if name.startswith("tensorrt-rtx"))
    here = next((text for text in found if text), None)
    if here is None:
        return f"{FOR_RTX} {release}, which TensorRT does not load"
    same = release.split(".")[:3] == here.split(".")[:3]
    return None if same else f"{FOR_RTX} {release}, and {here} loads no other release's"


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
    return replace(machine, packages={**packages, runtime_of(machine): version})


def runtime_of(machine: Machine) -> str:
    """The distribution of ONNX Runtime that is installed, else the one for GPUs."""
    return next((name for name in machine.packages or {} if name.startswith("onnxruntime")), "onnxruntime-gpu")


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
