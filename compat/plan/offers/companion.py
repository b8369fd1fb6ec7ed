"""torchvision and torchaudio: compiled against one torch, published beside it on both indexes in the same variants."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice
from compat.plan.published import pins, rows
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def of(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> Iterator[Choice]:
    """Each release as it is on the public index, and in the variants that PyTorch's index has of its torch."""
    for row in rows(matrix, component, machine, wanted):
        if row["index"] != "pypi" or "requires" not in row:
            continue
        label = f"{component} {row['version']}"
        found = pins(matrix, row["requires"], machine, label, str(matrix.source(row, "requires")))
        plain = Choice(
            component, component, row["version"], build=Build(cuda=row.get("cuda"), source="pypi"), pins=found, row=row
        )
        yield plain
        for variant, cuda in _variants(row, machine, matrix):
            yield replace(
                plain,
                version=f"{row['version']}+{variant}",
                index="pytorch",
                variant=variant,
                build=Build(cuda=cuda, source="pytorch"),
                default=False,
            )


def _variants(row: "Row", machine: Machine, matrix: "Matrix") -> Iterator[tuple[str, str]]:
    """(variant, CUDA) of the torch that a release goes with."""
    wanted = next((spec for name, spec, _ in matrix.packages.pins(row) if name == "torch"), "*")
    if not wanted.startswith("=="):
        return
    for torch in rows(matrix, "torch", machine, wanted):
        if torch["index"] == "pytorch" and torch.get("cuda") and versions.try_parse(torch["cuda"]):
            yield torch["variant"], torch["cuda"]


def fits(torch: Choice, companion: Choice) -> bool:
    """Are both of one index and variant? What is installed with an unknown one may be."""
    if torch.installed or companion.installed:
        return torch.installed and companion.installed
    return (torch.index, torch.variant) == (companion.index, companion.variant)
