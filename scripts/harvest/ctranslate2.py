"""CTranslate2 on the package index: which CUDA and cuDNN each release opens, and for which GPUs it has code.

The library links no CUDA library: it opens cuBLAS and cuDNN by name while it runs. Those names are strings in it, so
they are what `needs` says. Some wheels bring the first of cuDNN's libraries, whose parts are still the machine's: that
is what `brings` says. Linux wheels also give the machine code and PTX of their fat binaries. Builds without such names
(aarch64, macOS) have no CUDA.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from . import binary, fatbin, releases
from .builds import Group
from .document import Document, Row
from .index import Index
from .toml import version_key

NAME = "ctranslate2"

PROJECT = "ctranslate2"

_OPENED = re.compile(rb"(?:libcublas(?:Lt)?|libcudnn|libcudart)\.so\.\d+|(?:cublas|cublasLt|cudnn)64_\d+\.dll")
_LIBRARY = re.compile(r"/(libctranslate2[-\w]*\.so[.\d]*|ctranslate2\.dll)$")
_CARRIED = re.compile(r"/(libcu\w+?)(?:-[0-9a-f]{8})?(\.so\.\d+)[.\d]*$|/(cu\w+\.dll)$")
_CHUNK = 1 << 22
_OVERLAP = 64  # longer than any name looked for


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/ctranslate2.toml`."""
    what = "names of libraries it opens and brings, fat binaries"
    return {f"observed/{PROJECT}.toml": releases.document(index, PROJECT, what, fields)}


def fields(index: Index, one: Group) -> Row:
    """What the libraries of a wheel tell of the build; macOS has no CUDA."""
    if one.os == "macos":
        return {"cuda": False}
    row = facts(index.remember(one.example, "ctranslate2/inside/1", partial(inside, index, one)))
    return {**row, "brings": index.remember(one.example, "ctranslate2/brings/1", partial(carried, index, one)) or None}


def inside(index: Index, one: Group) -> dict[str, Any]:
    """`opened` (names of CUDA libraries in the library), `images` (capabilities by kind), `glibcxx`, as JSON values."""
    wheel = index.wheel(one.example)
    found: dict[str, Any] = {"opened": [], "images": {"sass": [], "ptx": []}, "glibcxx": None}
    for member in (n for n in wheel.names() if _LIBRARY.search(n)):
        with binary.spooled(wheel, member) as read:
            size = wheel.size_of(member)
            found["opened"] = names(read, size)
            if not member.endswith(".dll"):
                found["glibcxx"] = binary.linked(read, size)["glibcxx"]
                counted = fatbin.count(read, size)
                found["images"] = {kind: list(counts) for kind, counts in counted.items()}
    return found


def carried(index: Index, one: Group) -> list[str]:
    """Names of the CUDA and cuDNN libraries in a wheel, without what auditwheel adds to them."""
    matches = (_CARRIED.search(name) for name in index.wheel(one.example).names())
    return sorted(m[3] or m[1] + m[2] for m in matches if m)


def names(read: binary.Read, size: int) -> list[str]:
    """The library names that occur in a file."""
    opened: set[str] = set()
    for start in range(0, size, _CHUNK):
        window = read(max(0, start - _OVERLAP), min(_CHUNK + _OVERLAP, size - max(0, start - _OVERLAP)))
        opened.update(m.decode() for m in _OPENED.findall(window))
    return sorted(opened, key=version_key)


def facts(found: dict[str, Any]) -> Row:
    """Fields of the row: CUDA and cuDNN by the number in the names; no names, no CUDA."""
    opened, images = found["opened"], found["images"]
    if not opened:
        return {"cuda": False}
    return {
        "cuda": numbered(opened, r"libcublas(?:Lt)?\.so\.(\d+)|cublas(?:Lt)?64_(\d+)\.dll"),
        "cudnn": numbered(opened, r"libcudnn\.so\.(\d+)|cudnn64_(\d+)\.dll"),
        "needs": opened,
        "sass": images["sass"] or None,
        "ptx": images["ptx"] if images["sass"] else None,
        "glibcxx": found["glibcxx"],
    }


def numbered(opened: list[str], pattern: str) -> str | None:
    """The number in the first name that matches `pattern` whole."""
    matches = (re.fullmatch(pattern, name) for name in opened)
    return next((next(g for g in m.groups() if g) for m in matches if m), None)
