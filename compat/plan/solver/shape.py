"""What a build shares with others, in a form that tells at once whether two can be together.

Most pairs of builds go together, and a joint search asks of tens of thousands. So for each package that a build pins
the releases that it admits are one number, a bit for each known release: where two numbers have a bit in common, there
is a release for both. Only for the packages that this does not settle the pins are held against each other (pins.py).
What is demanded of one package is written alike by many builds: it is numbered, and two demands are held against each
other once, whichever builds make them.
"""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.matrix.packages import normal
from compat.plan.model import Choice, Pin
from compat.plan.offers.parts import known_releases
from compat.plan.offers.published import serves_gpus
from compat.plan.solver.companions import breaks_of
from compat.plan.solver.pins import admitted, least
from compat.records import dataclass

if TYPE_CHECKING:
    from compat.matrix import Matrix


@dataclass(frozen=True)
class Shape:
    """``admits``: package -> bits of its releases, None where they are not known. ``breaks``: packages that a known
    break of this release is about. ``demands``: of each of both what is demanded, in a form that can be compared."""

    names: frozenset[str]  # distributions that the choice decides about
    releases: frozenset[str]  # those of them that are there with it
    admits: dict[str, int | None]
    files: dict[str, str]  # those that another CUDA major's parts would overwrite -> the distribution
    breaks: frozenset[str]
    demands: Mapping[str, Hashable]


def shape(choice: Choice, names: tuple[str, ...], here: frozenset[str], machine: Machine, matrix: "Matrix") -> Shape:
    """The shape of a build on a machine; ``names`` are the distributions that it decides about. ``here``: packages that
    are there, or that the request's file makes a demand of: other pins count as well."""
    ranges: dict[str, list[str]] = {}
    unread = {pin.name for pin in choice.pins if pin.unread}
    for pin in choice.pins:
        ranges.setdefault(pin.name, []).append(pin.range)
    admits = {
        name: None if name in unread or name in here else _bits(matrix, name, tuple(sorted(set(texts))), machine)
        for name, texts in ranges.items()
    }
    there = {normal(name): version for name, version in (machine.packages or {}).items() if version}
    files = {
        row["file"]: name
        for name, texts in ranges.items()
        if "-cu" in name
        for row in matrix.libraries.written(name, there.get(name) if texts[0] == "*" else least(texts[0]))
    }
    own = {choice.distribution: choice.public, **dict(choice.brings)}
    broken: dict[str, list[Pin]] = {}
    for name, release in own.items():
        for other, _, pin in breaks_of(matrix, name, release, machine.os, machine.arch):
            broken.setdefault(other, []).append(pin)
    demands = {
        name: (name, _texts([pin for pin in choice.pins if pin.name == name]), _texts(broken.get(name, [])))
        for name in (*ranges, *broken)
    }
    return Shape(frozenset(names), frozenset(own), admits, files, frozenset(broken), demands)


def _texts(pins: list[Pin]) -> Hashable:
    """What pins demand, and which of them are made by one."""
    makers = list(dict.fromkeys(pin.by for pin in pins))
    return tuple((pin.range, pin.unread, pin.soft, makers.index(pin.by)) for pin in pins)


def _bits(matrix: "Matrix", name: str, ranges: tuple[str, ...], machine: Machine) -> int | None:
    if not known_releases(matrix, name):
        return None
    number = {version: index for index, version in enumerate(known_releases(matrix, name))}
    bits = 0
    for version in admitted(matrix, name, ranges):
        if serves_gpus(matrix, name, version, machine):
            bits |= 1 << number[version]
    return bits


def suspects(one: Shape, other: Shape, here: frozenset[str]) -> tuple[frozenset[str], bool]:
    """Packages that may keep the two apart, all others surely do not; and whether known breaks have a say. ``here``:
    packages that are there or demanded."""
    found = {
        name for name in one.admits.keys() & other.admits.keys() if not _meet(one.admits[name], other.admits[name])
    }
    for file, name in one.files.items():
        if other.files.get(file, name) != name:
            found |= {name, other.files[file]}
    if not one.names.isdisjoint(other.admits) or not other.names.isdisjoint(one.admits):
        found |= one.names | other.names
    broken = one.breaks | other.breaks
    drawn = bool(broken) and not broken.isdisjoint(one.admits.keys() | other.admits.keys() | here)
    return frozenset(found), drawn


def _meet(mine: int | None, its: int | None) -> bool:
    return mine is not None and its is not None and bool(mine & its)
