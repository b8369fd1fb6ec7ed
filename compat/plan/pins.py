"""Packages that several builds share: one release that suits all of them, or the pair of demands that cannot be met."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Pin, Reason
from compat.plan.parts import known_releases

if TYPE_CHECKING:
    from compat.matrix import Matrix

# Distributions of two CUDA majors that write the same files (rule mixed-cuda-majors).
_SAME_FILES = ("nvidia-cudnn", "nvidia-nccl", "nvidia-nvshmem", "nvidia-cusparselt")


@dataclass(frozen=True)
class Shared:
    """The releases that suit all; None where the matrix knows no release of a package to name."""

    releases: Mapping[str, str | None]


def shared(found: Iterable[Pin], machine: Machine, matrix: "Matrix") -> Shared | Reason:
    """One release of each package that every pin admits; what is installed stays where it fits."""
    by_name: dict[str, list[Pin]] = {}
    for pin in found:
        by_name.setdefault(pin.name, []).append(pin)
    clash = _same_files(by_name)
    if clash is not None:
        return clash
    here = {normal(name): version for name, version in (machine.packages or {}).items() if version}
    chosen: dict[str, str | None] = {}
    for name, mine in by_name.items():
        release = _release(name, mine, here.get(name), matrix)
        if isinstance(release, Reason):
            return release
        chosen[name] = release
    return Shared(chosen)


def _release(name: str, mine: list[Pin], installed: str | None, matrix: "Matrix") -> str | None | Reason:
    if installed is not None and all(admits(pin, installed) is not False for pin in mine):
        return installed
    known = known_releases(matrix, name)
    for version in reversed(known):
        if not versions.parse(version).is_prerelease and all(admits(pin, version) for pin in mine):
            return version
    exact = [pin for pin in mine if pin.range.startswith("==") and "," not in pin.range and "*" not in pin.range]
    if exact:
        wanted = exact[0].range[2:].strip()
        against = next((pin for pin in mine if admits(pin, wanted) is False), None)
        return wanted if against is None else _clash(name, exact[0], against)
    bounds = [bound.public for pin in mine for _, bound, _ in versions.parse_range(pin.range).clauses]
    # Where no release is known, a bound of the ranges themselves that suits all shows that they overlap.
    if not bounds or any(all(admits(pin, text) is not False for pin in mine) for text in bounds) or len(mine) == 1:
        return None
    first = mine[0]
    against = next(
        (pin for pin in mine[1:] if not any(admits(first, text) and admits(pin, text) for text in bounds)), mine[1]
    )
    return _clash(name, first, against)


def admits(pin: Pin, version: str) -> bool | None:
    """Is the release inside the pin's range?"""
    return versions.parse_range(pin.range).admits(versions.parse(version).public)


def _clash(name: str, one: Pin, other: Pin) -> Reason:
    return Reason(
        "package-versions-mismatch",
        f"{one.by} requires {name}{one.range}, {other.by} requires {name}{other.range}.",
        "; ".join(dict.fromkeys(text for text in (one.source, other.source) if text)),
    )


def _same_files(by_name: Mapping[str, list[Pin]]) -> Reason | None:
    for stem in _SAME_FILES:
        majors = [name for name in (f"{stem}-cu11", f"{stem}-cu12", f"{stem}-cu13") if name in by_name]
        if len(majors) > 1:
            one, other = by_name[majors[0]][0], by_name[majors[-1]][0]
            return Reason(
                "mixed-cuda-majors",
                f"{one.by} requires {one.name}, {other.by} requires {other.name}, which writes the "
                "same files: one environment cannot hold both.",
                one.source or other.source,
            )
    return None
