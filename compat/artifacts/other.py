"""Files that bear a model's ending and are something else, and runtimes' own formats: named, not read."""

import re

from compat.artifacts.artifact import Artifact, Bytes
from compat.artifacts.zipped import MAGIC as ZIP

# (offset, bytes, format, what it is)
_SIGNATURES = (
    (0, b'model_checkpoint_path: "', "checkpoint-state", "TensorFlow's note of its latest checkpoint, no model"),
    (4, b"ORTM", "onnxruntime-flatbuffer", "ONNX Runtime's own format (.ort): for that runtime only"),
    (4, b"TFL3", "tflite", "TensorFlow Lite model"),
    (0, b"GGUF", "gguf", "GGUF weights (llama.cpp)"),
    (0, b"\x7fELF", "elf", "Linux program or library"),
    (0, b"MZ", "pe", "Windows program or library"),
    (0, b"PK\x05\x06", "zip", "empty zip file"),
    (0, ZIP, "zip", "zip file"),
    (0, b"\x1f\x8b", "gzip", "gzip-compressed file"),
    (0, b"\x28\xb5\x2f\xfd", "zstd", "zstd-compressed file"),
    (0, b"\x93NUMPY", "numpy", "NumPy array"),
    (0, b"<!DOCTYPE html", "html", "web page, most likely a download that failed"),
    (0, b"<html", "html", "web page, most likely a download that failed"),
    (0, b"<?xml", "xml", "XML text"),
    (0, b"QGC WPL", "mission-plan", "mission plan of a drone's ground station"),
)
_TEXT_GRAPH = re.compile(rb'node \{\s{1,4}name: "[^"]{1,200}"\s{1,4}op: "')
_TERRAFORM = (b"tfplan", b"terraform", b"resource_changes", b"planned_values")


def recognise(head: bytes, size: int, name: str) -> bool:
    """Is it one of these?"""
    return _name(head) is not None


def read(source: Bytes) -> Artifact:
    """Its name."""
    head = source.read(0, 4096)
    form, title = _name(head) or ("unknown", "file of no known format")
    return Artifact("other", form, title)


def _name(head: bytes) -> tuple[str, str] | None:
    lowered = head[:2048].lower()
    if any(word in lowered for word in _TERRAFORM):
        return "terraform-plan", "Terraform plan, no engine"
    if b"<net" in lowered and (b"<?xml" in lowered or b"<layers" in lowered):
        return "openvino", "OpenVINO's graph: for that runtime; TensorRT wants the model that it was made from"
    if b'"modeltopology"' in lowered or b'"weightsmanifest"' in lowered:
        return "tensorflowjs", "TensorFlow.js model: for the browser; TensorRT wants the model that it was made from"
    if b'"filetype"' in lowered and b'"plan"' in lowered and head[:1] in b"{\n ":
        return "mission-plan", "mission plan of a drone's ground station (QGroundControl)"
    if _TEXT_GRAPH.match(head):
        return "text-graph", "TensorFlow graph as text; tf2onnx reads the binary one (tf.io.write_graph, as_text=False)"
    for offset, signature, form, title in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return form, title
    return None
