"""ONNX on the package index: the opsets and the IR version that each release knows, what it asks of protobuf and NumPy.

Both are read out of the wheels: the opset ranges from `onnx/defs/schema.h`, the IR version from the `.proto` file.
The table in `onnx/helper.py` lags: in 1.22.0 it lacks its own row.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from packaging.requirements import Requirement

from . import progress
from .builds import Group, group, requirements
from .document import Document
from .index import Index

NAME = "onnx"

SOURCE = "index-onnx"

_RANGE = re.compile(r"map_\[(\w+)\]\s*=\s*std::make_pair\(\d+,\s*(\d+)\)")
_IR = re.compile(r"\bIR_VERSION\s*=\s*(0x[0-9a-fA-F]+|\d+)")
_DOMAINS = {"ONNX_DOMAIN": "opset", "AI_ONNX_ML_DOMAIN": "opset_ml", "AI_ONNX_TRAINING_DOMAIN": "opset_training"}


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/onnx.toml`: a `[[release]]` per version, a `[[build]]` per version and platform."""
    document = Document("onnx")
    seen: set[str] = set()
    groups = [g for g in group(index.files("onnx")) if g.version.release >= (1, 2)]
    for one in progress.over(groups, "onnx"):
        metadata = index.metadata(one.example)
        requires, extras = requirements(metadata)
        row = one.row()
        row.update({"cuda": False, "requires": requires, "extras": extras or None, "source": SOURCE})
        document.source(
            SOURCE,
            "onnx: wheel tags, METADATA, schema.h and the .proto file of each release",
            "package index: onnx",
            one.date or "",
            "read",
        )
        document.add("build", row)
        if one.version.public not in seen:
            seen.add(one.version.public)
            known = index.remember(one.example, "onnx/knows/1", partial(knows, index, one))
            ranges = {f: specifier(requires, f) for f in ("numpy", "protobuf")}
            release = {"version": one.version.public, "date": one.date, "source": SOURCE}
            document.add("release", {**release, **known, **ranges})
    return {"observed/onnx.toml": document}


def knows(index: Index, one: Group) -> dict[str, Any]:
    """`opset`, `opset_ml`, `opset_training` and `ir` of a wheel: the highest that it knows, as strings."""
    wheel = index.wheel(one.example)
    names = wheel.names()
    header = next(n for n in names if n.endswith("onnx/defs/schema.h"))
    proto = next(n for n in names if re.search(r"onnx/onnx(\.in)?\.proto$", n))
    found = {_DOMAINS[d]: high for d, high in _RANGE.findall(wheel.read(header).decode()) if d in _DOMAINS}
    versions = [int(v, 0) for v in _IR.findall(wheel.read(proto).decode())]
    return {**found, "ir": str(max(versions))}


def specifier(requires: list[str], name: str) -> str | None:
    """What the requirement lines ask of `name`: ">=3.20.2,<4", "*" for any; None where it is not asked for."""
    for line in requires:
        wanted = Requirement(line)
        if wanted.name == name:
            return ",".join(sorted(str(s) for s in wanted.specifier)) or "*"
    return None
