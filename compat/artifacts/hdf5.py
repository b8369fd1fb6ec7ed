"""An HDF5 file, such as Keras 2 writes: the root's attributes keras_version and backend, by their attribute messages.

The message is found by its name instead of walking the root group, which no version of the container needs: a name in
an attribute message stands behind its sizes, and a text of any length behind a reference into the global heap
(HDF5 File Format Specification 3.0, IV.A.2.m and III.E).
"""

import struct

from compat.artifacts import keras
from compat.artifacts.artifact import Artifact, Bytes

MAGIC = b"\x89HDF\r\n\x1a\n"
_SEARCHED = 8 << 20
_ATTRIBUTES = (b"keras_version", b"backend")
_TEXT, _ANY_LENGTH = 3, 9  # classes of datatypes


def recognise(head: bytes, size: int, name: str) -> bool:
    """HDF5's signature at the start."""
    return head[:8] == MAGIC


def read(source: Bytes) -> Artifact:
    """The Keras release and backend where the file says."""
    data = source.read(0, min(source.size, _SEARCHED))
    facts = {name.decode(): value for name in _ATTRIBUTES if (value := _attribute(source, data, name)) is not None}
    is_model = b"model_config" in data or "keras_version" in facts
    if not is_model:
        return Artifact("weights", "hdf5", "HDF5 file", facts=facts)
    release = facts.get("keras_version", "")
    major = release.partition(".")[0]
    written = f" of Keras {release}" if release else ""
    if major.isdecimal() and major != "1" and major != "2":
        title = f"Keras model in HDF5{written}"
        return Artifact("model", "keras3", title, facts=facts, remarks=(keras.EXPORTS_ITSELF,))
    return Artifact("model", "keras2", f"Keras 2 model in HDF5{written}", facts=facts, remarks=(keras.TF2ONNX,))


def _attribute(source: Bytes, data: bytes, name: bytes) -> str | None:
    at = data.find(name + b"\0")
    while at >= 0:
        found = _message(source, data, at, len(name) + 1)
        if found is not None:
            return found
        at = data.find(name + b"\0", at + 1)
    return None


def _message(source: Bytes, data: bytes, at: int, length: int) -> str | None:
    """The value of the attribute message whose name is at ``at``: version 1 pads its parts to 8 bytes, 3 does not."""
    for version, head, step in ((1, 8, 8), (3, 9, 1), (2, 8, 1)):
        start = at - head
        if start < 0 or data[start] != version:
            continue
        name_size, type_size, space_size = struct.unpack_from("<HHH", data, start + 2)
        if name_size != length or not 4 <= type_size <= 256 or space_size > 256:
            continue
        kind = at + _padded(length, step)
        value = kind + _padded(type_size, step) + _padded(space_size, step)
        return _value(source, data[kind : kind + type_size], data[value : value + 256])
    return None


def _padded(length: int, step: int) -> int:
    return (length + step - 1) // step * step


def _value(source: Bytes, kind: bytes, value: bytes) -> str | None:
    if len(kind) < 8 or len(value) < 16:
        return None
    if kind[0] & 15 == _TEXT:
        return _text(value[: struct.unpack_from("<I", kind, 4)[0]])
    if kind[0] & 15 != _ANY_LENGTH:
        return None
    length, heap, index = struct.unpack_from("<IQI", value)
    block = source.read(heap, 1 << 16)
    if block[:4] != b"GCOL":
        return None
    at = 16
    while at + 16 <= len(block):
        number, size = struct.unpack_from("<H6xQ", block, at)
        if number == index:
            return _text(block[at + 16 : at + 16 + min(length, size)])
        if number == 0 or size > len(block):
            return None
        at += 16 + _padded(size, 8)
    return None


def _text(value: bytes) -> str | None:
    text = value.rstrip(b"\0").decode("utf-8", "replace")[:64]
    return text if text and text.isprintable() else None
