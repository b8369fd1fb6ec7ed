"""bitsandbytes on the package index: one library for each CUDA release, by their names."""

from __future__ import annotations

import re

from . import releases
from .builds import Group
from .document import Document, Row
from .index import Index

NAME = "bitsandbytes"
_LIBRARY = re.compile(r"/(libbitsandbytes_cuda\d+\.(?:so|dll))$")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/bitsandbytes.toml`."""
    return {"observed/bitsandbytes.toml": releases.document(index, NAME, "names of its libraries", inside)}


def inside(index: Index, one: Group) -> Row:
    """`brings`: the libraries, whose names tell the CUDA releases; `cuda`: that there are none."""
    names: list[str] = index.remember(one.example, "bitsandbytes/1", lambda: index.wheel(one.example).names())
    brings = sorted(m[1] for name in names if (m := _LIBRARY.search(name)))
    return {"brings": brings} if brings else {"brings": brings, "cuda": False}
