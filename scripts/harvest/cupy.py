"""CuPy on the package index: one distribution a CUDA line (`cupy-cuda11x`, `-cuda12x`, `-cuda13x`; older by minor).

Read out of each wheel: `cupy/.data/_wheel.json`, in which CuPy's build states the CUDA line and the libraries it
was built with, and what the extension modules of `cupy_backends` link. CuPy opens cuDNN, cuTENSOR and NCCL only where
they are present, so they are not among `needs`.

Of the older distributions only the last release of each is opened, since none of them serves a Python still in
support; of their other releases the file tags are kept.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from . import binary, pe, progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index
from .toml import version_key

NAME = "cupy"

CURRENT = ("cupy-cuda11x", "cupy-cuda12x", "cupy-cuda13x")
LAST = (
    "cupy-cuda80", "cupy-cuda90", "cupy-cuda91", "cupy-cuda92", "cupy-cuda100", "cupy-cuda101", "cupy-cuda102",
    "cupy-cuda110", "cupy-cuda111", "cupy-cuda112", "cupy-cuda113", "cupy-cuda114", "cupy-cuda115",
    "cupy-cuda116", "cupy-cuda117",
)  # fmt: skip

_OF_CUDA = re.compile(r"lib(cu\w+|nv\w+)\.so")
_OF_CUDA_DLL = re.compile(r"(cu\w+|nv\w+)\.dll$")
_MODULE = re.compile(
    r"(cupy_backends/cuda/libs|cupy/cuda)/(cublas|nvrtc|curand|cufft|cusolver|cusparse)\..*\.(so|pyd)$"
)


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/cupy.toml`."""
    document = Document("cupy")
    for project in (*CURRENT, *LAST):
        groups = group(index.files(project))
        last = groups[-1].version if project in LAST and groups else None
        for one in progress.over(groups, project):
            opened = last is None or one.version == last
            document.add("build", build(index, document, one) if opened else tagged(document, one))
    return {"observed/cupy.toml": document}


def build(index: Index, document: Document, one: Group) -> Row:
    """The `[[build]]` row of a release on a platform."""
    key = f"index-{one.package}"
    document.source(
        key,
        f"{one.package}: wheel tags, METADATA, _wheel.json and linked libraries of each release",
        f"package index: {one.package}",
        one.date or "",
        "read",
    )
    row = one.row(variant=one.package.removeprefix("cupy-"))
    row["requires"], extras = requirements(index.metadata(one.example))
    row["extras"] = {"ctk": extras["ctk"]} if "ctk" in extras else None
    what = "cupy/inside/2" if one.os == "windows" else "cupy/inside/1"
    row.update(facts(one, index.remember(one.example, what, partial(inside, index, one))))
    row["source"] = key
    return row


def tagged(document: Document, one: Group) -> Row:
    """The `[[build]]` row of a release that is not opened: what its file names say."""
    key = f"tags-{one.package}"
    document.source(
        key,
        f"{one.package}: wheel tags of each release",
        f"package index: {one.package}",
        one.date or "",
        "declared",
    )
    return {
        **one.row(variant=one.package.removeprefix("cupy-")),
        "cuda": named(one.package),
        "source": key,
    }


def inside(index: Index, one: Group) -> dict[str, Any]:
    """`stated` (the JSON of `_wheel.json`) and `needed` (CUDA libraries that the modules link), as JSON values."""
    wheel = index.wheel(one.example)
    names = wheel.names()
    stated: dict[str, Any] = next(
        (json.loads(wheel.read(n)) for n in names if n.endswith("cupy/.data/_wheel.json")), {}
    )
    needed: set[str] = set()
    for member in (n for n in names if _MODULE.search(n)):
        with binary.spooled(wheel, member) as read:
            if one.os == "windows":
                needed.update(n for n in pe.parse(read).imports if _OF_CUDA_DLL.match(n))
            else:
                linked = binary.linked(read, wheel.size_of(member))["needed"]
                needed.update(n for n in linked if _OF_CUDA.match(n))
    return {"stated": stated, "needed": sorted(needed, key=version_key)}


def facts(one: Group, found: dict[str, Any]) -> Row:
    """Fields of the row. `cuda` is the line the build states ("12" for 12.x), else that of the distribution's name."""
    stated = found["stated"]
    return {
        "cuda": line(str(stated.get("cuda", ""))) or named(one.package),
        "cudnn": stated.get("cudnn", {}).get("version"),
        "nccl": stated.get("nccl", {}).get("version"),
        "needs": found["needed"] or None,
    }


def line(stated: str) -> str:
    """The CUDA release in a statement: "12" of `12.x`, "11" of `11.x-aarch64`, "10.2" of `10.2-jetson`."""
    return stated.partition("-")[0].removesuffix(".x")


def named(project: str) -> str:
    """The CUDA release in a distribution's name: "10.2" of `cupy-cuda102`, "12" of `cupy-cuda12x`."""
    digits = project.removeprefix("cupy-cuda")
    return digits[:-1] if digits.endswith("x") else f"{digits[:-1]}.{digits[-1]}"
