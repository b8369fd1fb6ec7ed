"""What a transaction of apt does to the machine: driver halves that part, libraries that installed frameworks lose."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compat.goals import parse
from compat.guard.apt.protocol import Change
from compat.guard.apt.system import MODULE, USER, as_packaged, libraries, release, sonames
from compat.guard.library import sonames_of
from compat.guard.verdict import Harm, Standing, harms
from compat.machine import Machine
from compat.records import replace
from compat.rules.base import Evidence, Finding, Remedy

if TYPE_CHECKING:
    from compat.guard.apt.system import Table
    from compat.matrix import Matrix


def judge(machine: Machine, table: "Table", changes: Sequence[Change], matrix: "Matrix") -> tuple[Harm, ...]:
    """Harm that the changes do to this machine. ``table`` is what dpkg has installed now."""
    then = {name: version for name, version in table.items() if name not in {one.name for one in changes}}
    then |= {one.name: one.new for one in changes if one.new is not None}
    managed = frozenset(one.name for one in (*libraries(table, matrix), *libraries(then, matrix)))
    before, after = (as_packaged(machine, packages, managed, matrix) for packages in (table, then))
    after = _with_lost(after, sonames(table, matrix) - sonames(then, matrix), matrix)
    split = _split(table, then)
    found = [one for one in harms(Standing(before, matrix), after) if one.blocks]
    known = any(finding.rule == "driver-library-mismatch" for one in found for finding in one.findings)
    return tuple(found) if split is None or known else (split, *found)


def _with_lost(machine: Machine, lost: frozenset[str], matrix: "Matrix") -> Machine:
    """Sonames that go with a package are missing, unless the environment or another copy has them."""
    own = {
        soname
        for name, version in (machine.packages or {}).items()
        if version
        for soname in sonames_of(matrix, name, version)
    }
    carried = {one.name for one in machine.libraries or () if one.origin != "system"}
    gone = {soname for soname in lost - own if _library(soname, matrix) not in carried}
    return replace(machine, missing_libraries=tuple(sorted({*(machine.missing_libraries or ()), *gone})))


def _library(soname: str, matrix: "Matrix") -> str:
    row = matrix.libraries.of_soname(soname)
    return "" if row is None else {"nvinfer": "tensorrt"}.get(row["library"], row["library"].lower())


def _split(table: "Table", then: "Table") -> Harm | None:
    """The halves of the driver, by their packages alone: true on machines without a GPU (an image being built) too."""
    user, module = release(then, USER), release(then, MODULE)
    was_user, was_module = release(table, USER), release(table, MODULE)
    if was_user is None or was_module is None or was_user != was_module or user is None or user == module:
        return None
    text = (
        f"the transaction leaves user-mode driver {user} with kernel module {module}"
        if module
        else f"the transaction removes the kernel module and leaves user-mode driver {user}"
    )
    found = Finding(
        "driver-library-mismatch",
        "driver",
        f"{text}: both must be of one release.",
        (
            Evidence(f"driver packages are of {was_user} now", "dpkg"),
            Evidence(f"then {user} and {module or 'none'}", "apt"),
        ),
        (
            Remedy("move both halves in one transaction: name the kernel module's package too", "driver"),
            Remedy("hold the driver: apt-mark hold on its packages", "system"),
        ),
    )
    return Harm(parse("use:gpu"), "broken", (found,))
