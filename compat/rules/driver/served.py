"""Does the driver's branch serve the GPU: old ones never learn of it, new ones drop it."""

from collections.abc import Iterator
from functools import partial
from operator import itemgetter

from compat.records import replace
from compat.rules.base import (
    OF_DRIVER,
    OF_GPUS,
    OF_SYSTEM,
    Finding,
    Holds,
    Outcome,
    Remedy,
    Untold,
    rule,
)
from compat.rules.case import Case
from compat.rules.gpus import GpuFact, each_chip


@rule(
    "driver-dropped-gpu",
    reads=("arch", *OF_DRIVER, *OF_SYSTEM, *OF_GPUS),
    masks=("driver-too-old", "ptx-newer-than-driver"),
    of="platform",
    says="gpu",
)
def driver_dropped_gpu(case: Case) -> Iterator[Outcome]:
    """The driver branch no longer supports this GPU, or does not support it yet.

    Each GPU generation has a first and a last driver branch: Fermi ends with 390, Kepler with 470, Maxwell, Pascal and
    Volta with 580; Blackwell begins with 570. A driver outside that range loads and ignores the GPU: "No devices were
    found", and in the kernel log "The NVIDIA GPU ... is supported through the NVIDIA 580.xx Legacy drivers".

    Remedy: a branch inside the range (the legacy branch for an old GPU).
    """
    if not case.goal.needs_gpu or case.is_jetson:
        return  # a Jetson's driver comes with its L4T and is numbered apart
    for gpu in case.gpus:
        for outcome in each_chip(gpu, partial(_served, case)):
            if isinstance(outcome, Finding):
                found = _of_a_mix(case, outcome)
                outcome = replace(found, evidence=(*found.evidence, *case.no_jetsons_driver))
            yield outcome


def _of_a_mix(case: Case, found: Finding) -> Finding:
    """Where the last branch of one GPU is older than the first of another, another driver mends nothing: which two."""
    known = [(gpu, gpu.capability) for gpu in case.gpus if gpu.capability is not None]
    eras = ((gpu, case.matrix.gpus.architecture(one)) for gpu, one in known)
    ends = [(int(row["driver_last"]), gpu, row) for gpu, row in eras if row is not None and "driver_last" in row]
    firsts = ((gpu, case.matrix.gpus.first_driver(one)) for gpu, one in known)
    starts = [(int(claim.value), gpu, claim) for gpu, claim in firsts if claim is not None]
    last, old, row = min(ends, key=itemgetter(0), default=(0, None, None))
    first, new, claim = max(starts, key=itemgetter(0), default=(0, None, None))
    if old is None or row is None or new is None or claim is None or first <= last:
        return found
    bounds = (
        *old.evidence,
        *new.evidence,
        case.cite(f"{row['name']} ends with driver branch {last}", row, "driver_last"),
        case.claim(f"{new.capability} begins with driver branch {first}", claim),
    )
    both = f"No driver serves both {old.name} (up to branch {last}) and {new.name} (from {first})."
    more = tuple(one for one in dict.fromkeys(bounds) if one not in found.evidence)
    apart = Remedy("use the two in separate machines, or one of them only with a driver that serves it", "hardware")
    return replace(found, message=f"{found.message} {both}", evidence=(*more, *found.evidence), remedies=(apart,))


def _served(case: Case, gpu: GpuFact) -> Outcome:
    release = case.kernel_driver
    if release is None or gpu.capability is None:
        return Untold("driver-dropped-gpu", gpu.path, ("driver.version",) if release is None else (f"{gpu.path}.name",))
    row = case.matrix.gpus.architecture(gpu.capability)
    if row is None:
        return Untold("driver-dropped-gpu", gpu.path, (f"{gpu.path}.name",))
    first, last = case.matrix.gpus.first_driver(gpu.capability), row.get("driver_last")

    def too_new(system: str) -> bool:
        return last is not None and case.matrix.drivers.number(release, system) > int(last)

    def too_old(system: str) -> bool:
        return first is not None and case.matrix.drivers.number(release, system) < int(first.value)

    ended, yet_to_come = case.agree(too_new), case.agree(too_old)
    if ended is None or yet_to_come is None:
        return Untold("driver-dropped-gpu", gpu.path, ("os",))
    said = case.driver_evidence
    if ended:
        return Finding(
            "driver-dropped-gpu",
            "driver",
            f"Driver {release} no longer supports {gpu.name} ({row['name']}): branch {last} is the last that does.",
            (
                *gpu.evidence,
                *said,
                *case.of_system(too_new),
                case.cite(f"{row['name']} ends with driver branch {last}", row, "driver_last"),
            ),
            (Remedy(f"install the legacy driver of branch {last}", "driver"),),
        )
    if first is not None and yet_to_come:
        return Finding(
            "driver-dropped-gpu",
            "driver",
            f"Driver {release} does not know {gpu.name} ({row['name']}) yet: branch {first.value} is the first "
            "that does.",
            (
                *gpu.evidence,
                *said,
                case.cite(f"{gpu.capability} begins with driver branch {first.value}", first.row, first.field),
            ),
            (Remedy(f"install a driver of branch {first.value} or newer", "driver"),),
        )
    if first is None and last is None:
        return Untold("driver-dropped-gpu", gpu.path, (f"{gpu.path}.name",))
    return Holds("driver-dropped-gpu", gpu.path, f"driver {release} serves {gpu.name} ({row['name']})", said)
