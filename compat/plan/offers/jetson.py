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
    if machine.jetson.jetpack is None and machine.jetson.l4t is None:
        return None
    return next(iter(jetpacks(machine, matrix)), None)


def jetpacks(machine: Machine, matrix: "Matrix") -> "list[Row]":
    """The JetPacks that the machine may have: by its JetPack, its L4T release, else those of its module."""
    rows = matrix.rows("jetpack", "jetpack")
    jetson = machine.jetson
    if jetson.jetpack is not None:
        return [row for row in rows if _covers(jetson.jetpack, row["jetpack"])]
    if jetson.l4t is not None:
        l4t = versions.parse(jetson.l4t)
        line = [row for row in rows if versions.parse(row["l4t"]).major == l4t.major]
        older = [row for row in line if versions.parse(row["l4t"]) <= l4t or _covers(jetson.l4t, row["l4t"])]
        return older[-1:]
    return [row for row in rows if jetson.module is None or jetson.module in row["modules"]]


def takes_servers(machine: Machine, matrix: "Matrix") -> bool:
    """Is it a Jetson whose CUDA is the one of Arm servers (JetPack 7), so that their wheels and images run on it?"""
    found = jetpacks(machine, matrix) if machine.is_jetson else []
    return bool(found) and all(row.get("sbsa") for row in found)


def _covers(one: str, other: str) -> bool:
    return versions.parse(one).covers(versions.parse(other))


def choice(row: "Row", component: str, machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    """A Jetson wheel as a choice, where it is made for a JetPack that the machine may have."""
    stated = [machine.jetson.jetpack] if machine.jetson.jetpack else []
    known = [one["jetpack"] for one in jetpacks(machine, matrix)] or stated
    if known and "jetpack" in row:
        wanted = versions.parse_range(row["jetpack"])
        if all(wanted.admits(one) is False for one in known):
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
        # For JetPack 5 NVIDIA hands out its own wheels; the index of the lab is NVIDIA's answer from 6 on. What has to
        # be downloaded by hand comes after what an installer gets.
        tested=row["variant"] != "box" and not row["variant"].startswith("jp5"),
        default=False,
    )
