"""Keras 3's ``.keras`` file: a zip with metadata.json, config.json and the weights in HDF5."""

import json
import re
from typing import Any

from compat.artifacts.artifact import Artifact, Bytes
from compat.artifacts.zipped import MAGIC, Zip

EXPORTS_ITSELF = (
    'Keras 3 exports it itself: model.export(path, format="onnx") from 3.8 on; tf2onnx reads Keras 2 models only'
)
TF2ONNX = "tf2onnx converts it with the TensorFlow and Keras 2 that wrote it; Keras 3 may not load it"
_CLASS = re.compile(r'"class_name"\s*:\s*"(\w{1,64})"')


def recognise(head: bytes, size: int, name: str) -> bool:
    """A zip file whose first member is Keras's metadata, or one of that ending."""
    return head[:4] == MAGIC and (head[30:43] == b"metadata.json" or name.endswith(".keras"))


def read(source: Bytes) -> Artifact:
    """The Keras release that wrote it, and the model's class. Raises Malformed."""
    archive = Zip(source)
    facts: dict[str, Any] = {}
    metadata = _json(archive.text("metadata.json", 1 << 16))
    for key in ("keras_version", "date_saved"):
        if isinstance(metadata.get(key), str):
            facts[key] = metadata[key][:64]
    # The configuration of a large model takes megabytes; the model's own class is the first that it names.
    found = _CLASS.search(archive.text("config.json", 1 << 16) or "")
    if found is not None:
        facts["class"] = found.group(1)
    facts["weights"] = archive.find("model.weights.h5") is not None
    release = facts.get("keras_version", "")
    if release.startswith("2."):  # TensorFlow 2.12 to 2.15 write this format too
        title = f"Keras 2 model of Keras {release}"
        return Artifact("model", "keras2", title, facts=facts, remarks=(TF2ONNX,))
    return Artifact(
        "model",
        "keras3",
        f"Keras model{' of Keras ' + facts['keras_version'] if 'keras_version' in facts else ''}",
        facts=facts,
        remarks=(EXPORTS_ITSELF,),
    )


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
