"""PaddlePaddle's GPU wheels on the package index (they end with 2.6.2; later ones are on Paddle's own index).

Read out of each wheel: `paddle/version.py` or `paddle/version/__init__.py`, as text, never run. Releases before 2.2
do not state their CUDA there; their `.postNMM` versions do: `post97` is CUDA 9.0, `post107` CUDA 10.0, both cuDNN 7.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from . import progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index

NAME = "paddle"

PROJECT = "paddlepaddle-gpu"

_STATED = re.compile(r"^(cuda|cudnn)_version\s*=\s*'([\d.]+)'", re.MULTILINE)
_POST = {97: ("9.0", "7"), 107: ("10.0", "7")}


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/paddlepaddle-gpu.toml`."""
    document = Document(PROJECT)
    for one in progress.over(group(index.files(PROJECT)), PROJECT):
        document.add("build", build(index, document, one))
    return {f"observed/{PROJECT}.toml": document}


def build(index: Index, document: Document, one: Group) -> Row:
    """The `[[build]]` row of a release on a platform."""
    key = f"index-{PROJECT}"
    document.source(
        key,
        f"{PROJECT}: wheel tags, METADATA and the version module of each release",
        f"package index: {PROJECT}",
        one.date or "",
        "read",
    )
    row = one.row()
    row["requires"], _ = requirements(index.metadata(one.example))
    row.update(stated(index.remember(one.example, "paddle/version/1", partial(version_module, index, one)), one))
    row["source"] = key
    return row


def version_module(index: Index, one: Group) -> str:
    """The text of the wheel's version module; "" without one."""
    wheel = index.wheel(one.example)
    names = ("paddle/version/__init__.py", "paddle/version.py")
    return next((wheel.read(n).decode("utf-8", "replace") for n in wheel.names() if n in names), "")


def stated(text: str, one: Group) -> dict[str, Any]:
    """`cuda` and `cudnn` as the module says, else as the post release number means."""
    found = dict(_STATED.findall(text))
    if found:
        return {"cuda": found.get("cuda"), "cudnn": found.get("cudnn")}
    cuda, cudnn = _POST.get(one.version.post or 0, (None, None))
    return {"cuda": cuda, "cudnn": cudnn}
