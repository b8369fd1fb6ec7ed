"""TensorFlow on the package index: metadata, tags, and what `build_info.py` inside each wheel says of its CUDA.

`build_info.py` is read as text and its assignments are taken as literals, never run. Its forms, by release:
plain assignments (1.13 to 2.2, Windows with DLL names), a dict (2.3 on), an OrderedDict of pairs (2.5 on).

A capability `sm_XY` stands for machine code alone, `compute_XY` and a plain `X.Y` for machine code and PTX: so says
TensorFlow's own `cuda_configure.bzl`, and the fat binaries of the wheels agree.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from . import progress
from .builds import Group, group, requirements
from .document import Document
from .index import Index
from .toml import version_key

NAME = "tensorflow"

# The distributions, and the file that each is written to.
PROJECTS = {
    "tensorflow": "tensorflow",
    "tensorflow-cpu": "tensorflow-cpu",
    "tensorflow-cpu-aws": "tensorflow-cpu",
    "tensorflow-intel": "tensorflow-cpu",
    "tensorflow-macos": "tensorflow-cpu",
    "tensorflow-gpu": "tensorflow-gpu",
}
# Built without CUDA, whatever the platform: only their tags and requirements matter.
CPU_ONLY = {"tensorflow-cpu", "tensorflow-cpu-aws", "tensorflow-intel", "tensorflow-macos"}
# Pre-releases that people still meet, beside those of the release to come.
KEPT = {"tensorflow-gpu": {"1.13.0rc0"}}
NIGHTLIES = 3  # of tf-nightly: the newest of each of the last lines

Facts = dict[str, Any]


def harvest(index: Index) -> dict[str, Document]:
    """The documents `observed/tensorflow.toml`, `observed/tensorflow-gpu.toml`, `observed/tensorflow-cpu.toml`."""
    documents: dict[str, Document] = {}
    for project, component in PROJECTS.items():
        document = documents.setdefault(f"observed/{component}.toml", Document(component))
        add(index, document, project, list(releases(index, project)))
    add(index, documents["observed/tensorflow.toml"], "tf-nightly", nightlies(index))
    return documents


def releases(index: Index, project: str) -> Iterator[Group]:
    """Final releases from 1.0 on, pre-releases newer than the last of them, and the kept ones."""
    found = [g for g in group(index.files(project), prereleases=True) if g.version.major >= 1]
    newest = max(g.version for g in found if not g.version.is_prerelease)
    for one in found:
        if not one.version.is_prerelease or one.version > newest or one.version.public in KEPT.get(project, ()):
            yield one


def nightlies(index: Index) -> list[Group]:
    """The newest nightly of each of the last release lines; a nightly's own build facts are as good as a release's."""
    lines: dict[str, list[Group]] = {}
    for one in group(index.files("tf-nightly"), prereleases=True):
        lines.setdefault(one.version.base_version, []).append(one)
    kept: list[Group] = []
    for line in sorted(lines, key=version_key)[-NIGHTLIES:]:
        newest = max(one.version for one in lines[line])
        kept += [one for one in lines[line] if one.version == newest]
    return kept


def add(index: Index, document: Document, project: str, groups: list[Group]) -> None:
    """One row a release and platform."""
    for one in progress.over(groups, project):
        row = one.row()
        row["requires"], extras = requirements(index.metadata(one.example))
        row["extras"] = extras or None
        facts: Facts = {"cuda": False} if project in CPU_ONLY else build_facts(index, one)
        row.update(facts)
        row["source"] = f"index-{project}"
        document.source(
            row["source"],
            f"{project}: wheel tags, METADATA and build_info.py of each release",
            f"package index: {project}",
            one.date or "",
            "read",
        )
        document.add("build", row)


def build_facts(index: Index, one: Group) -> Facts:
    """`cuda`, `cudnn`, `sass`, `ptx`, `needs` of a build, as far as its `build_info.py` says."""
    text = index.remember(one.example, "tensorflow/build-info/1", lambda: _build_info(index, one))
    info = literals(text or "")
    if "is_cuda_build" not in info:
        return {}
    if not info["is_cuda_build"]:
        return {"cuda": False}
    sass, ptx = capabilities(info.get("cuda_compute_capabilities"))
    names = [info[key] for key in sorted(info) if key.endswith("_dll_name")] if one.os == "windows" else None
    return {
        "cuda": info.get("cuda_version") or info.get("cuda_version_number"),
        "cudnn": info.get("cudnn_version") or info.get("cudnn_version_number"),
        "sass": sass,
        "ptx": ptx,
        "needs": names or None,
    }


def _build_info(index: Index, one: Group) -> str | None:
    wheel = index.wheel(one.example)
    members = [n for n in wheel.names() if n.endswith("/python/platform/build_info.py")]
    return wheel.read(members[0]).decode("utf-8", "replace") if members else None


def literals(text: str) -> Facts:
    """The names that a `build_info.py` assigns literals to, with its `build_info` dict laid open. Nothing is run."""
    found: Facts = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        value = node.value
        if isinstance(value, ast.Call) and value.args:  # collections.OrderedDict([(key, value), ...])
            value = value.args[0]
        try:
            made = ast.literal_eval(value)
        except ValueError:
            continue
        if node.targets[0].id == "build_info":
            found.update(dict(made))
        else:
            found[node.targets[0].id] = made
    return found


def capabilities(listed: list[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """(`sass`, `ptx`) of TensorFlow's list; (None, None) where it has none."""
    if not listed:
        return None, None
    sass: set[str] = set()
    ptx: set[str] = set()
    for entry in listed:
        if match := re.fullmatch(r"(?:(sm|compute)_)?(\d+)\.?(\d)([af]?)", entry):
            capability = f"{match[2]}.{match[3]}{match[4]}"
            sass.add(capability)
            if match[1] != "sm":
                ptx.add(capability)
    return sorted(sass, key=version_key), sorted(ptx, key=version_key)

