"""tf2onnx, Keras and tf-keras on the package index: metadata, Python releases, and the opsets that tf2onnx writes.

`tf2onnx/constants.py` is read as text: `PREFERRED_OPSET` is what a conversion writes unless told otherwise, the largest
key of `OPSET_TO_IR_VERSION` is the highest opset that it can write.
"""

from __future__ import annotations

import ast

from . import progress
from .builds import group, requirements
from .document import Document
from .index import Index, IndexFile

NAME = "tf2onnx"


def harvest(index: Index) -> dict[str, Document]:
    """The documents `observed/tf2onnx.toml` and `observed/keras.toml`."""
    converter, keras = Document("tf2onnx"), Document("keras")
    add(index, converter, "tf2onnx")
    add(index, keras, "keras")
    add(index, keras, "tf-keras")
    return {"observed/tf2onnx.toml": converter, "observed/keras.toml": keras}


def add(index: Index, document: Document, project: str) -> None:
    """A `[[build]]` row for each release, and for tf2onnx a `[[release]]` row with its opsets."""
    key = f"index-{project}"
    for one in progress.over(group(index.files(project)), project):
        row = one.row()
        row["cuda"] = False
        row["requires"] = requirements(index.metadata(one.example))[0]
        document.source(
            key, f"{project}: wheel tags and METADATA", f"package index: {project}", one.date or "", "declared"
        )
        document.add("build", {**row, "source": key})
        if project == "tf2onnx" and (found := opsets(constants(index, one.example))):
            document.source(
                "constants", "tf2onnx/constants.py in the wheels", "package index: tf2onnx", one.date or "", "read"
            )
            default, highest = found
            document.add(
                "release",
                {"version": row["version"], "opset": highest, "opset_default": default, "source": "constants"},
            )


def constants(index: Index, file: IndexFile) -> str:
    """The text of `tf2onnx/constants.py`, "" where a wheel has none."""

    def read() -> str:
        wheel = index.wheel(file)
        found = [name for name in wheel.names() if name == "tf2onnx/constants.py"]
        return wheel.read(found[0]).decode("utf-8", "replace") if found else ""

    return str(index.remember(file, "tf2onnx/constants/1", read))


def opsets(text: str) -> tuple[str, str] | None:
    """(default, highest) opset that a `constants.py` names; None where it does not."""
    found: dict[str, ast.expr] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    if "PREFERRED_OPSET" not in found or "OPSET_TO_IR_VERSION" not in found:
        return None
    known = ast.literal_eval(found["OPSET_TO_IR_VERSION"])
    return str(ast.literal_eval(found["PREFERRED_OPSET"])), str(max(known))
