"""Which of several GPUs CUDA_VISIBLE_DEVICES leaves to a process, where their bus addresses or UUIDs tell.

By its number a GPU is known only with CUDA_DEVICE_ORDER=PCI_BUS_ID: else CUDA counts from the fastest one, by a measure
of its own. CUDA stops at the first entry that means no GPU; what it makes of one that comes again is not documented.
https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#env-vars
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compat.machine import Gpu
from compat.probe.layer import Reading
from compat.records import replace

VARIABLE = "CUDA_VISIBLE_DEVICES"


def mark(found: Reading, gpus: tuple[Gpu, ...], uuids: Sequence[str], environ: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The GPUs, each with whether it is selected; as they are where that cannot be told. ``uuids`` in their order, ""
    where one is not known."""
    value = environ.get(VARIABLE)
    if value is None or len(gpus) < 2:
        return gpus
    chosen: list[int] = []
    for entry in (part.strip() for part in value.split(",")):
        number = _number(entry, gpus, uuids, environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID")
        if number is None or number in chosen:
            return gpus
        if not 0 <= number < len(gpus):
            break
        chosen.append(number)
    found.sources.update({f"gpus[{number}].visible": VARIABLE for number in range(len(gpus))})
    return tuple(replace(gpu, visible=number in chosen) for number, gpu in enumerate(gpus))


def _number(entry: str, gpus: Sequence[Gpu], uuids: Sequence[str], by_address: bool) -> int | None:
    """The place of the GPU that an entry means; -1 for one that means none, None where it cannot be told."""
    cut = [number for number, gpu in enumerate(gpus) if gpu.mig]
    if entry.isdecimal() and len(entry) < 10:
        return int(entry) if by_address and not cut else None
    if entry.startswith("MIG-") and not entry.startswith("MIG-GPU-"):
        return cut[0] if len(cut) == 1 else None
    whole = entry.removeprefix("MIG-").partition("/")[0]
    if not whole.startswith("GPU-"):
        return -1
    same = [number for number, uuid in enumerate(uuids) if uuid.lower().startswith(whole.lower())]
    if len(same) == 1:
        return same[0]
    return -1 if all(uuids) and len(uuids) == len(gpus) else None
