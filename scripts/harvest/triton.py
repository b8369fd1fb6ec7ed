"""Family triton: its wheels and the assemblers (ptxas) inside them: their CUDA release and the GPUs they know."""

from __future__ import annotations

import re
from typing import Any

from packaging.version import Version

from . import builds, progress
from .document import Document, Row
from .index import Index
from .toml import capability_key
from .wheel import RemoteWheel

NAME = "triton"
_PACKAGES = ("triton", "triton-windows")  # the second is a fork's, for a system that triton's own wheels leave out

_RELEASE = re.compile(rb"Cuda compilation tools, release [\d.]+, V([\d.]+)")
_TARGET = re.compile(rb"(?<![\w.])sm_(\d{2,3}[af]?)(?=\0)")
_PTXAS = re.compile(r"triton/(?:\w+/)*bin/(ptxas(?:-\w+)?)\Z")
_OLDEST = capability_key("5.0")  # every ptxas here is of CUDA 12 or later; older names in it are leftovers
_LONGEST = 128  # bytes that a match may span


def harvest(index: Index) -> dict[str, Document]:
    """`observed/triton.toml`: builds, and for each release what its newest ptxas is and knows."""
    document = Document("triton")
    where = "package index: triton"
    listed = "package index: " + ", ".join(_PACKAGES)
    groups = [g for package in _PACKAGES for g in builds.group(index.files(package)) if g.version >= Version("2.0")]
    for group in progress.over(groups, "triton"):
        day = max(f.uploaded or "" for f in group.files)
        requires, extras = builds.requirements(index.metadata(group.example))
        row = {**group.row(), "requires": requires, "extras": extras or None, "source": "metadata"}
        document.add("build", row)
        document.source("metadata", "triton wheels: METADATA and file tags", listed, day, "declared")
        if group.os != "linux" or group.arch != "x86_64":
            continue
        tools = facts(index, group)
        if tools:
            document.add("release", release(str(group.version), group.date, tools))
            document.source("wheels", "triton wheels: strings of ptxas", where, day, "read")
    return {"observed/triton.toml": document}


def release(version: str, date: str | None, tools: dict[str, Any]) -> Row:
    """A `[[release]]` row: versions of the assemblers, and all capabilities that one of them knows."""
    known = {c for tool in tools.values() for c in tool["capabilities"] if capability_key(c) >= _OLDEST}
    built = {name: tool["version"] for name, tool in tools.items() if tool["version"]}
    note = "built: the assemblers inside the wheel; capabilities: those that they know"
    ordered = sorted(known, key=capability_key)
    return {
        "version": version,
        "date": date,
        "capabilities": ordered,
        "built": built,
        "source": "wheels",
        "note": note,
    }


def facts(index: Index, group: builds.Group) -> dict[str, Any]:
    """`assemblers` of the group's example, kept."""
    example = group.example
    found: dict[str, Any] = index.remember(example, "triton-ptxas/1", lambda: assemblers(index.wheel(example)))
    return found


def assemblers(wheel: RemoteWheel) -> dict[str, Any]:
    """`{"ptxas": {"version": "12.8.93", "capabilities": ["9.0a"]}}`: each assembler in a wheel."""
    found: dict[str, Any] = {}
    for member in wheel.names():
        if match := _PTXAS.match(member):
            found[match[1]] = strings(wheel, member)
    return found


def strings(wheel: RemoteWheel, member: str) -> dict[str, Any]:
    """Version and capabilities of one assembler, from the strings inside it."""
    version: str | None = None
    targets: set[str] = set()
    tail = b""
    with wheel.open(member) as stream:
        while chunk := stream.read(1 << 20):
            window = tail + chunk
            targets.update(match.decode() for match in _TARGET.findall(window))
            if version is None and (said := _RELEASE.search(window)):
                version = said[1].decode()
            tail = window[-_LONGEST:]
    names = {re.sub(r"(\d)([af]?)$", r".\1\2", target) for target in targets}
    return {"version": version, "capabilities": sorted(names, key=capability_key)}
