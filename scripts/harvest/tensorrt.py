"""TensorRT on the package index: the metapackage, its CUDA variants, the Python bindings, the stubs of the libraries.

`tensorrt` is a source archive (but for 8.5.1 to 8.6.0, which are whole) that asks for `tensorrt-cu11`, `-cu12` or
`-cu13`; that asks for `-bindings`, wheels that lie here, and for `-libs`, a stub that fetches the libraries from
pypi.nvidia.com. Python releases, platforms and glibc of a version are those of its bindings, so its rows carry these.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

from . import binary, fatbin, progress
from .builds import Group, group, requirements
from .document import Document, Row
from .index import Index, IndexFile
from .toml import version_key

NAME = "tensorrt"

VARIANTS = ("11", "12", "13")
FIRST = Version("8.5")
LAST_OWN = Version("99")  # beyond are placeholders

_MOST = 1 << 20  # bytes of a source archive: these are stubs of some tens of kilobytes
_ASKED = re.compile(r'"(tensorrt[-_]cu\d+(?:[-_](?:libs|bindings))?(?:==[^"]*|(?="\],)))"')
_SYSTEMS = {"linux": "linux", "windows": "win32"}
_TEXTS = re.compile(r"/(PKG-INFO|pyproject\.toml|setup\.py)$")


def harvest(index: Index) -> dict[str, Document]:
    """The document `observed/tensorrt.toml`."""
    document = Document("tensorrt")
    bindings = {f"cu{major}": groups(index, f"tensorrt-cu{major}-bindings") for major in VARIANTS}
    bindings[""] = groups(index, "tensorrt-bindings")
    for variant, found in bindings.items():
        for one in progress.over(found, f"bindings {variant}".strip()):
            document.add("build", wheel_row(index, document, one, variant))
    for project in ["tensorrt", *(f"tensorrt-cu{major}" for major in VARIANTS)]:
        wheels(index, document, project)
        for file in progress.over(list(archives(index, project)), project):
            for row in archive_rows(index, document, file, bindings):
                document.add("build", row)
    for project in ["tensorrt-libs", *(f"tensorrt-cu{major}-libs" for major in VARIANTS)]:
        for file in archives(index, project):
            document.add("build", stub_row(document, file))
    return {"observed/tensorrt.toml": document}


def groups(index: Index, project: str) -> list[Group]:
    """The wheels of a project. The 9.x line is published as pre-releases only and is taken too."""
    found = group(index.files(project), prereleases=True)
    return [g for g in found if FIRST <= g.version < LAST_OWN and (not g.version.is_prerelease or g.version.major == 9)]


def archives(index: Index, project: str) -> Iterator[IndexFile]:
    """The source archives of a project, by version."""
    found = [f for f in index.files(project) if not f.is_wheel and f.version and FIRST <= f.version < LAST_OWN]
    yield from sorted(found, key=lambda f: f.version or FIRST)


def variant_of(version: Version, variant: str) -> str:
    """ "cu12" also where the version says it: 9.3.0.post12.dev1."""
    return variant or (f"cu{version.post}" if version.post and version.major == 9 else "")


def source(document: Document, project: str, date: str | None) -> str:
    """Name the source of a project's rows."""
    key = f"index-{project}"
    document.source(
        key, f"{project}: file tags and metadata of each release", f"package index: {project}", date or "", "declared"
    )
    return key


def wheel_row(index: Index, document: Document, one: Group, variant: str) -> Row:
    """The row of a wheel: bindings, or the whole library."""
    row = one.row(variant=variant_of(one.version, variant))
    row["cuda"] = row["variant"].removeprefix("cu") or None
    row["requires"], extras = requirements(index.metadata(one.example))
    row["extras"] = extras or None
    row["tensorrt"] = ".".join(str(part) for part in one.version.release)
    row["source"] = source(document, one.package, one.date)
    return row


def wheels(index: Index, document: Document, project: str) -> None:
    """Rows of the wheels that hold the library itself."""
    for one in progress.over(groups(index, project), f"{project} wheels"):
        row = wheel_row(index, document, one, "")
        required = " ".join(row["requires"])
        major = re.search(r"-cu(\d+)", required)
        row.update(index.remember(one.example, "tensorrt/library/1", partial(library, index, one)))
        row["cuda"] = major[1] if major else None
        row["level"] = "read"
        document.add("build", row)


def library(index: Index, one: Group) -> dict[str, Any]:
    """`needs`, `brings`, `sass`, `ptx`, `glibcxx` of a wheel that holds libnvinfer, as JSON values."""
    wheel = index.wheel(one.example)
    inside = {n.rsplit("/", 1)[-1]: n for n in wheel.names() if re.search(r"\.so\.\d+$", n)}
    needs: set[str] = set()
    images: dict[str, dict[str, int]] = {"sass": {}, "ptx": {}}
    newest: list[str] = []
    for name, member in sorted(inside.items()):
        with binary.spooled(wheel, member) as read:
            linked = binary.linked(read, wheel.size_of(member))
            needs.update(linked["needed"])
            newest += [linked["glibcxx"]] if linked["glibcxx"] else []
            if name.startswith("libnvinfer.so"):
                images = fatbin.count(read, wheel.size_of(member))
    own = sorted(n for n in needs if re.match(r"lib(cu|nv)", n) and n not in inside)
    found = {"needs": own, "brings": sorted(inside), "sass": list(images["sass"]), "ptx": list(images["ptx"])}
    return {**found, "glibcxx": max(newest, key=version_key) if newest else None}


def archive_rows(index: Index, document: Document, file: IndexFile, bindings: dict[str, list[Group]]) -> Iterator[Row]:
    """The rows of a source archive: one for each platform that the bindings it leads to have wheels for.

    One row for any platform where the bindings lie on NVIDIA's index alone (9.x).
    """
    text = index.remember(file, "tensorrt/archive/1", partial(archive_text, index, file))
    version = file.version
    assert version is not None
    base = {
        "package": file.project,
        "version": version.public,
        "tensorrt": ".".join(str(part) for part in version.release),
        "requires_python": file.requires_python,
        "date": file.uploaded,
        "file": file.filename,
    }
    key = source(document, file.project, file.uploaded)
    own = re.search(r"cu(\d+)", file.project)
    alone = True
    for system in ("linux", "windows"):
        wanted = asked(text, system)
        named = own or re.search(r"cu(\d+)", " ".join(wanted))
        variant = f"cu{named[1]}" if named else variant_of(version, "")
        shown = variant if own or not named else ""
        facts = {**base, "cuda": variant.removeprefix("cu") or None, "requires": wanted or None}
        for one in bindings[variant if named else ""]:
            if one.os == system and one.version == leads_to(version):
                alone = False
                yield {**one.row(variant=shown), **facts, "source": [key, source(document, one.package, one.date)]}
    if alone:
        yield {**facts, "os": "any", "arch": "any", "index": "pypi", "variant": shown, "source": key}


def asked(text: str, system: str) -> list[str]:
    """The requirement lines on other TensorRT packages that hold on that system, as they are written."""
    found: set[str] = set()
    for line in _ASKED.findall(text):
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"sys_platform": _SYSTEMS[system]}):
            found.add(line)
    return sorted(found)


def leads_to(version: Version) -> Version:
    """The version of the bindings: 8.6.1.post1 asks for 8.6.1, every other for its own."""
    return Version("8.6.1") if version.base_version == "8.6.1" else version


def archive_text(index: Index, file: IndexFile) -> str:
    """PKG-INFO, pyproject.toml and setup.py of a source archive as one text. Nothing of it is run."""
    data = index.fetch(file.url, 0, min(file.size or _MOST, _MOST))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = [m for m in archive.getmembers() if m.isfile() and _TEXTS.search(m.name)]
        texts = (archive.extractfile(m) for m in members)
        return "\n".join(t.read().decode("utf-8", "replace") for t in texts if t)


def stub_row(document: Document, file: IndexFile) -> Row:
    """The row of a stub that fetches the libraries while it is installed."""
    version = file.version
    assert version is not None
    major = re.search(r"cu(\d+)", file.project)
    variant = f"cu{major[1]}" if major else variant_of(version, "")
    return {
        "package": file.project,
        "version": version.public,
        "os": "any",
        "arch": "any",
        "index": "pypi",
        "variant": variant,
        "cuda": variant.removeprefix("cu") or None,
        "requires_python": file.requires_python,
        "date": file.uploaded,
        "stub": True,
        "file": file.filename,
        "source": source(document, file.project, file.uploaded),
    }
