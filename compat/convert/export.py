"""From a framework's file to ONNX: one function a format, each gives the step with its command."""

import json
from collections.abc import Callable

from compat.artifacts import Artifact
from compat.convert.prepare import is_ultralytics
from compat.convert.step import Step
from compat.records import dataclass

_COMMON = ("__builtin__", "_codecs", "builtins", "collections", "numpy", "torch")  # in every pickle of a module
_LEAST_OPSET = 18  # of torch's newer exporter


@dataclass(frozen=True)
class Wanted:
    """What is exported: the file, the interpreter that does it, the ONNX file's path, its opset."""

    artifact: Artifact
    python: str
    model: str
    opset: int

    def tf2onnx(self, *words: str) -> tuple[str, ...]:
        """The command line of tf2onnx with what names its input."""
        made = ("--output", self.model, "--opset", str(self.opset))
        return (self.python, "-m", "tf2onnx.convert", *made, *words)


def step(wanted: Wanted) -> Step:
    """The step that makes the ONNX file; without a command where the file alone does not tell enough for one."""
    way = _WAYS.get(wanted.artifact.format, _of_torch)
    return way(wanted)


def _saved_model(wanted: Wanted) -> Step:
    path = wanted.artifact.path
    folder = path.removesuffix("/saved_model.pb") if path.endswith("saved_model.pb") else path
    command = wanted.tf2onnx("--saved-model", folder or ".")
    return Step("export", "with tf2onnx and the TensorFlow that wrote it", (command,))


def _keras2(wanted: Wanted) -> Step:
    return Step("export", "with tf2onnx, TensorFlow and Keras 2", (wanted.tf2onnx("--keras", wanted.artifact.path),))


def _frozen_graph(wanted: Wanted) -> Step:
    command = wanted.tf2onnx("--graphdef", wanted.artifact.path, "--inputs", "INPUT:0", "--outputs", "OUTPUT:0")
    said = "with tf2onnx; name the graph's inputs and outputs in place of INPUT:0 and OUTPUT:0"
    return Step("export", said, (command,))


def _torch_export(wanted: Wanted) -> Step:
    code = (
        f"import torch; torch.onnx.export(torch.export.load({_text(wanted.artifact.path)}), f={_text(wanted.model)}, "
        f"opset_version={max(wanted.opset, _LEAST_OPSET)})"
    )
    said = (
        "with torch.onnx (and onnxscript), of the torch release that wrote it or newer; the newer "
        f"exporter writes opset {_LEAST_OPSET} at least"
    )
    return Step("export", said, ((wanted.python, "-c", code),))


def _keras3(wanted: Wanted) -> Step:
    # A model that was only loaded counts as never called, and Keras then refuses to export it (3.15.1).
    code = (
        f"import keras; m = keras.saving.load_model({_text(wanted.artifact.path)}); i = m.inputs; "
        f'm(i[0] if len(i) == 1 else m.input); m.export({_text(wanted.model)}, format="onnx")'
    )
    said = "with Keras 3.8 or newer, which calls tf2onnx; loading it builds the classes that the file names"
    return Step("export", said, ((wanted.python, "-c", code),))


def _torchscript(wanted: Wanted) -> Step:
    return Step(
        "export",
        "call torch.onnx.export(torch.jit.load(FILE), example_inputs, OUTPUT, dynamo=False, "
        f"opset_version={wanted.opset}) with inputs of the right shapes; the file does not say them",
    )


def _hdf5(wanted: Wanted) -> Step:
    return Step(
        "export",
        "the file holds weights only: build the Keras model in its own code, load_weights(FILE), and export it "
        f"(Keras 3: model.export({wanted.model!r}, format='onnx'); Keras 2: tf2onnx.convert.from_keras)",
    )


def _of_torch(wanted: Wanted) -> Step:
    """A pickle of torch's: a module of Ultralytics', any other whole module, or weights."""
    facts, call = wanted.artifact.facts, f"example_inputs, {wanted.model!r}, opset_version={wanted.opset})"
    if is_ultralytics(wanted.artifact):
        said = "with Ultralytics' own exporter, which writes beside the file; loading it runs the file's code"
        words = (f"model={wanted.artifact.path}", "format=onnx", f"opset={wanted.opset}")
        return Step("export", said, (("yolo", "export", *words),))
    if facts.get("whole_module"):
        foreign = ", ".join(name for name in facts.get("modules", ()) if name not in _COMMON)
        return Step(
            "export",
            f"where {foreign or 'its classes'} can be imported: torch.onnx.export(torch.load(FILE, "
            f"weights_only=False), {call}; loading it runs the file's code",
        )
    return Step(
        "export",
        f"the file holds weights only: load them into the model's own code and call torch.onnx.export(model, {call}",
    )


def _text(path: str) -> str:
    """The path as Python reads it, in the quotes that a shell line does not need for itself."""
    return json.dumps(path, ensure_ascii=False)


_WAYS: dict[str, Callable[[Wanted], Step]] = {
    "saved-model": _saved_model,
    "keras2": _keras2,
    "keras3": _keras3,
    "frozen-graph": _frozen_graph,
    "torch-export": _torch_export,
    "torchscript": _torchscript,
    "hdf5": _hdf5,
}
