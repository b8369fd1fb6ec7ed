"""bitsandbytes on the package index: one library for each CUDA release, by their names."""

from __future__ import annotations

import re
from dataclasses import replace

from . import releases
from .builds import Group, group
from .document import Document, Row
from .index import Index

NAME = "bitsandbytes"
_LIBRARY = re.compile(r"/(libbitsandbytes_cuda\d+\.(?:so|dll))$")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/bitsandbytes.toml`."""
    builds = [placed(index, one) for one in group(index.files(NAME))]
    return {"observed/bitsandbytes.toml": releases.document(index, NAME, "names of its libraries", inside, builds)}


def placed(index: Index, one: Group) -> Group:
    """The wheels to 0.42 are tagged for any platform; their libraries are Linux's, for x86-64."""
    elf = [name for name in _names(index, one) if name.endswith(".so")]
    return replace(one, os="linux", arch="x86_64") if one.os == "any" and elf else one


def inside(index: Index, one: Group) -> Row:
    """`brings`: the libraries, whose names tell the CUDA releases; `cuda`: that there are none."""
    brings = sorted(m[1] for name in _names(index, one) if (m := _LIBRARY.search(name)))
    return {"brings": brings} if brings else {"brings": brings, "cuda": False}


def _names(index: Index, one: Group) -> list[str]:
    names: list[str] = index.remember(one.example, "bitsandbytes/1", lambda: index.wheel(one.example).names())
    return names
