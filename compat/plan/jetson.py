"""Builds for a Jetson: made for one JetPack, never the wheels of the public index."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def jetpack_of(machine: Machine, matrix: "Matrix") -> "Row | None":
    """The JetPack row of the machine, by its JetPack or its L4T release."""
    for row in matrix.rows("jetpack", "jetpack"):
        if machine.jetson.jetpack is not None and _covers(machine.jetson.jetpack, row["jetpack"]):
            return row
        if (
            machine.jetson.jetpack is None
            and machine.jetson.l4t is not None
            and _covers(row["l4t"], machine.jetson.l4t)
        ):
            return row
    return None


def _covers(one: str, other: str) -> bool:
    return versions.parse(one).covers(versions.parse(other))


def choice(row: "Row", component: str, machine: Machine) -> Iterator[Choice]:
    """A Jetson wheel as a choice, where it is made for this JetPack."""
    jetpack = machine.jetson.jetpack
    if jetpack is not None and "jetpack" in row and versions.parse_range(row["jetpack"]).admits(jetpack) is False:
        return
    version: str = row["version"]
    if row.get("local"):
        version += f"+{row['local']}"
    build: dict[str, Any] = {name: row[name] for name in ("cuda", "cudnn", "tensorrt") if name in row}
    yield Choice(
        component,
        row["package"],
        version,
        row["index"],
        row["variant"],
        build=Build(**build, source=row["index"]),
        row=row,
        tested=True,
        default=False,
    )
