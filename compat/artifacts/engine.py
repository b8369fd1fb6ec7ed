"""A serialized TensorRT engine, TensorRT 5.0 to 11: release, GPU, platform, whether it is whole.

What is read is proven by real files (docs/artifacts.md) and by the code of the 8.6.0 lean and dispatch runtimes: the
number behind the version is the hardware compatibility level (0: the very compute capability; 1: any GPU of 8.0 or
newer), and only a plan with a LEAN section brings a runtime for other releases. What neither proves is left unknown.
"""

import struct
from collections.abc import Mapping
from typing import Any

from compat.artifacts import archive, device, plan
from compat.artifacts.artifact import Artifact, Bytes, Malformed, Window
from compat.machine import Engine
from compat.probe.host import Host
from compat.records import replace

HEAD = 4096  # bytes; the longest header seen with its device struct takes 320
_PREFIX_LIMIT = 1 << 18
_RUNTIME_CACHE = "TensorrtExecutionProvider_TRTKernel_"  # how ONNX Runtime names the engines that it caches
Version = tuple[int, int, int, int]

# Platform tag of 10.x -> OS: rtrt in 15 files of Linux x86-64, utrt in files of two Jetson Orin. Others are unknown.
PLATFORMS = {"rtrt": "linux", "utrt": "linux"}


def recognise(head: bytes, size: int, name: str) -> bool:
    """Is it an engine, bare or behind the JSON that Ultralytics writes in front?"""
    if head[:4] == plan.MAGIC or is_flatbuffer(head, size):
        return True
    if head[:4] == archive.MAGIC:
        found = archive.header(head, size)
        return found is None or archive.is_engine(head, found.length)
    return prefix_length(head, size) is not None and name.endswith((".engine", ".plan", ".trt"))


def is_flatbuffer(head: bytes, size: int) -> bool:
    """A u64 that is the file's size, then the root's offset 32: the beginning of both known files."""
    return len(head) >= 12 and struct.unpack_from("<QI", head) == (size, 32)


def prefix_length(head: bytes, size: int) -> int | None:
    """Length of a JSON text with its u32 length in front, None where there is none."""
    length = int.from_bytes(head[:4], "little")
    return 4 + length if len(head) > 5 and head[4:5] == b"{" and 1 < length <= min(_PREFIX_LIMIT, size - 4) else None


class _Found:
    """What is gathered on the way; the artifact is made of it."""

    def __init__(self) -> None:
        self.version: Version | None = None
        self.facts: dict[str, Any] = {}
        self.properties: Mapping[str, int] = {}
        self.level: int | None = None
        self.sections: tuple[str, ...] = ()
        self.platform = ""
        self.gpu: str | None = None
        self.damaged: str | None = None
        self.remarks: list[str] = []


def read(source: Bytes) -> Artifact:
    """The engine's facts; a damaged file gives what can still be read."""
    found = _Found()
    start = prefix_length(source.read(0, 8), source.size)
    if start is not None:
        found.facts["prefix"] = _prefix(source.read(4, start - 4))
        found.remarks.append(
            f"JSON of {start - 4} bytes stands before the engine (Ultralytics writes it): TensorRT itself "
            f"loads the file from byte {start} on only"
        )
    body = source if start is None else Window(source, start)
    head = body.read(0, HEAD)
    try:
        if head[:4] == plan.MAGIC:
            _container(body, head, found)
        elif head[:4] == archive.MAGIC:
            _archive(body, head, found, body.size)
        elif is_flatbuffer(head, body.size):
            _flatbuffer(head, found)
        else:
            raise Malformed("what follows the JSON is no engine")
    except Malformed as error:
        found.damaged = found.damaged or str(error)
    return _artifact(found, source.size)


def _prefix(text: bytes) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return "unreadable"


def _container(body: Bytes, head: bytes, found: _Found) -> None:
    # The version stands in the header itself, so it survives whatever is wrong behind it.
    if len(head) >= 28:
        found.version = (head[24], head[25], head[26], head[27])
    container = plan.read(head)
    found.facts["container"] = "ftrt"
    found.platform, found.sections = container.platform, tuple(section.name for section in container.sections)
    if container.total > body.size:
        found.damaged = f"cut short: the header says {container.total} bytes, the file has {body.size}"
    elif container.total < body.size:
        found.damaged = f"{body.size - container.total} bytes follow the end that the header states"
    elif body.read(body.size - 4, 4) != plan.END:
        found.damaged = "the closing mark is missing"
    section = container.engine
    if section.offset + section.size > body.size and found.damaged is None:
        found.damaged = "the ENGN section leads beyond the end of the file"
    _archive(Window(body, section.offset), body.read(section.offset, HEAD), found, section.size)


def _archive(body: Bytes, head: bytes, found: _Found, size: int) -> None:
    header = archive.header(head, size)
    if header is None:
        raise Malformed("the engine's archive has no header of a known layout")
    found.facts |= {"archive": f"ptrt {header.layout}", "serialization": header.tag}
    if header.size > size and found.damaged is None:
        found.damaged = f"cut short: the header says {header.size} bytes, there are {size}"
    records = archive.stream(head, header.length)
    if records.version is not None:
        if found.version not in (None, records.version):
            found.damaged = found.damaged or "container and archive state different versions"
        found.version = found.version or records.version
    if found.version is not None:
        _device(records, found)
        if found.damaged is None and found.version >= (8, 4, 0, 0) and "container" not in found.facts:
            found.damaged = None if body.read(size - 4, 4) == archive.END else "the closing mark is missing"


def _device(records: archive.Stream, found: _Found) -> None:
    assert found.version is not None
    known = device.read(records.groups, found.version)
    if known is not None:
        found.facts["device_layout"], found.properties = known
    first = records.groups[0] if records.groups else ()
    if found.version >= (8, 6, 0, 0) and len(first) == 1 and first[0].type == 7:
        found.level = first[0].number


def _flatbuffer(head: bytes, found: _Found) -> None:
    from compat.artifacts import flatbuffer

    built = flatbuffer.read(head)
    found.version, found.properties, found.gpu = built.version, built.device, built.name or None
    found.facts["container"] = "FlatBuffers"


def _artifact(found: _Found, size: int) -> Artifact:
    version = ".".join(map(str, found.version)) if found.version else None
    capability = f"{found.properties['cc_major']}.{found.properties['cc_minor']}" if found.properties else None
    system = PLATFORMS.get(found.platform) if (found.version or (0,))[0] == 10 else None
    facts = {
        "tensorrt": version,
        "compute_capability": capability,
        "platform": found.platform or None,
        "sections": list(found.sections) or None,
        "hardware_compatibility_level": found.level,
        "gpu": found.gpu,
        "device": dict(found.properties) or None,
        **found.facts,
    }
    engine = Engine(
        tensorrt=version,
        compute_capability=capability,
        gpu=found.gpu,
        os=system,
        platform=found.platform or None,
        serialization=str(found.facts["serialization"]) if "serialization" in found.facts else None,
        version_compatible=version_compatible(found.version, found.sections),
        hardware_compatible=hardware_compatible(found.version, found.level),
        file="",
    )
    return Artifact(
        "engine",
        "tensorrt-engine",
        f"TensorRT engine{' of ' + version if version else ''}",
        size=size,
        facts={key: value for key, value in facts.items() if value is not None},
        remarks=tuple(found.remarks),
        engine=engine,
        damaged=found.damaged,
    )


def complete(artifact: Artifact, host: Host, path: str) -> Artifact:
    """With the side file's facts, and named as ONNX Runtime's cache where its name says so."""
    name = path.rpartition("/")[2]
    if name.startswith(_RUNTIME_CACHE):
        artifact = replace(
            artifact,
            format="onnxruntime-engine-cache",
            title=f"{artifact.title}, of ONNX Runtime's cache",
            remarks=(*artifact.remarks, "ONNX Runtime makes it anew where it does not fit; delete it then"),
        )
    if not host.is_file(f"{path}.json"):
        return artifact
    from compat.artifacts import side

    return side.attach(artifact, host, path)


def version_compatible(version: Version | None, sections: tuple[str, ...]) -> bool | None:
    """Does the plan bring a lean runtime for other releases? None where its sections are not all known, and for 11."""
    if version is None:
        return None
    if "LEAN" in sections:
        return True
    if version < (8, 6, 0, 0):
        return False
    return False if version < (11, 0, 0, 0) and sections and set(sections) <= set(plan.KNOWN_SECTIONS) else None


def hardware_compatible(version: Version | None, level: int | None) -> bool | None:
    """Does the engine run on GPUs of another capability? Level 0 is proven for 8.6, 1 is believed later too."""
    if version is None:
        return None
    if version < (8, 6, 0, 0):
        return False
    if level == 1:
        return True
    return False if level == 0 and version < (9, 0, 0, 0) else None
