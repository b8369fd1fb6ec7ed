"""Installable packages: their names, their published builds, and which builds an installed version can be."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.matrix.remembered import remembered
from compat.names import COMPONENTS
from compat.names import normal as _normal

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row
    from compat.versions import Version

CONDA = "conda::"  # what the tables of conda's distributions are called beside pip's of the same name
CONDA_INDEXES = ("conda-forge", "anaconda", "conda-pytorch", "conda-nvidia")

normal = lru_cache(maxsize=4096)(_normal)


def rivals(names: Iterable[str]) -> list[list[str]]:
    """Distributions of one library for several CUDA majors (nvidia-cudnn-cu12 and nvidia-cudnn-cu13), by library."""
    found: dict[str, list[str]] = {}
    for name in names:
        stem, mark, major = name.rpartition("-cu")
        if mark and major.isdecimal():
            found.setdefault(stem, []).append(name)
    return [sorted(same) for same in found.values() if len(same) > 1]


class Packages:
    """Packages of all components."""

    def __init__(self, matrix: "Matrix") -> None:
        self._matrix = matrix
        self._releases: dict[str, list[Row]] = {}

    @cached_property
    def _components(self) -> dict[str, str]:
        owners: dict[str, str] = {}
        for component, package in self._matrix.index["packages"].items():
            for names in package["distributions"].values():
                owners.update({normal(name): component for name in names})
        return owners

    @remembered
    def component(self, distribution: str) -> str | None:
        """The component that a distribution is (``pytorch`` is ``torch``), None if the matrix does not know it."""
        return self._components.get(normal(distribution))

    @remembered
    def meant(self, name: str) -> str | None:
        """The component that a goal means by a distribution or, where there is none of that name, by the module that is
        imported (``paddle``, ``cv2``)."""
        return self.component(name) or self._modules.get(normal(name))

    @cached_property
    def _modules(self) -> dict[str, str]:
        every: dict[str, Row] = self._matrix.index["packages"]
        return {normal(about["module"]): component for component, about in every.items() if "module" in about}

    @remembered
    def about(self, component: str) -> "Row":
        """The component's package table; empty for what is no package."""
        found: Row = self._matrix.index["packages"].get(component, {})
        return found

    @cached_property
    def suggestions(self) -> dict[str, str]:
        """Distribution -> the goal that it is judged for unasked, where it is installed; in a fixed order."""
        every: dict[str, Row] = self._matrix.index["packages"]
        ordered = sorted(every, key=lambda name: COMPONENTS.index(name) if name in COMPONENTS else len(COMPONENTS))
        return {normal(one): every[name]["goals"][0] for name in ordered for one in every[name].get("suggested_by", ())}

    @remembered
    def may_bring_cuda(self, distribution: str) -> bool:
        """Do some of its builds carry or pin CUDA's libraries, or is it a part of what has such builds? NVIDIA's own
        metapackage draws them by its extras."""
        if normal(distribution) == "cuda-toolkit":
            return True
        own = self.component(distribution)
        every: dict[str, Row] = self._matrix.index["packages"]
        owners = [own] if own else [name for name, about in every.items() if distribution in about.get("parts", ())]
        return any(self.about(owner).get("cuda_from") in ("itself", "either") for owner in owners)

    @remembered
    def distributions(self, component: str) -> list[str]:
        """Names under which the component is installed, the public index's first."""
        about = self.about(component)
        names = [name for family in about.get("distributions", {}).values() for name in family]
        return list(dict.fromkeys(normal(name) for name in names)) or [component]

    @remembered
    def by_cuda(self, component: str) -> dict[int, str]:
        """CUDA major -> the distribution of the public index that names it (``tensorrt-cu12``), oldest first."""
        named = (normal(name) for name in self.about(component).get("distributions", {}).get("pypi", ()))
        found = {int(name.rpartition("-cu")[2]): name for name in named if name.rpartition("-cu")[2].isdigit()}
        return dict(sorted(found.items()))

    def builds(self, distribution: str) -> "dict[str, list[Row]]":
        """Published builds by version: those that pip installs, or conda's of a name that only conda has."""
        return self._matrix.builds(normal(distribution)) or self.conda_builds(distribution)

    def conda_builds(self, distribution: str) -> "dict[str, list[Row]]":
        """Builds by version that conda installs under this name."""
        return self._matrix.builds(CONDA + normal(distribution).removeprefix(CONDA))

    def of_its_minor(self, row: "Row") -> "list[Row]":
        """Builds of the distribution that this build is of, in the releases of its minor line."""
        return self._of_minor(row["package"], row["index"] in CONDA_INDEXES, versions.parse(row["version"]).release[:2])

    @remembered
    def _of_minor(self, distribution: str, conda: bool, line: tuple[int, ...]) -> "list[Row]":
        every = self.conda_builds(distribution) if conda else self.builds(distribution)
        return [row for known, rows in every.items() if versions.parse(known).release[:2] == line for row in rows]

    @remembered
    def versions(self, distribution: str) -> list[str]:
        """Known releases, oldest first."""
        found = {version for version in self.builds(distribution) if versions.try_parse(version) is not None}
        return sorted(found, key=lambda text: versions.parse(text).key())

    def inside(self, distribution: str, line: "Version") -> list[str]:
        """Known releases of the line that a version names, and that version itself; a pre-release only of one."""
        return [
            known.text
            for known in self._by_line(distribution).get(line.key()[0], ())
            if (line.covers(known) or known.same_as(line)) and known.is_prerelease <= line.is_prerelease
        ]

    @remembered
    def _by_line(self, distribution: str) -> "dict[tuple[int, ...], list[Version]]":
        """Line, as its numbers -> its known releases."""
        found: dict[tuple[int, ...], list[Version]] = {}
        for known in self.builds(distribution):
            version = versions.try_parse(known)
            if version is None:
                continue
            for size in range(1, len(version.release) + 1):
                found.setdefault(version.release[:size], []).append(version)
        return found

    def releases(self, component: str) -> "list[Row]":
        """Release rows, oldest first."""
        known = self._releases.get(component)
        if known is None:
            rows = [row for row in self._matrix.rows("release", component) if versions.try_parse(row["version"])]
            known = self._releases[component] = sorted(rows, key=lambda row: versions.parse(row["version"]).key())
        return known

    @remembered
    def release(self, component: str, version: str) -> "Row | None":
        """The release row that a version falls under: the same release, or the longest one that covers it; of a line
        what its releases have in common."""
        wanted = versions.parse(version)
        best: Row | None = None
        for row in self._matrix.rows("release", component):
            known = versions.try_parse(row["version"])
            if known is None:
                continue
            if known.same_as(wanted):
                return row if len(known.release) <= len(wanted.release) else self._common(component, wanted)
            # A post-release is none of a line: 2.8.0.post1 tells nothing of the 2.8.0 that it took the place of.
            if known.post < 0 and known.covers(wanted) and (best is None or len(row["version"]) > len(best["version"])):
                best = row
        return best

    @remembered
    def of_line(self, component: str, version: str) -> "list[Row]":
        """Release rows of the line that a version names (``8.6`` covers 8.6.0 and 8.6.1), or the one that covers it.

        Of a patch release that the matrix does not list, those of its minor line: what they have in common it has.
        """
        wanted = versions.parse(version)
        inside = self._inside(component, wanted)
        if inside:
            return inside
        found = self.release(component, version)
        if found is not None:
            return [found]
        return self._inside(component, versions.Version("", wanted.release[:2])) if len(wanted.release) > 2 else []

    def _inside(self, component: str, line: "Version") -> "list[Row]":
        return [row for row in self.releases(component) if line.covers(versions.parse(row["version"]))]

    def _common(self, component: str, line: "Version") -> "Row":
        """What the rows of a line agree in, as that of its first release."""
        first, *others = self._inside(component, line)
        return {
            name: value
            for name, value in first.items()
            if name in ("version", "date", "source", "sources") or all(row.get(name) == value for row in others)
        }

    @cached_property
    def pairs(self) -> "Mapping[str, list[Row]]":
        """What goes with what, by the distribution that the rows are about."""
        return self._matrix.table("pairs")

    @remembered
    def paired(self, distribution: str, release: str) -> "list[Row]":
        """What goes with what, where that is said of this very release of a distribution."""
        rows = self.pairs.get(normal(distribution), ())
        return [row for row in rows if versions.parse_range(row["range"]).admits(release)]

    @cached_property
    def breaks(self) -> "Mapping[str, list[Row]]":
        """Advisories by the rule that they are reported as."""
        return self._matrix.table("breaks")

    @cached_property
    def advised(self) -> frozenset[str]:
        """The rules that some advisory is reported as."""
        return frozenset(self.breaks)

    def pins(self, row: "Row") -> list[tuple[str, str, str]]:
        """(distribution, range, marker) of each requirement line of a build."""
        return [requirement(line) for line in row.get("requires", ())]


_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;\s*(.*))?$")


@lru_cache(maxsize=8192)
def requirement(line: str) -> tuple[str, str, str]:
    """(distribution, range, marker) of a requirement line."""
    match = _REQUIREMENT.match(line)
    if match is None:
        return normal(line), "*", ""
    name, spec, marker = match.groups()
    return normal(name), (spec or "*").strip() or "*", (marker or "").strip()


def fits_platform(row: "Row", system: str | None, arch: str | None) -> bool:
    """Is the build made for this OS and architecture, as far as they are known?"""
    return (system is None or row["os"] in (system, "any")) and (arch is None or row["arch"] in (arch, "any"))


def fits_python(row: "Row", python: str | None) -> bool:
    """Has the build a file for this Python? True where either is unknown."""
    if python is None or "python" not in row:
        return True
    return takes_python(row["python"], versions.major_minor(python)) is not False


def takes_python(listed: "Iterable[str]", line: str) -> bool | None:
    """Is the Python among those that a build has files for? None of a free-threaded one where no such one is listed:
    what is written in Python alone serves it, and is listed for the others."""
    if line in listed:
        return True
    return None if line.endswith("t") and not any(one.endswith("t") for one in listed) else False


def same_cuda(built: Any, wanted: Any) -> bool | None:
    """Do two statements of a build's CUDA agree (False: without CUDA; a major agrees with each of its releases)?"""
    if built is None or wanted is None:
        return None
    if built is False or wanted is False:
        return built is wanted
    one, other = versions.parse(built).release[:2], versions.parse(wanted).release[:2]
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def has_cuda(rows: "Iterable[Row]") -> bool | None:
    """Has one of these builds code for GPUs? None where none of them tells."""
    told = {bool(row["cuda"]) for row in rows if "cuda" in row}
    return any(told) if told else None
