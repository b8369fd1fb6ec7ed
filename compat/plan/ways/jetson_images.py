"""NVIDIA's images for a Jetson (l4t-pytorch, from JetPack 6 on the -igpu ones): chosen by the Jetson Linux that is
there, as a container there shares it.

Which Jetson Linux runs which image: R32 those of its own second number (32.7.x runs 32.7.1's), R35 from JetPack 5.1 on
all others of R35 (jetson-inference, docker/tag.sh; jetson-containers, packages' READMEs; read 2026-11-22). A container
is started with ``--runtime nvidia`` there (the same READMEs).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.check import check
from compat.goals import Goal, parse
from compat.machine import Build, Container, Machine
from compat.plan.asking.request import COMPANION
from compat.plan.commands import container as commands
from compat.plan.model import Reason, Request, Step
from compat.plan.offers.jetson import jetpacks
from compat.plan.solver.scene import Scene, emptied
from compat.plan.ways.images import admits, left
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

START = parse("start:container")
IMAGES = {"l4t-pytorch": "torch", "pytorch": "torch", "tensorflow": "tensorflow"}
"""What the images of NVIDIA's registry that there are for a Jetson too are named for."""


def jetson_images(
    machine: Machine, requests: tuple[Request, ...], goals: tuple[Goal, ...], matrix: "Matrix"
) -> Iterator[Scene]:
    """The Jetson inside each image that has what is asked for, the newest first."""
    requests = tuple(one for one in requests if one.where != COMPANION)
    if not machine.is_jetson or len(requests) != 1:
        return
    rows = [row for row in matrix.rows("container", "container") if row["image"] in IMAGES and "l4t" in row]
    for row in sorted(rows, key=lambda one: (versions.parse(one["l4t"]).key(), one["tag"]), reverse=True):
        component, release = IMAGES[row["image"]], row["framework"]
        fits = component == requests[0].component and admits(requests[0].text, release)
        if fits and _runs(row["l4t"], _linux(machine, matrix), matrix):
            there = inside(machine, row, matrix)
            if all(check(there, goal, matrix).verdict == "compatible" for goal in (START, *goals)):
                step = _step(machine, row, matrix)
                yield Scene(there, (step,), ("container",), step.after)


def _linux(machine: Machine, matrix: "Matrix") -> str | None:
    """The Jetson Linux that is there, by its number or by that of the JetPack."""
    known = jetpacks(machine, matrix)
    own = next((row["l4t"] for row in known if row["jetpack"] == machine.jetson.jetpack), None)
    return machine.jetson.l4t or own or (str(known[0]["l4t"]) if len(known) == 1 else None)


def _runs(image: str, here: str | None, matrix: "Matrix") -> bool:
    """Does this Jetson Linux run an image that is made for that one?"""
    if here is None:
        return False
    mine, its = versions.parse(here), versions.parse(image)
    if mine.major == its.major and matrix.traits.holds("container", "l4t-any-minor", image):
        return matrix.traits.holds("container", "l4t-any-minor", here) is True
    return (mine.major, mine.minor) == (its.major, its.minor) and versions.at_least(here, image) is True


def _reference(row: "Row") -> str:
    return commands.reference(row["image"], row["tag"])


def inside(machine: Machine, row: "Row", matrix: "Matrix") -> Machine:
    """The Jetson as a container of the image sees it. Of an image that is not known to run on the Jetson Linux that is
    there, no release of what it is named for is told."""
    own = next((one for one in jetpacks(machine, matrix) if "cuda" in one), {})
    name = IMAGES[row["image"]]
    runs = _runs(row["l4t"], _linux(machine, matrix), matrix)
    return replace(
        emptied(machine),
        environment=(*(one for one in machine.environment or ("jetson",) if one != "docker"), "docker"),
        packages={name: row["framework"] if runs else None},
        builds={name: Build(cuda=own.get("cuda") if runs else None, source="ngc")},
        container=Container(_reference(row), True, True, "compute,utility", None),
        python=row.get("python"),
        variables=None,
        request=None,
    )


def _step(machine: Machine, row: "Row", matrix: "Matrix") -> Step:
    component = IMAGES[row["image"]]
    said = f"The image brings {component} {row['framework']} for L4T {row['l4t']}, and runs on the one that is there."
    why = (Reason("jetson-build-mismatch", said, str(matrix.source(row))), *left(machine))
    return Step("container", "container", None, _reference(row), why, commands.run_on_jetson(_reference(row)))
