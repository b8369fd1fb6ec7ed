"""torchvision and torchaudio: compiled against one torch, published beside it on both indexes in the same variants."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.matrix.packages import same_cuda
from compat.names import OF_TORCH
from compat.plan.model import Choice, Pin
from compat.plan.offers import jetson
from compat.plan.offers.places import ARCHIVE, pytorch_folder
from compat.plan.offers.published import JETSON, indexes_of, pins, rows
from compat.plan.offers.source import SOURCE
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def of(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> Iterator[Choice]:
    """Each release as it is on the public index, and in the variants that PyTorch's index has of its torch; on a Jetson
    the wheels made for its JetPack."""
    if machine.is_jetson:
        yield from _of_jetson(component, machine, matrix, wanted)
    if indexes_of(machine, matrix) == JETSON:
        return
    for row in (*rows(matrix, component, machine, wanted), *_withdrawn(component, machine, matrix, wanted)):
        if row["index"] != "pypi" or "requires" not in row:
            continue
        label = f"{component} {row['version']}"
        found = pins(matrix, row["requires"], machine, label, str(matrix.source(row, "requires")))
        plain = Choice(
            component, component, row["version"], build=Build(cuda=row.get("cuda"), source="pypi"), pins=found, row=row
        )
        if "yanked" in row:
            plain = replace(plain, tested=False, default=False)
        if "+" not in _torch(row, matrix):  # else the public index has no torch that it takes
            yield plain
        own = tuple(replace(pin, range=pin.range.partition("+")[0]) if pin.name == "torch" else pin for pin in found)
        for variant, folder, cuda in _variants(row, machine, matrix):
            yield replace(
                plain,
                pins=own,
                version=f"{row['version']}+{variant}",
                index="pytorch",
                variant=folder,
                build=Build(cuda=cuda, source="pytorch"),
                default=False,
            )


def _withdrawn(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> "Iterator[Row]":
    """Releases that were withdrawn, of pure Python: the only ones for torch 1.0. They are asked for by their number."""
    allowed = versions.parse_range(wanted)
    known = {row["version"] for row in rows(matrix, component, machine, wanted)}
    for version, builds in matrix.packages.builds(component).items():
        withdrawn = all("yanked" in row and row["os"] == "any" for row in builds)
        if withdrawn and allowed.admits(version) and version not in known:
            yield from rows(matrix, component, machine, f"=={version}")


def _of_jetson(component: str, machine: Machine, matrix: "Matrix", wanted: str) -> Iterator[Choice]:
    """Wheels for the JetPack. What they say of torch was not read: they go with the line of torch that the same release
    of the public index is made for."""
    for row in rows(matrix, component, machine, wanted):
        if row["index"] not in JETSON:
            continue
        public = matrix.packages.builds(component).get(versions.parse(row["version"]).base, ())
        torch = next((spec for one in public if (spec := _torch(one, matrix)).startswith("==")), "*")
        line = "*" if torch == "*" else f"=={versions.major_minor(torch[2:])}.*"
        for found in jetson.choice(row, component, machine, matrix):
            yield replace(found, pins=(Pin("torch", line, found.label, str(matrix.source(row))),))


def _variants(row: "Row", machine: Machine, matrix: "Matrix") -> Iterator[tuple[str, str, str]]:
    """(variant, folder of PyTorch's index, CUDA) of the torch that a release goes with; of one that names no torch
    (torchaudio 2.11) its own there."""
    wanted = _torch(row, matrix).partition("+")[0]
    if wanted == "*":
        published = list(rows(matrix, row["package"], machine, f"=={row['version']}"))
    elif wanted.startswith("=="):
        published = list(rows(matrix, "torch", machine, wanted))
    else:
        return
    for one in published:
        if one["index"] == "pytorch" and one.get("cuda") and versions.try_parse(one["cuda"]):
            yield one["variant"], pytorch_folder(one, matrix), one["cuda"]


def _torch(row: "Row", matrix: "Matrix") -> str:
    """The torch that a release demands."""
    return next((spec for name, spec, _ in matrix.packages.pins(row) if name == "torch"), "*")


@lru_cache(maxsize=256)
def first_tied(distribution: str, matrix: "Matrix") -> str | None:
    """The first release that demands one very torch, of a package whose newest release demands one as well: what came
    before says of no torch that it goes with it (torchtext before 0.8.1). None where there is none."""
    demands = [
        (version, {_torch(row, matrix) for row in matrix.packages.builds(distribution)[version] if "requires" in row})
        for version in matrix.packages.versions(distribution)
    ]
    if not demands or "*" in demands[-1][1]:
        return None
    return next((version for version, said in demands[1:] if any(one.startswith("==") for one in said)), None)


def fits(torch: Choice, companion: Choice) -> bool:
    """Are both of one index and variant? What is installed with an unknown one may be."""
    beside = companion.index == "pytorch" and torch.installed and companion.component not in OF_TORCH
    if (companion.index == ARCHIVE or beside) and not companion.installed:
        # Its name has the CUDA of the torch that it is compiled against, an installed one's build may not be known.
        cuda = torch.build.cuda or versions.cuda_of_tag(torch.version.partition("+")[2])
        if cuda is None and beside:
            return False  # of an unknown variant: most likely the public index's, as is the other's without one
        return None in (cuda, companion.build.cuda) or same_cuda(cuda, companion.build.cuda) is True
    if companion.index == SOURCE:  # for whatever torch is there, by nvcc of its CUDA
        return not torch.build.cuda or versions.at_least(torch.build.cuda, companion.row["cuda"]) is True
    if torch.installed or companion.installed:
        return torch.installed and companion.installed
    if torch.index in JETSON and companion.index in JETSON:
        return True  # the line that the companion pins decides
    return (torch.index, torch.variant) == (companion.index, companion.variant)
