"""Files and extras that are several ways to the same: which of them count beside those that stand before them."""

import os
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from compat import versions
from compat.machine import Machine
from compat.markers import applies
from compat.matrix.packages import fits_platform
from compat.plan.asking.request import build_of_range, without_build
from compat.plan.offers.published import INSTALLABLE

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_MOST_ROWS = 64  # builds of a demand whose pins are looked into; a wider one leaves room enough


class Asked(Protocol):
    """A requirement as the readers answer it."""

    @property
    def name(self) -> str: ...
    @property
    def range(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def marker(self) -> str: ...
    @property
    def url(self) -> str | None: ...
    @property
    def indexes(self) -> tuple[str, ...] | None: ...
    @property
    def conda(self) -> bool: ...
    @property
    def group(self) -> str: ...


def other_ways(
    planned: list[tuple[Asked, str]], loose: frozenset[str], machine: Machine, matrix: "Matrix"
) -> dict[tuple[str, str], str]:
    """Of the files that nobody named, and of extras, those that contradict what stands before them, and where that is.
    Such a way is left out as a whole: what it says of other packages belongs to it."""
    ways: dict[tuple[str, str], list[tuple[Asked, str]]] = {}
    for one, component in planned:
        ways.setdefault(way_of(one), []).append((one, component))
    taken: dict[str, list[Asked]] = {}
    opposed: dict[tuple[str, str], str] = {}
    for (path, group), lines in ways.items():
        against = None
        if group or path in loose:
            found = (_against(one, name, taken, machine, matrix) for one, name in lines)
            against = next((other for other in found if other is not None), None)
        if against is not None:
            opposed[path, group] = against.path if against.path != path else against.group or against.where
            continue
        for one, name in lines:
            taken.setdefault(name, []).append(one)
    return opposed


def way_of(one: Asked) -> tuple[str, str]:
    """What is taken or left out together: a file, or an extra, a group or a block of it."""
    return one.path, one.group


def set_up_by(path: str, lines: Sequence[Asked], firm: Collection[str], matrix: "Matrix") -> frozenset[tuple[str, str]]:
    """How a README sets up a checkout: its blocks up to the one that installs one of the ``firm`` files (``pip install
    torch==2.0.1``, then ``-r requirements.txt``), as far as they are about nothing that those files name."""
    drawn = [number for number, one in enumerate(lines) if os.path.normpath(one.path) in firm]
    if not drawn or os.path.normpath(path) in firm:
        return frozenset()
    named = {matrix.packages.component(lines[number].name) for number in drawn} - {None}
    ways = dict.fromkeys(way_of(one) for one in lines[: drawn[-1]] if one.path == path and one.group)
    return frozenset(
        way
        for way in ways
        if named.isdisjoint(matrix.packages.component(one.name) for one in lines if way_of(one) == way)
    )


def _against(
    one: Asked, component: str, taken: dict[str, list[Asked]], machine: Machine, matrix: "Matrix"
) -> Asked | None:
    """What stands before a line and contradicts it: a demand for the same, or one whose builds pin it otherwise."""
    mine = taken.get(component, [])
    if not _agree(component, mine, one, matrix):
        return mine[-1]
    others = ((name, line) for name, lines in taken.items() for line in lines if name != component)
    for name, line in others:
        apart = way_of(line) != way_of(one) and (
            _draw_apart((component, one), (name, line), machine, matrix)
            or _draw_apart((name, line), (component, one), machine, matrix)
        )
        if apart:
            return line
    return None


def _agree(component: str, mine: list[Asked], other: Asked, matrix: "Matrix") -> bool:
    """Is there a release that all the demands admit, or none that those before admit by themselves?"""
    builds = {tag for one in (*mine, other) if (tag := build_of(one)) is not None}
    before = [final_of(component, one.range, matrix) for one in mine if way_of(one) != way_of(other)]
    if not before or len(builds) > 1:
        return not before
    return _known_inside(component, (*before, final_of(component, other.range, matrix)), matrix) or not _known_inside(
        component, tuple(before), matrix
    )


def _draw_apart(one: tuple[str, Asked], other: tuple[str, Asked], machine: Machine, matrix: "Matrix") -> bool:
    """Do all builds that one demand admits pin what the other is about outside it (torch 2.3 and Triton 2.1)?"""
    (component, line), (about, against) = one, other
    rows = _admitted(component, line, machine, matrix)
    return 0 < len(rows) <= _MOST_ROWS and all(_excludes(row, about, against.range, machine, matrix) for row in rows)


def _admitted(component: str, line: Asked, machine: Machine, matrix: "Matrix") -> "list[Row]":
    """Builds for the machine that a demand for one release or line admits; none where it admits more."""
    if not line.range.startswith("=="):
        return []
    return [
        row
        for name in matrix.packages.distributions(component)
        for version, rows in matrix.packages.builds(name).items()
        if _all_admit((line.range,), version)
        for row in rows
        if row["index"] in INSTALLABLE and fits_platform(row, machine.os, machine.arch) and _is_for_gpus(row)
    ]


def _is_for_gpus(row: "Row") -> bool:
    return row.get("cuda") is not False and not row.get("stub")


def _excludes(row: "Row", about: str, wanted: str, machine: Machine, matrix: "Matrix") -> bool:
    """Does a build pin a package so that no known release of it is inside the range?"""
    drawn = {
        name: spec
        for name, spec, marker in matrix.packages.pins(row)
        if matrix.packages.component(name) == about and (not marker or applies(marker, machine, ""))
    }
    return any(
        not any(_all_admit((spec, wanted), version) for version in matrix.packages.versions(name))
        for name, spec in drawn.items()
    )


def _known_inside(component: str, ranges: tuple[str, ...], matrix: "Matrix") -> bool:
    known = {text for name in matrix.packages.distributions(component) for text in matrix.packages.versions(name)}
    return any(_all_admit(ranges, text) for text in known)


def _all_admit(ranges: tuple[str, ...], version: str) -> bool:
    """May the release be inside all ranges? A range that cannot be read is said where the request is made."""
    try:
        return all(versions.parse_range(without_build(text)).admits(version) is not False for text in ranges)
    except versions.BadVersion:
        return True


def final_of(component: str, text: str, matrix: "Matrix") -> str:
    """The range; of a pre-release that the matrix does not know (2.3.0rc0, a nightly build) its release."""
    exact = re.fullmatch(r"={2,3}([^,*]+)", text)
    version = versions.try_parse(exact[1]) if exact else None
    if version is None or not version.is_prerelease:
        return text
    known = {one for name in matrix.packages.distributions(component) for one in matrix.packages.versions(name)}
    local = f"+{version.local}" if version.local else ""
    return text if version.public in known else f"=={version.base}{local}"


def build_of(one: Asked) -> str | None:
    """The build that a demand names: by what stands behind the plus (``+cpu`` is left to the goal), or by PyTorch's
    folder that it comes from."""
    return build_of_range(one.range) or folder_of(one.url or "")


def folder_of(address: str) -> str | None:
    """The folder of PyTorch's index that an address is in: cu118."""
    found = re.search(r"/whl/(?:[a-z]+/)*(cu\d+)\b", address)
    return found[1] if found else None
