"""The chain from a model file to an engine that runs: export, build, verify, each with its command."""

import json
from typing import TYPE_CHECKING

from compat import versions
from compat.artifacts import Artifact
from compat.convert import prepare, tensorrt
from compat.convert.step import Step
from compat.goals import parse
from compat.machine import Machine
from compat.rules.case import Case
from compat.rules.tensorrt import installed

if TYPE_CHECKING:
    from compat.matrix import Matrix

_SAFE_OPSET = 17  # read by TensorRT from 8.4.1 on and by ONNX Runtime from 1.12 on


_COMMON = ("__builtin__", "_codecs", "builtins", "collections", "numpy", "torch")  # in every pickle of a module


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
        export = (*before, _export(artifact, python, model, opset(release, matrix)))
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


def _export(artifact: Artifact, python: str, model: str, number: int) -> Step:
    path = artifact.path
    tf2onnx = (python, "-m", "tf2onnx.convert", "--output", model, "--opset", str(number))
    if artifact.format == "saved-model":
        folder = path.removesuffix("/saved_model.pb") if path.endswith("saved_model.pb") else path
        return Step(
            "export", "with tf2onnx and the TensorFlow that wrote it", ((*tf2onnx, "--saved-model", folder or "."),)
        )
    if artifact.format == "keras2":
        return Step("export", "with tf2onnx, TensorFlow and Keras 2", ((*tf2onnx, "--keras", path),))
    if artifact.format == "frozen-graph":
        return Step(
            "export",
            "with tf2onnx; name the graph's inputs and outputs in place of INPUT:0 and OUTPUT:0",
            ((*tf2onnx, "--graphdef", path, "--inputs", "INPUT:0", "--outputs", "OUTPUT:0"),),
        )
    if artifact.format == "torch-export":
        opset18 = max(number, 18)
        code = (
            f"import torch; torch.onnx.export(torch.export.load({_text(path)}), f={_text(model)}, "
            f"opset_version={opset18})"
        )
        return Step(
            "export",
            "with torch.onnx (and onnxscript), of the torch release that wrote it or newer; the newer "
            "exporter writes opset 18 at least",
            ((python, "-c", code),),
        )
    if artifact.format == "keras3":
        # A model that was only loaded counts as never called, and Keras then refuses to export it (3.15.1).
        code = (
            f"import keras; m = keras.saving.load_model({_text(path)}); i = m.inputs; "
            f'm(i[0] if len(i) == 1 else m.input); m.export({_text(model)}, format="onnx")'
        )
        return Step(
            "export",
            "with Keras 3.8 or newer, which calls tf2onnx; loading it builds the classes that the file names",
            ((python, "-c", code),),
        )
    if artifact.format == "torchscript":
        return Step(
            "export",
            "call torch.onnx.export(torch.jit.load(FILE), example_inputs, OUTPUT, dynamo=False, "
            f"opset_version={number}) with inputs of the right shapes; the file does not say them",
        )
    if artifact.format == "hdf5":
        return Step(
            "export",
            "the file holds weights only: build the Keras model in its own code, load_weights(FILE), and export it "
            f"(Keras 3: model.export({model!r}, format='onnx'); Keras 2: tf2onnx.convert.from_keras)",
        )
    if prepare.is_ultralytics(artifact):
        return Step(
            "export",
            "with Ultralytics' own exporter, which writes beside the file; loading it runs the file's code",
            (("yolo", "export", f"model={path}", "format=onnx", f"opset={number}"),),
        )
    if artifact.facts.get("whole_module"):
        foreign = ", ".join(name for name in artifact.facts.get("modules", ()) if name not in _COMMON)
        return Step(
            "export",
            f"where {foreign or 'its classes'} can be imported: torch.onnx.export(torch.load(FILE, "
            f"weights_only=False), example_inputs, {model!r}, opset_version={number}); loading it runs the file's code",
        )
    return Step(
        "export",
        f"the file holds weights only: load them into the model's own code and call torch.onnx.export(model, "
        f"example_inputs, {model!r}, opset_version={number})",
    )


def _text(path: str) -> str:
    """The path as Python reads it, in the quotes that a shell line does not need for itself."""
    return json.dumps(path, ensure_ascii=False)


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
