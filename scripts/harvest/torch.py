"""Family torch: what each wheel of torch on the index is built with, for which GPUs, and what it asks for.

The architectures come from the flags string that `torch.cuda.get_arch_list()` returns, which lies in
`libtorch_python.so`; before torch 1.6 there was none, and the fat binaries of the CUDA library are asked instead.
"""

from __future__ import annotations

import re
from typing import Any

from packaging.version import Version

from . import binary, builds, fatbin, progress
from .document import Document, Row
from .index import Index
from .toml import version_key
from .wheel import RemoteWheel

NAME = "torch"

_FLAGS = re.compile(rb"\0((?:(?:sm|compute)_\d+[a-z]? ?){2,60})\0")
_CUDA = re.compile(r"^cuda(?:\s*:[^=]*)?\s*=\s*(?:u?'([^']*)'|None)", re.MULTILINE)
_LIB = "torch/lib/"
_SMALL = ("libtorch_global_deps.so", "libc10_cuda.so", "libcaffe2_nvrtc.so")
_LARGE = ("libtorch_cuda.so", "libtorch_cuda_cpp.so", "libtorch_cuda_linalg.so", "libtorch_nvshmem.so")
_SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|gomp|util)\.so|ld-linux|libc10|libtorch|libshm")

OLDEST = Version("1.2")

KEY = ("package", "version", "os", "arch", "index", "variant", "file")

DEEP = frozenset(["2.0.1", "2.3.1", "2.4.1", "2.6.0", "2.8.0", "2.11.0", "2.15.0"])
"""Releases of which the large libraries are read too: half a gigabyte each, so only where the sonames change."""


def harvest(index: Index) -> dict[str, Document]:
    """`observed/torch.toml`: one build per release and platform."""
    document = Document("torch")
    groups = [g for g in builds.group(index.files("torch")) if g.version >= OLDEST]
    for group in progress.over(groups[::-1], "torch"):
        row = {**group.row(), **facts(index, group)}
        requires, extras = builds.requirements(index.metadata(group.example))
        row.update(requires=requires, extras=extras or None, source=["wheels", "metadata"], level="read")
        row.update(cudnn=pin(requires, "nvidia-cudnn-cu"), nccl=pin(requires, "nvidia-nccl-cu"))
        document.add("build", row)
        if group.glibc != row.get("glibc"):
            document.add("build", claimed(group))
        day = max(f.uploaded or "" for f in group.files)
        where = "package index: torch"
        document.source("wheels", "torch wheels: version.py, libtorch_python, ELF headers", where, day, "read")
        document.source("metadata", "torch wheels: METADATA and file tags", where, day, "declared")
    return {"observed/torch.toml": document}


def claimed(group: builds.Group) -> Row:
    """What the platform tag says of glibc, where the binary asks for more: kept beside what was read."""
    key = {name: value for name, value in group.row().items() if name in KEY}
    return {**key, "glibc": group.glibc, "source": "metadata"}


def pin(requires: list[str], prefix: str) -> str | None:
    """The version that a requirement line pins with `==`, of the distribution whose name starts so."""
    found = [re.match(re.escape(prefix) + r"\d+ ?\(?==([\d.]+)", line) for line in requires]
    return next((match[1] for match in found if match), None)


def facts(index: Index, group: builds.Group) -> Row:
    """What the files of the group's example say; kept, so that a wheel is read once."""
    found: Row = index.remember(group.example, "torch/1", lambda: read(index.wheel(group.example)))
    if group.os == "linux":
        system = index.remember(group.example, "torch-system/1", lambda: system_needs(index.wheel(group.example)))
        found["glibc"] = max([v for v in (group.glibc, system["glibc"]) if v], key=version_key, default=None)
        found["glibcxx"] = system["glibcxx"]
    if group.os == "linux" and found["cuda"] and str(group.version) in DEEP:
        needs = index.remember(group.example, "torch-needs/1", lambda: deep(index.wheel(group.example)))
        found["needs"] = sorted({*found["needs"], *needs})
    return found


def read(wheel: RemoteWheel) -> dict[str, Any]:
    """cuda, sass, ptx, needs, brings of one wheel."""
    names = set(wheel.names())
    match = _CUDA.search(wheel.read("torch/version.py").decode())
    if match is None:
        raise ValueError("torch/version.py does not say which CUDA")
    if match[1] is None:
        return {"cuda": False}
    found: dict[str, Any] = {"cuda": match[1], **architectures(wheel)}
    needed = {n for member in _SMALL if _LIB + member in names for n in _needed(wheel, _LIB + member)}
    carried = {n.rsplit("/", 1)[-1] for n in names if n.startswith(_LIB) and ".so" in n}
    brings = sorted(unmangled(n) for n in carried if not _SYSTEM.match(unmangled(n)) and "caffe2" not in n)
    found["needs"] = sorted(n for n in needed - carried if not _SYSTEM.match(n))
    found["brings"] = brings
    return found


def system_needs(wheel: RemoteWheel) -> dict[str, str | None]:
    """glibc and GLIBCXX versions that the small libraries ask for: no less than this is needed.

    The platform tag alone does not say: until 2.6 it claims manylinux1 (glibc 2.5), which is not so.
    """
    members = [_LIB + m for m in ("libc10.so", *_SMALL) if _LIB + m in wheel.names()]
    linked = [binary.describe(wheel, member) for member in members]
    return {
        kind: max([one[kind] for one in linked if one[kind]], key=version_key, default=None)
        for kind in ("glibc", "glibcxx")
    }


def deep(wheel: RemoteWheel) -> list[str]:
    """Sonames that the large libraries need and the wheel does not carry. Reads half a gigabyte."""
    names = set(wheel.names())
    carried = {n.rsplit("/", 1)[-1] for n in names if n.startswith(_LIB)}
    members = [_LIB + member for member in _LARGE if _LIB + member in names]
    needed = {n for member in members for n in _needed(wheel, member)}
    return sorted(n for n in needed - carried if not _SYSTEM.match(n))


def _needed(wheel: RemoteWheel, member: str) -> list[str]:
    needed: list[str] = binary.describe(wheel, member)["needed"]
    return needed


def unmangled(name: str) -> str:
    """`libcudart-1b201d85.so.10.1` as its maker called it: `libcudart.so.10.1`."""
    return re.sub(r"-[0-9a-f]{8}(?=\.so)", "", name)


def architectures(wheel: RemoteWheel) -> Row:
    """`sass` and `ptx` of a Linux wheel with CUDA."""
    with wheel.open(_LIB + "libtorch_python.so") as stream:
        match = binary.find_string(stream, _FLAGS)
    if match:
        return flags(match[1].decode())
    library = next(n for n in ("libtorch_cuda.so", "libtorch.so", "libcaffe2_gpu.so") if _LIB + n in wheel.names())
    with wheel.open(_LIB + library) as stream:
        found = fatbin.sample(stream)
    return {"sass": list(found["sass"]), "ptx": list(found["ptx"])}


def flags(text: str) -> Row:
    """`sm_75 sm_90a compute_90` as `sass` and `ptx` capabilities."""
    found: Row = {"sass": [], "ptx": []}
    for kind, number, suffix in re.findall(r"(sm|compute)_(\d+)([a-z]?)", text):
        found["sass" if kind == "sm" else "ptx"].append(f"{number[:-1]}.{number[-1]}{suffix}")
    return found
