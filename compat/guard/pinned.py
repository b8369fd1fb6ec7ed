"""What a change does to packages that stay: takes away what they require, or back behind what they are linked with.

A library serves what was built with an older one of its major, and need not serve what was built with a newer one: a
function that came since is an undefined symbol. The metadata pins what it was built with. cuDNN, NCCL and TensorRT are
left to the rules, which know what is asked of them; so are the releases of what a package opens itself (of its extras).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.markers import applies
from compat.matrix.packages import normal, requirement
from compat.probe.layers.loads import COMPONENTS
from compat.rules.base import Evidence, Finding, Remedy
from compat.rules.candidates import find

if TYPE_CHECKING:
    from compat.machine import Machine
    from compat.matrix import Matrix, Row

_KNOWN_BY_RULES = ("cudnn", "tensorrt", "nccl")
_LINKED = ("nvidia-", "triton")
_PARTS = ("nvidia-", "jax-cuda")
_LEAST = ("==", "===", ">=", "~=")


class Stays:
    """A package that a change leaves as it is, by the builds that it can be."""

    def __init__(self, name: str, after: "Machine", matrix: "Matrix") -> None:
        self.name, self.matrix, self.after = name, matrix, after
        self.version = str((after.packages or {})[name])
        self.component = COMPONENTS.get(name) or matrix.packages.component(name)
        rows: tuple[Row, ...] = ()
        if COMPONENTS.get(name) is not None:
            rows = tuple(matrix.builds(name).get(self.version, ()))
        elif self.component is not None:
            rows = find(after, self.component, matrix).candidates
        self.rows = tuple(row for row in rows if row.get("requires"))
        self.extras = bool(rows) and rows[0].get("extras", {})

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    def asks(self, name: str) -> "list[tuple[str, Row]]":
        """(range, row) of each build that requires a package here."""
        return [
            (spec, row)
            for row in self.rows
            for asked, spec, marker in map(requirement, row["requires"])
            if asked == name and applies(marker, self.after)
        ]

    def requires(self, name: str) -> bool:
        """Does every build that it can be require it, or an extra that brings its half for the GPU?"""
        asking = self.asks(name)
        if asking and len({id(row) for _, row in asking}) == len(self.rows):
            return True
        lines = [line for asked in (self.extras or {}).values() for line in asked]
        return name.startswith("jax-cuda") and any(requirement(line)[0] == name for line in lines)

    def least(self, name: str) -> "tuple[str, Row] | None":
        """The oldest release that some build of it is made with, and the row that says so."""
        found = [
            (clause.lstrip("=~>").strip(), row)
            for spec, row in self.asks(name)
            for clause in spec.split(",")
            if clause.startswith(_LEAST) and versions.try_parse(clause.lstrip("=~>").strip())
        ]
        return min(found, key=lambda one: versions.parse(one[0]).key(), default=None)


def harmed(before: "Machine", after: "Machine", matrix: "Matrix") -> Iterator[tuple[str, Finding]]:
    """(component, finding) of each package that stays and loses what it needs."""
    was, now = _packages(before), _packages(after)
    gone = [name for name in was.keys() - now.keys() if matrix.packages.component(name) or name.startswith(_PARTS)]
    moved = [name for name in was.keys() & now.keys() if was[name] != now[name] and _linked(name)]
    if not gone and not moved:
        return
    for name in (one for one, version in now.items() if was.get(one) == version):
        stays = Stays(name, after, matrix)
        if stays.component is None:
            continue
        yield from ((stays.component, _lost(stays, one)) for one in sorted(gone) if stays.requires(one))
        for one in sorted(moved):
            least = stays.least(one)
            if least is not None and _below(now[one], least[0]) and not _below(was[one], least[0]):
                yield stays.component, _older(stays, one, now[one], *least)


def _packages(machine: "Machine") -> dict[str, str]:
    return {normal(name): str(version) for name, version in (machine.packages or {}).items() if version}


def _linked(name: str) -> bool:
    return name.startswith(_LINKED) and not any(word in name for word in _KNOWN_BY_RULES)


def _below(have: str, least: str) -> bool:
    return versions.try_parse(have) is not None and versions.at_least(have, least) is False


def _lost(stays: Stays, name: str) -> Finding:
    return Finding(
        "package-missing",
        name,
        f"{stays.label} requires {name}, which would be gone.",
        (Evidence(f"{stays.label} requires {name}", _source(stays)),),
        (Remedy(f"keep {name}, or remove {stays.name} with it"),),
    )


def _source(stays: Stays) -> str:
    rows = stays.rows or stays.matrix.builds(stays.name).get(stays.version, ())
    return str(stays.matrix.source(rows[0], "requires"))


def _older(stays: Stays, name: str, have: str, least: str, row: "Row") -> Finding:
    return Finding(
        "package-versions-mismatch",
        name,
        f"{stays.label} is linked with {name} {least} or newer; {have} is older and need not have all that it calls.",
        (Evidence(f"{stays.label}: {name} {least}", str(stays.matrix.source(row, "requires"))),),
        (Remedy(f"keep {name} at {least} or newer"),),
    )
