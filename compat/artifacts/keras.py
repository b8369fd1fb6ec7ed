"""Keras 3's ``.keras`` file: a zip with metadata.json, config.json and the weights in HDF5."""

import json
import re
from typing import Any

from compat.artifacts.artifact import Artifact, Bytes
from compat.artifacts.zipped import MAGIC, Zip

_CLASS = re.compile(r'"class_name"\s*:\s*"(\w{1,64})"')


def recognise(head: bytes, size: int, name: str) -> bool:
    """A zip file whose first member is Keras's metadata, or one of that ending."""
    return head[:4] == MAGIC and (b"metadata.json" in head[:256] or name.endswith(".keras"))


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
    return Artifact(
        "model",
        "keras3",
        f"Keras model{' of Keras ' + facts['keras_version'] if 'keras_version' in facts else ''}",
        facts=facts,
        remarks=(
            'Keras 3 exports it itself: model.export(path, format="onnx") from 3.8 on; '
            "tf2onnx reads Keras 2 models only",
        ),
    )


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
