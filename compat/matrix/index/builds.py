"""Wheels of a release joined to builds: one per platform, with Python releases and glibc of their tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from compat.matrix.canonical import version_key
from compat.matrix.document import Row
from compat.matrix.index.client import IndexFile, metadata_fields

PYTHONS = [f"3.{minor}" for minor in range(6, 16)]

_GLIBC = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
_ARCH = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_GPU_STACK = re.compile(
    r"nvidia-|cuda-|tensorrt|torch|triton|pytorch-triton|jax|numpy$|protobuf$|keras|tf-keras|onnx|ml-dtypes$|tensorflow"
    r"|transformer[-_]engine|cupy|numba|flashinfer|xformers|pycuda|cutlass|nvtx|pynvml|cudnn"
)
# What frameworks share besides: one's bound from above can contradict another's from below.
_SHARED = re.compile(r"typing-extensions$")


def platforms(tag: str) -> list[tuple[str, str, str | None]]:
    """(os, arch, glibc) of a wheel's platform tag; [] where the matrix holds none (musl, 32 bit)."""
    if tag == "any":
        return [("any", "any", None)]
    if tag == "win_amd64":
        return [("windows", "x86_64", None)]
    if tag == "win_arm64":
        return [("windows", "aarch64", None)]
    if match := re.match(r"macosx_\d+_\d+_(\w+)\Z", tag):
        arches = ["x86_64", "aarch64"] if match[1] in ("universal2", "universal") else [_ARCH.get(match[1], "")]
        return [("macos", arch, None) for arch in arches if arch]
    if match := re.match(r"manylinux_(\d+)_(\d+)_(x86_64|aarch64)\Z", tag):
        return [("linux", match[3], f"{match[1]}.{match[2]}")]
    if match := re.match(r"(manylinux\d+)_(x86_64|aarch64)\Z", tag):
        return [("linux", match[2], _GLIBC.get(match[1]))]
    if match := re.match(r"linux_(x86_64|aarch64)\Z", tag):
        return [("linux", match[1], None)]
    return []


def pythons(file: IndexFile) -> list[str]:
    """CPython releases that a wheel's tags and `requires_python` admit, "3.13t" for free-threaded ones."""
    found: set[str] = set()
    try:
        admitted = SpecifierSet(file.requires_python or "")
    except InvalidSpecifier:
        admitted = SpecifierSet("")
    for tag in file.tags:
        if match := re.match(r"cp(\d)(\d+)\Z", tag.interpreter):
            release = f"{match[1]}.{match[2]}"
            if tag.abi == "abi3":
                later = [p for p in PYTHONS if version_key(p) >= version_key(release)]
                found.update(p for p in later if admitted.contains(f"{p}.99"))
            else:
                found.add(release + ("t" if tag.abi.endswith("t") else ""))
        elif match := re.match(r"py3(\d*)\Z", tag.interpreter):  # py39 is any from 3.9 on (PEP 425)
            later = [p for p in PYTHONS if version_key(p) >= version_key(f"3.{match[1] or 0}")]
            found.update(p for p in later if admitted.contains(f"{p}.99"))
    return sorted(found, key=version_key)


@dataclass(frozen=True)
class Group:
    """The wheels of one release for one platform."""

    package: str
    version: Version
    os: str
    arch: str
    files: tuple[IndexFile, ...]  # by Python release, the newest last

    @property
    def example(self) -> IndexFile:
        """The file that stands for all when a part is read: oldest CPython, not free-threaded."""
        plain = [f for f in self.files if not any(t.abi.endswith("t") for t in f.tags)]
        return (plain or list(self.files))[0]

    @property
    def date(self) -> str | None:
        """Upload day of the first file, YYYY-MM-DD."""
        days = [f.uploaded for f in self.files if f.uploaded]
        return min(days) if days else None

    @property
    def glibc(self) -> str | None:
        """Oldest glibc that some file's platform tag admits."""
        found = [g for f in self.files for t in f.tags for o, a, g in platforms(t.platform) if g and a == self.arch]
        return min(found, key=version_key) if found else None

    def row(self, index: str = "pypi", variant: str = "") -> Row:
        """The common part of a `[[build]]` row."""
        yanked = {f.yanked for f in self.files}
        return {
            "package": self.package,
            "version": self.version.public,
            "os": self.os,
            "arch": self.arch,
            "index": index,
            "variant": variant,
            "python": sorted({p for f in self.files for p in pythons(f)}, key=version_key),
            "requires_python": self.example.requires_python,
            "glibc": self.glibc,
            "date": self.date,
            "yanked": next(iter(sorted(y for y in yanked if y is not None)), None) if None not in yanked else None,
            "file": self.example.filename,
        }


def group(files: Iterable[IndexFile], prereleases: bool = False) -> list[Group]:
    """The wheels by release and platform, in version order. Pre-releases only if asked for."""
    found: dict[tuple[Version, str, str], list[IndexFile]] = {}
    package = ""
    for file in files:
        if file.version is None or not file.is_wheel or (file.version.is_prerelease and not prereleases):
            continue
        package = file.project
        for os, arch in {(o, a) for t in file.tags for o, a, _ in platforms(t.platform)}:
            found.setdefault((file.version, os, arch), []).append(file)
    return [
        Group(package, version, os, arch, tuple(sorted(members, key=_python_order)))
        for (version, os, arch), members in sorted(found.items())
    ]


def _python_order(file: IndexFile) -> tuple[object, ...]:
    return ([version_key(p) for p in pythons(file)[:1]], file.filename)


def requirements(metadata: str) -> tuple[list[str], dict[str, list[str]]]:
    """(`requires`, `extras`) of a METADATA text: the lines that bear on the GPU stack, verbatim.

    A line goes to `extras` when its marker asks for an extra; there it keeps its other markers too.
    """
    requires: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in _lines(metadata):
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        name = canonicalize_name(wanted.name)
        if not (_GPU_STACK.match(name) or (_SHARED.match(name) and wanted.specifier)):
            continue
        named = re.findall(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line.partition(";")[2])
        for extra in named:
            extras.setdefault(extra, []).append(line)
        if not named:
            requires.append(line)
    return requires, extras


def _lines(metadata: str) -> Iterator[str]:
    for line in metadata_fields(metadata).get_all("Requires-Dist") or []:
        yield re.sub(r"\s+", " ", str(line)).strip()
