"""Which of several GPUs a process may use: what CUDA_VISIBLE_DEVICES leaves of them, where that matters.

A number in it counts the GPUs from the fastest to the slowest by CUDA's own measure, which is published nowhere, or
with CUDA_DEVICE_ORDER=PCI_BUS_ID by their bus addresses, which a description does not have. So of GPUs that differ it
is told which are selected only where all are, or where the probe has worked it out (``gpus[].visible``).
https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#env-vars
"""

from typing import TYPE_CHECKING

from compat.records import replace

if TYPE_CHECKING:
    from compat.rules.base import Evidence
    from compat.rules.gpus import GpuFact
    from compat.rules.platform import Platform

VARIABLE = "CUDA_VISIBLE_DEVICES"


def entries(value: str) -> tuple[str, ...]:
    """The devices that the variable lists, up to the first that it cannot mean."""
    found: list[str] = []
    for entry in (part.strip() for part in value.split(",")):
        if not (entry.isdecimal() or entry.startswith(("GPU-", "MIG-"))) or entry in found:
            break
        found.append(entry)
    return tuple(found)


def selected(case: "Platform", listed: "tuple[GpuFact, ...]") -> "tuple[GpuFact, ...]":
    """The GPUs to judge: those that are used; where it is open which, one that is any of them.

    A GPU that is said to be visible is used, whatever the variable says: it was worked out where the machine is.
    """
    told = {f"gpus[{index}]": gpu.visible for index, gpu in enumerate(case.machine.gpus or ())}
    value = (case.machine.variables or {}).get(VARIABLE)
    alike = len({(gpu.name, gpu.capability) for gpu in listed}) < 2
    some_said = any(visible is not None for visible in told.values())
    none_listed = value is not None and not entries(value)
    if none_listed and (some_said or not alike):  # it hides all but what is seen for sure
        return tuple(gpu for gpu in listed if told[gpu.path])
    seen = tuple(gpu for gpu in listed if told[gpu.path] is not False)
    open_ = () if case.machine.variables is not None else (f"variables.{VARIABLE}",)
    if alike:
        in_doubt = none_listed or len(seen) < len(listed)
        # Where the variable hides all, that nothing is said of any of them is why each is judged.
        fields = (*(f"{gpu.path}.visible" for gpu in seen if none_listed), *open_)
        return tuple(_used(case, gpu, *fields) if in_doubt and told[gpu.path] is None else gpu for gpu in seen)
    unsaid = tuple(gpu for gpu in seen if told[gpu.path] is None)
    if unsaid and value is not None:
        certain = tuple(gpu for gpu in seen if told[gpu.path])
        more = len(entries(value)) - len(certain)
        hidden = tuple(case.read(f"{gpu.path}.visible", False) for gpu in listed if told[gpu.path] is False)
        if more >= len(unsaid):  # there are no more beside those that are hidden
            left = {gpu.path: _because(_used(case, gpu), *hidden) if hidden else gpu for gpu in unsaid}
            return tuple(left.get(gpu.path, gpu) for gpu in seen)
        return certain if certain and more <= 0 else (*certain, _because(_one_of(case, unsaid, value), *hidden))
    return tuple(gpu if told[gpu.path] else _used(case, gpu, *open_) for gpu in seen)


def _used(case: "Platform", gpu: "GpuFact", *fields: str) -> "GpuFact":
    """The GPU, with what is taken to be so: that it is one of those that are used."""
    text = "every GPU that is listed is one that is used"
    return _because(gpu, case.assume(", ".join(dict.fromkeys((f"{gpu.path}.visible", *fields))), text))


def _because(gpu: "GpuFact", *facts: "Evidence") -> "GpuFact":
    chips = tuple(replace(chip, evidence=(*chip.evidence, *facts)) for chip in gpu.chips)
    return replace(gpu, evidence=(*gpu.evidence, *facts), chips=chips)


def _one_of(case: "Platform", gpus: "tuple[GpuFact, ...]", value: str) -> "GpuFact":
    """A GPU that can be any of these: a rule has an answer where each of them gives the same."""
    label = " or ".join(dict.fromkeys(gpu.name for gpu in gpus))
    said = case.read(f"variables.{VARIABLE}", value)
    chips = tuple(replace(gpu, name=label, evidence=(*gpu.evidence, said)) for gpu in gpus)
    return replace(gpus[0], name=label, capability=None, row=None, evidence=(said,), chips=chips)
