"""The chain from a model file to an engine that runs: export, build, verify, each with its command."""

from typing import TYPE_CHECKING

from compat import versions
from compat.artifacts import Artifact
from compat.convert import export as exporting
from compat.convert import prepare, tensorrt
from compat.convert.step import Step
from compat.goals import parse
from compat.machine import Machine
from compat.rules.case import Case
from compat.rules.tensorrt.release import installed

if TYPE_CHECKING:
    from compat.matrix import Matrix

_SAFE_OPSET = 17  # read by TensorRT from 8.4.1 on and by ONNX Runtime from 1.12 on


def chain(artifact: Artifact, machine: Machine, matrix: "Matrix", target: str | None = None) -> tuple[Step, ...]:
    """The steps for a model on a machine; ``target`` is the engine's path."""
    case = Case(machine, parse("convert:onnx-tensorrt"), matrix)
    found = installed(case)
    release = found[0] if found else None
    stem = (
        artifact.path.rstrip("/").rpartition("/")[2].rpartition(".")[0] or artifact.path.rstrip("/").rpartition("/")[2]
    )
    model = artifact.path if artifact.format == "onnx" else f"{stem}.onnx"
    if prepare.is_ultralytics(artifact):
        model = f"{artifact.path.removesuffix('.pt')}.onnx"  # it names the file itself
    engine = target or f"{model.removesuffix('.onnx')}.engine"
    export: tuple[Step, ...] = ()
    if artifact.format != "onnx":
        before = prepare.steps(artifact, machine, matrix)
        python = prepare.interpreter(before, machine)
        wanted = exporting.Wanted(artifact, python, model, opset(release, matrix))
        export = (*before, exporting.step(wanted))
    asked = machine.model.precision
    line = tensorrt.trtexec(matrix, model, engine, release, asked, machine.model.device == "dla")
    return (*export, _build(artifact, machine, release, line), _verify(engine))


def opset(release: str | None, matrix: "Matrix") -> int:
    """The opset to export with: what this TensorRT reads, at most one that every newer reader takes too."""
    if release is None:
        return _SAFE_OPSET
    known = [
        int(row["opset"])
        for row in matrix.packages.releases("tensorrt")
        if "opset" in row and versions.parse(row["version"]) <= versions.parse(release)
    ]
    return min(known[-1], _SAFE_OPSET) if known else _SAFE_OPSET


def _build(artifact: Artifact, machine: Machine, release: str | None, line: tuple[str, ...]) -> Step:
    """The line that builds the engine, with the sizes of inputs that the model leaves open."""
    dynamic = artifact.facts.get("dynamic_inputs", []) if artifact.format == "onnx" else []
    note = ""
    if dynamic:
        shapes = [one for one in artifact.facts["inputs"] if one["name"] in dynamic and one["shape"]]
        fixed = ",".join(
            f"{one['name']}:" + "x".join(str(dim) if isinstance(dim, int) else "1" for dim in one["shape"])
            for one in shapes
        )
        if fixed:
            line += (f"--minShapes={fixed}", f"--optShapes={fixed}", f"--maxShapes={fixed}")
            note = (
                "; its shapes are dynamic and the DLA takes one size only: put it in place of the ones, the same "
                "three times"
                if machine.model.device == "dla"
                else "; its shapes are dynamic: put your smallest, usual and largest sizes in place of the ones"
            )
    by = f"TensorRT {release}" if release else "the TensorRT that will run it"
    return Step("build", f"with {by}, on the GPU that will run it{note}", (line,))


def _verify(engine: str) -> Step:
    return Step("verify", "load the engine and run it once", (("trtexec", f"--loadEngine={engine}"),))
