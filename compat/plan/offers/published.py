"""Which published builds of a distribution could be installed on a machine, newest first."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.goals import Goal
from compat.machine import Gpu, Jetson, Machine
from compat.markers import applies
from compat.matrix.packages import fits_platform, fits_python
from compat.plan.model import Pin
from compat.plan.offers.jetson import takes_servers
from compat.plan.offers.places import place
from compat.rules.case import Case
from compat.rules.libraries.cudnn_code import without_code

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

USE_GPU = Goal("use", "gpu")
INSTALLABLE = ("pypi", "pytorch", "nvidia")  # indexes that pip and uv can be pointed at, and that are planned for
JETSON = ("jetson", "jetson-ai-lab")


def usable(row: "Row", system: str | None, arch: str | None, indexes: tuple[str, ...]) -> bool:
    """Is the build for this platform, on one of these indexes, and still there to be installed?"""
    if not fits_platform(row, system, arch) or row.get("removed") or row.get("stub"):
        return False
    return row["index"] in indexes


@lru_cache(maxsize=256)
def fetched(matrix: "Matrix", distribution: str) -> bool:
    """Is what the index has of it an archive that fetches the rest? What is fetched says nothing of what it requires,
    unless its row does: beside a guess it is not planned."""
    return any(row.get("stub") for found in matrix.packages.builds(distribution).values() for row in found)


def indexes_of(machine: Machine, matrix: "Matrix") -> tuple[str, ...]:
    """The indexes whose builds with GPU code run on a machine: a Jetson before JetPack 7 needs builds of its own."""
    if not machine.is_jetson:
        return INSTALLABLE
    return (*INSTALLABLE, *JETSON) if takes_servers(machine, matrix) else JETSON


def rows(matrix: "Matrix", distribution: str, machine: Machine, wanted: str) -> "tuple[Row, ...]":
    """Builds that the range admits, newest release first; pre-releases only where the range names one."""
    about = matrix.packages.about(matrix.packages.component(distribution) or distribution)
    # What has no GPU code is from the public index.
    indexes = INSTALLABLE if about.get("accelerator") == "none" else indexes_of(machine, matrix)
    return _rows(matrix, distribution, machine.os, machine.arch, indexes, wanted)


@lru_cache(maxsize=4096)
def _rows(
    matrix: "Matrix", distribution: str, system: str | None, arch: str | None, indexes: tuple[str, ...], wanted: str
) -> "tuple[Row, ...]":
    allowed = versions.parse_range(wanted)
    named = any(bound.is_prerelease for _, bound, _ in allowed.clauses)
    # A release that its makers withdrew is installed where it is asked for by its number (PEP 592).
    exact = [bound for operator, bound, whole_line in allowed.clauses if operator == "==" and not whole_line]
    found = []
    for text, builds in matrix.packages.builds(distribution).items():
        version = versions.try_parse(text)
        if (
            version is None
            or (version.is_prerelease and not (named or indexes == JETSON))
            or allowed.admits(text) is False
        ):
            continue
        asked = any(bound.same_as(version) for bound in exact)
        found += [
            (version, row)
            for row in builds
            if (usable(row, system, arch, indexes) or (indexes != JETSON and _placed(row, system, arch, matrix)))
            and (asked or "yanked" not in row)
        ]
    found.sort(key=lambda entry: entry[0].key(), reverse=True)
    return tuple(row for _, row in found)


def _placed(row: "Row", system: str | None, arch: str | None, matrix: "Matrix") -> bool:
    """Is the build for this platform, and on a place of its publisher's own?"""
    return place(row, matrix) is not None and fits_platform(row, system, arch)


def newest_rows(matrix: "Matrix", distribution: str, wanted: str) -> "tuple[Row, ...]":
    """Builds of the newest release that the range admits, for whichever platform."""
    allowed = versions.parse_range(wanted)
    named = any(bound.is_prerelease for _, bound, _ in allowed.clauses)
    for text in reversed(matrix.packages.versions(distribution)):
        if allowed.admits(text) is not False and (named or not versions.parse(text).is_prerelease):
            found = tuple(row for row in matrix.packages.builds(distribution)[text] if row["index"] in INSTALLABLE)
            if found:
                return found
    return ()


def newest(
    matrix: "Matrix", distribution: str, machine: Machine, ranges: Iterable[str], serves: bool = False
) -> str | None:
    """The newest published release inside all ranges that has a file for this machine; None where none is known.

    ``serves``: a cuDNN has to have code for the machine's GPUs too.
    """
    wanted = ",".join(text for text in ranges if text != "*") or "*"
    for row in rows(matrix, distribution, machine, wanted):
        if fits_python(row, machine.python) and (
            not serves or serves_gpus(matrix, distribution, row["version"], machine)
        ):
            return str(row["version"])
    return None


def serves_gpus(matrix: "Matrix", name: str, version: str, machine: Machine) -> bool:
    """Has this cuDNN code for every GPU?"""
    return serves(matrix, name, version, gpus_of(machine, matrix))


def serves(matrix: "Matrix", name: str, version: str, gpus: tuple[Capability | None, ...]) -> bool:
    """The same, of GPUs by their capabilities."""
    return not name.startswith("nvidia-cudnn-") or _has_code(matrix, ".".join(version.split(".")[:3]), gpus)


def gpus_of(machine: Machine, matrix: "Matrix") -> tuple[Capability | None, ...]:
    """The capabilities of a machine's GPUs."""
    return _gpus(matrix, machine.gpus, machine.jetson, machine.environment)


@lru_cache(maxsize=64)
def _gpus(
    matrix: "Matrix", gpus: tuple[Gpu, ...] | None, jetson: Jetson, environment: tuple[str, ...] | None
) -> tuple[Capability | None, ...]:
    # Looked up once: a joint search asks hundreds of thousands of times.
    described = Machine(gpus=gpus, jetson=jetson, environment=environment)
    return tuple(gpu.capability for gpu in Case(described, USE_GPU, matrix).gpus)


@lru_cache(maxsize=4096)
def _has_code(matrix: "Matrix", cudnn: str, gpus: tuple[Capability | None, ...]) -> bool:
    row = matrix.packages.release("cudnn", cudnn)
    return row is None or not any(gpu is not None and without_code(row, gpu) for gpu in gpus)


def pins(
    matrix: "Matrix", lines: Iterable[str], machine: Machine, by: str, source: str, extra: str = ""
) -> tuple[Pin, ...]:
    """The requirement lines that count on this machine, as pins."""
    platform = (machine.os, machine.arch, machine.python)
    return tuple([Pin(name, spec, by, source) for name, spec in _counting(matrix, tuple(lines), platform, extra)])


@lru_cache(maxsize=8192)
def _counting(
    matrix: "Matrix", lines: tuple[str, ...], platform: tuple[str | None, str | None, str | None], extra: str
) -> list[tuple[str, str]]:
    """(distribution, range) of the lines that count on a platform."""
    machine = Machine(os=platform[0], arch=platform[1], python=platform[2])
    return [
        (name, spec)
        for name, spec, marker in matrix.packages.pins({"requires": lines})
        if applies(marker, machine, extra) and _is_range(spec)
    ]


def _is_range(spec: str) -> bool:
    try:
        versions.parse_range(spec)
    except versions.BadVersion:
        return False  # a direct reference, or a spelling that indexes no longer take
    return True
