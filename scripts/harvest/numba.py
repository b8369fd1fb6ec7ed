"""numba on the package index: Pythons, platforms and pins of its wheels. GPU code is compiled for the GPU at hand."""

from __future__ import annotations

from packaging.version import Version

from . import builds, releases
from .document import Document
from .index import Index

NAME = "numba"
OLDEST = Version("0.50")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/numba.toml`."""
    groups = [group for group in builds.group(index.files(NAME)) if group.version >= OLDEST]
    return {"observed/numba.toml": releases.document(index, NAME, "nothing inside", lambda *_: {}, groups)}
