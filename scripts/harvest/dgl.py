"""Family dgl: DGL on the package index, and the builds for CUDA that had a name of their own to 0.6.1.

From 2.1 on `import dgl` opens the library of GraphBolt that is named for torch's release: a wheel goes with the
releases that it has one for. The wheels with CUDA since 0.7 are on DGL's own page, which is not read.
"""

from __future__ import annotations

import re

from packaging.version import Version

from . import releases, torch_companions
from .builds import Group, group
from .document import Document, Row
from .index import Index
from .wheel import RemoteWheel

NAME = "dgl"
PROJECTS = ("dgl", "dgl-cu90", "dgl-cu92", "dgl-cu100", "dgl-cu101", "dgl-cu102", "dgl-cu110", "dgl-cu111")
OLDEST = Version("0.3")  # before it there was one build for all
BOUND = Version("2.1")  # opens GraphBolt when it is imported

_LIBRARY = re.compile(r"(dgl-[\d.]+\.data/\w+/)?dgl/libdgl\.so\Z")
_GRAPHBOLT = re.compile(r"graphbolt_pytorch_([\d.]+)\.(?:so|dll|dylib)\Z")


def harvest(index: Index) -> dict[str, Document]:
    """`observed/<project>.toml` of each."""
    documents = {}
    for name in PROJECTS:
        groups = [one for one in group(index.files(name)) if one.version >= OLDEST]
        document = releases.document(index, name, "ELF headers, fat binaries and names of members", inside, groups)
        for row in pairs(index, [one for one in groups if one.version >= BOUND]):
            document.add("pair", row)
        documents[f"observed/{name}.toml"] = document
    return documents


def inside(index: Index, one: Group) -> Row:
    """What the library of a wheel for Linux was built with. Of the named builds the last two releases are read."""
    if one.os != "linux" or (one.package != "dgl" and one.version < Version("0.6")):
        return {}
    found: Row = index.remember(one.example, "dgl/1", lambda: torch_companions.read(index.wheel(one.example), _LIBRARY))
    return found


def pairs(index: Index, groups: list[Group]) -> list[Row]:
    """`[[pair]]` rows: from the oldest to the newest torch that the wheels of a release have GraphBolt for."""
    found: dict[str, set[str]] = {}
    for one in groups:
        found.setdefault(str(one.version), set()).update(graphbolt(index, one))
    rows: list[Row] = []
    for version, torches in found.items():
        ends = sorted(torches, key=Version)
        fits = f">={ends[0]},<={ends[-1]}"
        rows.append({"package": "dgl", "range": f"=={version}", "other": "torch", "fits": fits, "source": "wheels"})
    return rows


def graphbolt(index: Index, one: Group) -> list[str]:
    """The releases of torch that a wheel has GraphBolt for."""
    names: list[str] = index.remember(one.example, "dgl-graphbolt/1", lambda: _torches(index.wheel(one.example)))
    return names


def _torches(wheel: RemoteWheel) -> list[str]:
    return sorted({match[1] for name in wheel.names() if (match := _GRAPHBOLT.search(name))})
