"""ONNX Runtime on the package index: metadata, and what the GPU builds' provider libraries need and serve.

Read out of the GPU wheels: `build_and_package_info.py` (as text, never run; from 1.21 on), what the CUDA and the
TensorRT provider link (NEEDED on Linux, import tables on Windows), what `_ld_preload.py` opens in the releases whose
providers link nothing (Linux to 1.15), and the machine code and PTX of the CUDA provider's fat binaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from packaging.version import Version

from . import binary, fatbin, pe, progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index
from .toml import version_key
from .wheel import RemoteWheel

NAME = "onnxruntime"

# The distributions, and the file that each is written to.
PROJECTS = {
    "onnxruntime-gpu": "onnxruntime-gpu",
    "onnxruntime-training": "onnxruntime-training",
    "onnxruntime": "onnxruntime",
    "onnxruntime-directml": "onnxruntime-directml",
}
FIRST = Version("1.0")
PROVIDERS = ("cuda", "tensorrt")

# Libraries of the system and the compiler: of every library, or tested by glibc and glibcxx.
_SYSTEM = re.compile(
    r"(ld-linux|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|z|util)(?=\.|$))|(kernel32|user32|advapi32|dxcore|dbghelp|shlwapi|bcrypt"
    r"|ole32|ws2_32|setupapi|api-ms-win|msvcp|vcruntime|ucrtbase|concrt|onnxruntime)",
    re.IGNORECASE,
)
_TENSORRT = re.compile(r"(lib)?nv(infer|onnxparser|parsers)")
_PRELOADED = re.compile(r'CDLL\("([^"]+)"')
_CUDA = re.compile(r"""^cuda_version\s*=\s*['"]([\d.]+)['"]""", re.MULTILINE)
_SECTIONS = (".nv_fatb", ".nv_fatbin")
_MAGIC = fatbin.MAGIC.to_bytes(4, "little")
_HEADER = 16  # bytes of a fat binary's header; the size of what follows is in the last eight
_WINDOW = 1 << 16


def harvest(index: Index) -> dict[str, Document]:
    """One document a distribution: `observed/onnxruntime-gpu.toml` and so on."""
    documents: dict[str, Document] = {}
    for project, component in PROJECTS.items():
        document = documents.setdefault(f"observed/{component}.toml", Document(component))
        groups = [g for g in group(index.files(project)) if g.version >= FIRST]
        for one in progress.over(groups, project):
            document.add("build", build(index, document, one))
    return documents


def build(index: Index, document: Document, one: Group) -> Row:
    """The `[[build]]` row of a release on a platform."""
    document.source(
        f"index-{one.package}",
        f"{one.package}: wheel tags, METADATA and, in GPU builds, the provider libraries of each release",
        f"package index: {one.package}",
        one.date or "",
        "read",
    )
    row = one.row()
    row["requires"], extras = requirements(index.metadata(one.example))
    row["extras"] = extras or None
    row["cuda"] = None if one.package in ("onnxruntime-gpu", "onnxruntime-training") else False
    if one.package == "onnxruntime-gpu":
        row.update(facts(index.remember(one.example, "onnxruntime/providers/2", partial(inside, index, one))))
    row["source"] = f"index-{one.package}"
    return row


def facts(found: dict[str, Any]) -> Row:
    """Fields of the row: CUDA as exact as the wheel says it, cuDNN (of the CUDA provider) and TensorRT by soname.

    `needs` is what the CUDA provider needs, and of what only the TensorRT provider needs, TensorRT itself.
    """
    tensorrt = set(found["needs"]["tensorrt"])
    every = sorted({name for names in found["needs"].values() for name in names}, key=version_key)
    needs = [n for n in every if _TENSORRT.match(n) or n not in tensorrt or n in found["needs"]["cuda"]]
    if "preloaded" in found["needs"]:
        needs = every
    others = [n for n in every if n not in needs]
    images = found["images"]
    linked = found["needs"]["cuda"]
    on_demand = [] if not linked or any("cudnn" in name for name in needs) else [_cudnn_beside(linked)]
    return {
        "cuda": found["cuda"] or numbered(every, r"libcudart\.so\.(\d+)(?:\.\d+)?|cublas64_(\d+)\.dll"),
        "cudnn": numbered([*needs, *on_demand], r"libcudnn\.so\.(\d+)|cudnn64_(\d+)\.dll"),
        "tensorrt": numbered(every, r"libnvinfer\.so\.(\d+)|nvinfer_(\d+)\.dll"),
        "needs": needs,
        "on_demand": on_demand or None,
        "note": f"Only the TensorRT provider needs {', '.join(others)}." if others else None,
        "sass": list(images["sass"]) or None,
        "ptx": list(images["ptx"]) if images["sass"] else None,
        "glibcxx": found["glibcxx"],
    }


def _cudnn_beside(linked: list[str]) -> str:
    """What a CUDA provider that is not linked to cuDNN opens, from 1.28 (cudnn_loader.cc, pull request 29252)."""
    return "libcudnn.so.9" if any(".so" in name for name in linked) else "cudnn64_9.dll"


def numbered(names: list[str], pattern: str) -> str | None:
    """The number in the first name that matches `pattern` whole."""
    matches = (re.fullmatch(pattern, name) for name in names)
    return next((next(g for g in m.groups() if g) for m in matches if m), None)


def inside(index: Index, one: Group) -> dict[str, Any]:
    """What a GPU wheel says of itself, as JSON values: `cuda`, `needs` by provider, `images`, `glibcxx`."""
    wheel = index.wheel(one.example)
    names = wheel.names()
    info = next((wheel.read(n).decode() for n in names if n.endswith("/build_and_package_info.py")), "")
    stated = _CUDA.search(info)
    found: dict[str, Any] = {
        "cuda": stated[1] if stated else None,
        "needs": {provider: [] for provider in PROVIDERS},
        "images": {"sass": {}, "ptx": {}},
        "glibcxx": None,
    }
    for provider in PROVIDERS:
        pattern = rf"/(lib)?onnxruntime_providers_{provider}\.(so|dll)$"
        for member in (n for n in names if re.search(pattern, n)):
            look(wheel, member, provider, found)
    preload = next((wheel.read(n).decode() for n in names if n.endswith("/_ld_preload.py")), "")
    opened = sorted(set(_PRELOADED.findall(preload)), key=version_key)
    if opened:
        found["needs"]["preloaded"] = opened
    return found


def look(wheel: RemoteWheel, member: str, provider: str, found: dict[str, Any]) -> None:
    """Enter what one provider library needs, and the images in it, into `found`."""
    with binary.spooled(wheel, member) as read:
        size = wheel.size_of(member)
        if member.endswith(".so"):
            linked = binary.linked(read, size)
            needed = linked["needed"]
            newest = [v for v in (found["glibcxx"], linked["glibcxx"]) if v]
            found["glibcxx"] = max(newest, key=version_key) if newest else None
            images = fatbin.count(read, size) if provider == "cuda" else None
        else:
            library = pe.parse(read)
            needed = [*library.imports, *library.delayed]
            images = windows_images(read, library) if provider == "cuda" else None
        found["needs"][provider] = [n for n in needed if not _SYSTEM.match(n)]
        if images:
            found["images"] = images


def windows_images(read: binary.Read, library: pe.Library) -> dict[str, dict[str, int]]:
    """`fatbin.count` for a DLL, whose section has wide gaps between the fat binaries."""
    made: dict[str, dict[str, int]] = {"sass": {}, "ptx": {}}
    for section in library.sections:
        if section.name not in _SECTIONS:
            continue
        for start, size in blocks(read, section.offset, section.offset + section.size):
            for entry in fatbin.entries(read, start, size):
                kind = made["sass" if entry.kind == fatbin.CUBIN else "ptx"]
                kind[entry.capability] = kind.get(entry.capability, 0) + 1
    return {kind: {c: counts[c] for c in sorted(counts, key=version_key)} for kind, counts in made.items()}


def blocks(read: binary.Read, at: int, end: int) -> Iterator[tuple[int, int]]:
    """(offset, size) of each fat binary between `at` and `end`, found by its magic number."""
    while at < end:
        window = read(at, min(_WINDOW, end - at))
        found = window.find(_MAGIC)
        if found < 0:
            at += max(len(window) - len(_MAGIC) + 1, 1)
        elif len(window) - found < _HEADER and at + len(window) < end:
            at += found
        else:
            size = _HEADER + int.from_bytes(window[found + 8 : found + _HEADER], "little")
            yield at + found, size
            at += found + size
