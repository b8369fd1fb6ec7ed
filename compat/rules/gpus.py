"""The GPUs that a goal uses, each with what the matrix says of it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from compat.capability import Capability
from compat.matrix.gpus import read_capability
from compat.records import dataclass, replace
from compat.rules.base import Evidence, Finding, Untold

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.base import Outcome
    from compat.rules.platform import Platform


@dataclass(frozen=True)
class GpuFact:
    """A GPU with what the matrix says of it."""

    path: str  # gpus[0]
    name: str
    capability: Capability | None
    row: "Row | None"
    evidence: tuple[Evidence, ...]
    chips: "tuple[GpuFact, ...]" = ()  # where its name stands for chips of several capabilities: each as a GPU

    @property
    def kind(self) -> str | None:
        """Its class: datacenter, workstation, geforce, jetson ..."""
        return self.row["class"] if self.row else None


def each_chip(gpu: GpuFact, judge: "Callable[[GpuFact], Outcome | None]") -> "Iterator[Outcome]":
    """What a rule says of a GPU. Of a name that several chips have (GT 730) it is said if each of them gives the same.

    Such a GPU has no capability of its own, so that ``judge`` answers with what is missing.
    """
    told = [judge(chip) for chip in gpu.chips]
    agreed = told and not isinstance(told[0], Untold) and len({type(one) for one in told}) == 1
    outcome = told[0] if agreed else judge(gpu)
    if isinstance(outcome, Finding) and agreed:
        facts = (fact for one in told if isinstance(one, Finding) for fact in one.evidence)
        outcome = replace(outcome, evidence=tuple(dict.fromkeys((*outcome.evidence, *facts))))
    if outcome is not None:
        yield outcome


def gpus(case: "Platform") -> tuple[GpuFact, ...]:
    """NVIDIA's that are described and selected, or the module of a Jetson where nothing is said of its GPU."""
    others = of_other_makers(case)
    found = tuple(
        _known(case, f"gpus[{index}]", gpu.name, gpu.compute_capability, gpu.pci_id)
        for index, gpu in enumerate(case.machine.gpus or ())
        if index not in others
    )
    module = case.machine.jetson.module
    if module is not None and not any(gpu.evidence for gpu in found):  # none, or of which nothing is said
        return (_known(case, "jetson.module", f"Jetson {module}", None, None),)
    if len(found) > 1:
        from compat.rules.selection import selected

        return selected(case, found)
    return found


def of_other_makers(case: "Platform") -> "dict[int, tuple[Evidence, ...]]":
    """What is listed and runs no CUDA, by its place, with what tells so: AMD's, Intel's ... One of which a compute
    capability is stated is NVIDIA's, however it is called."""
    found: dict[int, tuple[Evidence, ...]] = {}
    for index, gpu in enumerate(case.machine.gpus or ()):
        maker = case.matrix.gpus.other_maker(gpu.name, gpu.pci_id) if gpu.compute_capability is None else None
        if maker is not None:
            field, value = ("name", gpu.name) if gpu.pci_id is None else ("pci_id", gpu.pci_id)
            told = case.read(f"gpus[{index}].{field}", value)
            found[index] = (told, case.cite(f"{value} is a device of {maker['name']}", maker))
    return found


def _known(case: "Platform", path: str, name: str | None, stated: str | None, pci_id: str | None) -> GpuFact:
    """The GPU by its row of the matrix; a compute capability that the machine states counts before the row's."""
    row = case.matrix.gpus.find(name, pci_id)
    evidence = []
    if path == "jetson.module":
        evidence.append(case.read(path, case.machine.jetson.module))
    elif name:
        evidence.append(case.read(f"{path}.name", name))
    elif row is not None:
        evidence.append(case.read(f"{path}.pci_id", pci_id))
    capability = read_capability(stated)
    if capability is not None:
        evidence.append(case.read(f"{path}.compute_capability", stated))
    elif row is not None:
        capability = read_capability(row["capability"])
        evidence.append(case.cite(f"{row['name']} has compute capability {row['capability']}", row, "capability"))
    known = GpuFact(path, name or (row["name"] if row else path), capability, row, tuple(evidence))
    chips = case.matrix.gpus.chips(name) if capability is None else []
    return replace(known, chips=tuple(_chip(case, known, chips, chip) for chip in chips)) if chips else known


def _chip(case: "Platform", gpu: GpuFact, chips: "list[Row]", row: "Row") -> GpuFact:
    """The GPU, if it is this chip of those that its name stands for."""
    every = ", ".join(f"{chip['name']}: {chip['capability']}" for chip in chips)
    evidence = (*gpu.evidence, case.cite(f"{gpu.name} is one of several chips ({every})", row, "capability"))
    return replace(gpu, capability=read_capability(row["capability"]), row=row, evidence=evidence)
