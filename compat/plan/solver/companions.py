"""What has to move with a choice although no metadata says so: NumPy, protobuf and the like, by known breaks."""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Choice, Pin

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


PYTHON = "Python "  # who makes a demand that any installer keeps by itself


def companion_pins(
    choices: tuple[Choice, ...], machine: Machine, matrix: "Matrix", limits: tuple[Pin, ...] = ()
) -> tuple[Pin, ...]:
    """Pins that no metadata has: what the matrix's breaks rule out beside the chosen releases. ``limits``: what the
    request's file demands; those packages are there as well."""
    releases = {choice.distribution: choice.public for choice in choices} | {
        name: version for choice in choices for name, version in choice.brings
    }
    known = [
        one
        for package, release in releases.items()
        for one in breaks_of(matrix, package, release, machine.os, machine.arch)
        if one[0] not in releases
    ]
    if not known:
        return ()
    metadata = [pin for choice in choices for pin in choice.pins]
    drawn = {pin.name for pin in metadata} | {pin.name for pin in limits}
    drawn |= {normal(name) for name, version in (machine.packages or {}).items() if version is not False}
    return tuple(
        pin
        for other, outside, pin in known
        if other in drawn and not _implied(outside, tuple([one.range for one in metadata if one.name == other]))
    )


def python_pins(limits: tuple[Pin, ...], machine: Machine, matrix: "Matrix") -> tuple[Pin, ...]:
    """What the Python leaves of the packages that a file makes demands of: each line of it takes NumPy up to one."""
    line = versions.major_minor(machine.python) if machine.python else None
    rows = ((name, matrix.traits.row(name, "takes-python", line)) for name in {pin.name for pin in limits} if line)
    return tuple(Pin(name, row["range"], f"{PYTHON}{line}", str(matrix.source(row))) for name, row in rows if row)


@lru_cache(maxsize=4096)
def breaks_of(
    matrix: "Matrix", package: str, release: str, system: str | None, arch: str | None
) -> tuple[tuple[str, str, Pin], ...]:
    """(other package, range that does not break, as a pin) of each known break of a release."""
    found = []
    for row in _breaks(matrix).get(package, ()):
        if row.get("os") not in (None, system) or row.get("arch") not in (None, arch):
            continue
        outside = complement(row.get("with", "*"))
        if not release or outside is None or versions.parse_range(row["range"]).admits(release) is not True:
            continue
        by = f"{package} {release} ({row['why'].rstrip('.')})"
        soft = row.get("severity", "error") != "error"
        for other in _carrying(matrix, row["other"]):
            found.append((other, outside, Pin(other, outside, by, str(matrix.source(row)), soft=soft)))
    return tuple(found)


def is_known_to_break(matrix: "Matrix", package: str) -> bool:
    """Is any release of it known to break with another package?"""
    return package in _breaks(matrix)


def _carrying(matrix: "Matrix", name: str) -> list[str]:
    """The distribution of this name; of a library, those that carry it."""
    return list(map(normal, matrix.packages.distributions(name))) or [normal(name)]


@lru_cache(maxsize=4)
def _breaks(matrix: "Matrix") -> "dict[str, list[Row]]":
    """Breaks by the package that they are about. What is only a warning makes a pin that gives way."""
    found: dict[str, list[Row]] = {}
    for row in matrix.every("break"):
        if row.get("severity", "error") in ("error", "warning") and row.get("other"):
            found.setdefault(normal(row["package"]), []).append(row)
    return found


def complement(text: str) -> str | None:
    """The range outside of a half-open one: ``<2`` for ``>=2``; None where the outside is not one range."""
    clauses = [clause.strip() for clause in text.split(",")]
    if len(clauses) != 1:
        return None
    for operator, opposite in ((">=", "<"), ("<=", ">"), ("<", ">="), (">", "<=")):
        if clauses[0].startswith(operator):
            return opposite + clauses[0][len(operator) :].strip()
    return None


@lru_cache(maxsize=4096)
def _implied(bound: str, ranges: tuple[str, ...]) -> bool:
    """Do the ranges of the metadata keep to the bound by themselves?"""
    operator = bound[:2] if bound[1] == "=" else bound[0]
    limit = versions.parse(bound[len(operator) :])
    for text in ranges:
        for own, version, whole_line in versions.parse_range(text).clauses:
            if operator[0] == "<":
                line = own == "~=" or (own == "==" and whole_line)
                end = _line_after(version, own) if line else version
                if own in ("<", "<=", "==", "~=") and (end < limit or ((line or own == "<") and end <= limit)):
                    return True
            if operator[0] == ">" and own in (">", ">=", "==", "~=") and version >= limit:
                return True
    return False


def _line_after(version: versions.Version, operator: str) -> versions.Version:
    """Where the line ends that ``~=9.0`` or ``==9.*`` names."""
    line = version.release[:-1] if operator == "~=" else version.release
    return versions.parse(".".join(str(number) for number in (*line[:-1], line[-1] + 1)))
