"""What can be taken of a published build: as a Jetson has it, without a GPU, or with CUDA in each way that it comes."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from compat.machine import Machine
from compat.plan.model import Choice
from compat.plan.offers import jetson
from compat.plan.offers.published import JETSON
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

Plain = Callable[["Row", Machine, "Matrix"], Choice]
Ways = Callable[["Row", Machine, "Matrix"], Iterator[Choice]]


def choices(
    row: "Row", component: str, machine: Machine, matrix: "Matrix", gpu: bool, plain: Plain, ways: Ways
) -> Iterator[Choice]:
    """``plain``: the build alone; ``ways``: it with CUDA from its extra, from packages, or from the machine."""
    if row["index"] in JETSON:
        yield from jetson.choice(row, component, machine, matrix)
    elif not gpu:
        yield plain(row, machine, matrix)
    elif row.get("cuda"):
        yield from ways(row, machine, matrix)
    else:
        yield replace(plain(row, machine, matrix), tested=False, default=False)  # for the rule that says why not
