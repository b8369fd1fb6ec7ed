"""cuDNN on the package index: `nvidia-cudnn-cu11`, `-cu12`, `-cu13`.

Read out of each wheel: the shared objects it brings, and `cudnn_version.h`, whose macros name the newest (and, in
some releases, the oldest) GPU that the library knows. Of the newest patch of each minor release, also for which GPUs
`libcudnn_ops` carries code (of it alone: the other parts are larger). The packages of two CUDA majors write the same
paths, so that of two installed together the last one wins; `brings` is the same list for both.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from . import binary, fatbin, progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index
from .toml import version_key

NAME = "cudnn"

PROJECTS = {"nvidia-cudnn-cu11": "11", "nvidia-cudnn-cu12": "12", "nvidia-cudnn-cu13": "13"}

_DEFINE = re.compile(r"#define\s+(CUDNN_\w+)[ \t]+([^\n/]+)")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/cudnn.toml`: a `[[build]]` per wheel, a `[[release]]` per version of the headers."""
    document = Document("cudnn")
    releases: dict[str, Row] = {}
    for project, major in PROJECTS.items():
        groups = group(index.files(project))
        newest = {g.version.release[:2]: g.version for g in groups}
        for one in progress.over(groups, project):
            inside = index.remember(one.example, "cudnn/inside/1", partial(look, index, one))
            row = build(index, document, one, major, inside)
            if (one.os, one.arch) == ("linux", "x86_64") and newest[one.version.release[:2]] == one.version:
                row.update(index.remember(one.example, "cudnn/code/1", partial(code, index, one)))
                row["note"] = "sass and ptx: of libcudnn_ops alone."
            document.add("build", row)
            macros = inside["macros"]
            if one.os == "linux" and "CUDNN_MAJOR" in macros:
                release(releases, macros, one)
    for version in sorted(releases, key=version_key):
        document.add("release", releases[version])
    return {"observed/cudnn.toml": document}


def look(index: Index, one: Group) -> dict[str, Any]:
    """`brings` (file names of the libraries) and `macros` of a wheel, as JSON values."""
    wheel = index.wheel(one.example)
    libraries = [n.rsplit("/", 1)[-1] for n in wheel.names() if re.search(r"\.so(\.\d+)*$|\.dll$", n)]
    header = next((n for n in wheel.names() if n.endswith("/cudnn_version.h")), None)
    text = wheel.read(header).decode("utf-8", "replace") if header else ""
    return {"brings": sorted(libraries), "macros": {k: v.strip() for k, v in _DEFINE.findall(text)}}


def code(index: Index, one: Group) -> dict[str, list[str]]:
    """`sass` and `ptx` of the operations library, as JSON values."""
    wheel = index.wheel(one.example)
    member = next(n for n in wheel.names() if re.search(r"/libcudnn_ops(_infer)?\.so\.\d+$", n))
    with binary.spooled(wheel, member) as read:
        images = fatbin.count(read, wheel.size_of(member))
    return {"sass": list(images["sass"]), "ptx": list(images["ptx"])}


def build(index: Index, document: Document, one: Group, major: str, inside: dict[str, Any]) -> Row:
    """The `[[build]]` row of a wheel."""
    project = one.package
    key = f"index-{project}"
    document.source(
        key,
        f"{project}: wheel tags, METADATA, file names and cudnn_version.h of each release",
        f"package index: {project}",
        one.date or "",
        "read",
    )
    row = one.row(variant=f"cu{major}")
    row["cuda"] = major
    row["cudnn"] = header_version(inside["macros"])
    row["brings"] = inside["brings"]
    row["requires"], _ = requirements(index.metadata(one.example))
    row["source"] = key
    return row


def header_version(macros: dict[str, str]) -> str | None:
    """ "9.10.2" of CUDNN_MAJOR, CUDNN_MINOR and CUDNN_PATCHLEVEL; None without them."""
    parts = [macros.get(f"CUDNN_{name}") for name in ("MAJOR", "MINOR", "PATCHLEVEL")]
    return ".".join(p for p in parts if p) if all(parts) else None


def release(releases: dict[str, Row], macros: dict[str, str], one: Group) -> None:
    """Enter what the header says into the release's row; the first wheel of a version names source and date."""
    version = header_version(macros) or ""
    major, minor = macros.get("CUDNN_MAX_SM_MAJOR_NUMBER"), macros.get("CUDNN_MAX_SM_MINOR_NUMBER")
    row = {
        "version": version,
        "date": one.date,
        "capability_maximum": f"{major}.{minor}" if major and minor else None,
        "capability_minimum": minimum(macros),
        "source": f"index-{one.package}",
    }
    known = releases.setdefault(version, row)
    if one.date and (known["date"] is None or one.date < known["date"]):
        known["date"] = one.date


def minimum(macros: dict[str, str]) -> str | None:
    """CUDNN_MIN_DEVICE_VERSION as a capability: its value is the name of another macro, of 100 times the major."""
    value = macros.get(macros.get("CUDNN_MIN_DEVICE_VERSION", ""), macros.get("CUDNN_MIN_DEVICE_VERSION", ""))
    return f"{int(value) // 100}.{int(value) % 100 // 10}" if value.isdigit() else None
