"""Family faiss: the wheels of one module for each CUDA, and those without.

What they pin comes from METADATA; what compiled ones were built with and for, from their shared objects. Whether
faiss-cpu has GPU code, its Python module tells: SWIG writes the GPU's classes into it where they were compiled.
"""

from __future__ import annotations

import re

from . import releases, torch_companions
from .builds import Group
from .document import Document, Row
from .index import Index
from .wheel import RemoteWheel

NAME = "faiss"
PROJECTS = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cu11", "faiss-gpu-cu12")

_CODE = re.compile(r"(faiss/(_swigfaiss(\.cpython-[\w-]+|\.abi3)?|libfaiss)|faiss_gpu\w*\.libs/libfaiss-\w+)\.so\Z")
_MODULE = "faiss/swigfaiss.py"
_GPU_CLASS = b"StandardGpuResources"


def harvest(index: Index) -> dict[str, Document]:
    """`observed/<project>.toml` of each."""
    what = "ELF headers, fat binaries and the classes of its module"
    return {f"observed/{name}.toml": releases.document(index, name, what, inside) for name in PROJECTS}


def inside(index: Index, one: Group) -> Row:
    """`cuda`, `sass`, `ptx` and `needs` of the wheels for Linux; of each, whether it has GPU code."""
    if one.package == "faiss-cpu":
        gpu: bool | None = index.remember(one.example, "faiss-gpu-classes/1", lambda: classes(index.wheel(one.example)))
        return {} if gpu in (True, None) else {"cuda": False}
    found: Row = index.remember(one.example, "faiss/2", lambda: read(index.wheel(one.example)))
    return found


def classes(wheel: RemoteWheel) -> bool | None:
    """Has its module the GPU's classes? None where it has no such module."""
    return _GPU_CLASS in wheel.read(_MODULE) if _MODULE in wheel.names() else None


def read(wheel: RemoteWheel) -> Row:
    """What the library with the GPU code says: the extension itself, or the library beside it.

    One that has GPU code and names no library of CUDA has the runtime inside: of which CUDA is not told.
    """
    row = torch_companions.read(wheel, _CODE)
    if row.get("cuda") is False and row.get("sass"):
        del row["cuda"]
    return row
