"""What has to move with a choice although no metadata says so: NumPy, protobuf and the like, by known breaks."""

from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Choice, Pin

if TYPE_CHECKING:
    from compat.matrix import Matrix


def companion_pins(choices: tuple[Choice, ...], machine: Machine, matrix: "Matrix") -> tuple[Pin, ...]:
    """Pins that no metadata has: what the matrix's breaks rule out beside the chosen releases."""
    named = {choice.distribution: choice for choice in choices}
    named |= {name: choice for choice in choices for name, _ in choice.brings}
    releases = {choice.distribution: choice.public for choice in choices} | {
        name: version for choice in choices for name, version in choice.brings
    }
    drawn = {pin.name for choice in choices for pin in choice.pins} | {
        normal(name) for name, version in (machine.packages or {}).items() if version is not False
    }
    found = []
    metadata = [pin for choice in choices for pin in choice.pins]
    for row in matrix.every("break"):
        package, other = normal(row["package"]), normal(row.get("other", ""))
        if package not in named or other not in drawn or other in named or row.get("severity", "error") != "error":
            continue
        if row.get("os") not in (None, machine.os) or row.get("arch") not in (None, machine.arch):
            continue
        if releases[package] and versions.parse_range(row["range"]).admits(releases[package]) is True:
            outside = complement(row.get("with", "*"))
            if outside is not None and not _implied(outside, [pin.range for pin in metadata if pin.name == other]):
                found.append(
                    Pin(
                        other,
                        outside,
                        f"{package} {releases[package]} ({row['why'].rstrip('.')})",
                        str(matrix.source(row)),
                    )
                )
    return tuple(found)


def complement(text: str) -> str | None:
    """The range outside of a half-open one: ``<2`` for ``>=2``; None where the outside is not one range."""
    clauses = [clause.strip() for clause in text.split(",")]
    if len(clauses) != 1:
        return None
    for operator, opposite in ((">=", "<"), ("<=", ">"), ("<", ">="), (">", "<=")):
        if clauses[0].startswith(operator):
            return opposite + clauses[0][len(operator) :].strip()
    return None


def _implied(bound: str, ranges: list[str]) -> bool:
    """Do the ranges of the metadata keep to the bound by themselves?"""
    operator = bound[:2] if bound[1] == "=" else bound[0]
    limit = versions.parse(bound[len(operator) :])
    for text in ranges:
        for own, version, _ in versions.parse_range(text).clauses:
            if (
                operator[0] == "<"
                and own in ("<", "<=", "==", "~=")
                and (version < limit or (own == "<" and version <= limit))
            ):
                return True
            if operator[0] == ">" and own in (">", ">=", "==", "~=") and version >= limit:
                return True
    return False
