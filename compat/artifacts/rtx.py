"""An engine of TensorRT for RTX, which is a library of its own: neither loads the other's engines.

The container as five engines of 1.7.1.116 show it (built by this project on 2026-11-22 from one network in five
precisions): ``vtrt``, u32 0, u32 number of sections, u32 0, u64 size of the file, four u8 of the version, four bytes
platform tag, 32 bytes of which the last eight are the weights' size; then 24 bytes a section as in TensorRT's own.
"""

import struct

from compat.artifacts.artifact import Artifact, Bytes

_MAGIC = b"vtrt\0\0\0\0"
_HEADER, _SECTION = 64, 24
_MOST_SECTIONS = 16


def recognise(head: bytes, size: int, name: str) -> bool:
    """The mark and a plausible number of sections."""
    return head[:8] == _MAGIC and len(head) >= 32 and 1 <= int.from_bytes(head[8:12], "little") <= _MOST_SECTIONS


def read(source: Bytes) -> Artifact:
    """The release to the fourth number, the platform tag, and whether the file is whole."""
    head = source.read(0, _HEADER + _MOST_SECTIONS * _SECTION)
    count, size = struct.unpack_from("<I4xQ", head, 8)
    release = ".".join(map(str, head[24:28]))
    sections = {}
    ends = [size]
    for at in range(_HEADER, min(_HEADER + count * _SECTION, len(head) - _SECTION + 1), _SECTION):
        name, offset, length = struct.unpack_from("<4s4xQQ", head, at)
        sections[name[::-1].decode("ascii", "replace")] = length
        ends.append(offset + length)
    missing = max(ends) - source.size
    return Artifact(
        "engine",
        "tensorrt-rtx-engine",
        f"engine of TensorRT for RTX {release}",
        facts={"tensorrt_rtx": release, "platform": head[28:32].decode("ascii", "replace"), "sections": sections},
        remarks=("TensorRT for RTX is another library (package tensorrt-rtx); TensorRT loads none of its engines",),
        damaged=f"cut short: {missing} bytes are missing" if missing > 0 or len(sections) < count else None,
    )
