"""A TensorRT timing cache: an archive with an engine's magic and tag, whose first record is no version."""

import re

from compat.artifacts import archive
from compat.artifacts.artifact import Artifact, Bytes

_UUID = re.compile(rb"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def recognise(head: bytes, size: int, name: str) -> bool:
    """Is it an archive that begins with something else than an engine's version?"""
    found = archive.header(head, size)
    return found is not None and not archive.is_engine(head, found.length)


def read(source: Bytes) -> Artifact:
    """Its serialization tag, and the GPU whose timings it holds where the head names it."""
    head = source.read(0, 4096)
    found = archive.header(head, source.size)
    facts: dict[str, object] = {"serialization": found.tag} if found else {}
    uuid = _UUID.search(head)
    if uuid is not None:
        facts["gpu_uuid"] = uuid.group().decode()
    return Artifact(
        "cache",
        "tensorrt-timing-cache",
        "TensorRT timing cache, not an engine",
        facts=facts,
        remarks=("it holds timings of one GPU; trtexec takes it with --timingCacheFile",),
    )
