"""PTX that a program brings: does the compiler of the driver that loads take it?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.matrix.gpus import read_capability
from compat.rules.base import Finding, Holds, Outcome, Remedy, Untold
from compat.rules.cuda.forward import NEVER_SERVED, lifted_by_image
from compat.rules.runtimes import Runtime, image_row

if TYPE_CHECKING:
    from compat.rules.base import Evidence
    from compat.rules.case import Case

RULE = "ptx-newer-than-driver"


def compiler(case: "Case") -> "tuple[str, tuple[Evidence, ...]] | None":
    """The highest CUDA whose PTX is compiled, and the evidence: that of cuda-compat where it loads, else the driver's.

    None where that is not known.
    """
    libcuda = case.machine.libcuda
    if not libcuda.compat:
        return _beside_image(case, *case.driver_cuda) if case.driver_cuda is not None else None
    claim = case.matrix.cuda.offered_by(libcuda.version, "linux") if libcuda.version else None
    if claim is None or libcuda.version is None:
        return None
    offered = case.claim(f"cuda-compat {libcuda.version} offers CUDA {claim.value}", claim)
    return claim.value, (case.read("libcuda.compat", True), case.read("libcuda.version", libcuda.version), offered)


def _beside_image(case: "Case", cuda: str, told: "tuple[Evidence, ...]") -> "tuple[str, tuple[Evidence, ...]] | None":
    """The driver's own, or that of the cuda-compat which the image's start script puts in its place."""
    told = (*told, *case.own_libcuda)
    for runtime in case.runtimes:
        needed = versions.major_minor(runtime.cuda)
        lifted = lifted_by_image(case, runtime) if versions.at_least(cuda, needed) is False else None
        if isinstance(lifted, Untold):
            return None
        if isinstance(lifted, Holds):
            return needed, lifted.evidence
        told = (*told, lifted) if lifted is not None else told
    return cuda, told


def jit(case: "Case", runtime: Runtime, where: str, gpu: "tuple[Evidence, ...]" = ()) -> Outcome:
    """The outcome for PTX of one CUDA; ``where`` says in words for what it is compiled."""
    offered = case.compiler
    bound = None if offered is not None or case.machine.libcuda.compat else case.least_cuda
    if bound is not None and versions.at_least(bound[0], versions.major_minor(runtime.cuda)):
        said = f"the driver compiles PTX up to CUDA {bound[0]} or newer"
        return Holds(RULE, runtime.component, said, (*case.started(runtime), *bound[1]))
    if offered is None:
        of = ("libcuda.version",) if case.machine.libcuda.compat else ("driver.version", "driver.cuda")
        return Untold(RULE, runtime.component, of)
    cuda, evidence = offered
    needed = versions.major_minor(runtime.cuda)
    newer = versions.at_least(cuda, needed)
    facts = (*gpu, *case.started(runtime), *evidence)
    if newer is None:
        return Untold(RULE, runtime.component, (runtime.source,))
    if newer:
        return Holds(RULE, runtime.component, f"the driver compiles PTX up to CUDA {cuda}", facts)
    claim = case.agree(lambda system: case.matrix.cuda.own_minimum(needed, system))
    least = f"driver {claim.value} or newer" if claim is not None else f"a driver that offers CUDA {needed}"
    return Finding(
        RULE,
        runtime.component,
        f"PTX of CUDA {needed}{where} cannot be compiled by this driver, which takes PTX up to CUDA {cuda}.",
        facts,
        (Remedy(f"install {least}", "driver"), Remedy(f"build with CUDA {cuda} or with machine code for this GPU")),
    )


def of_server(case: "Case") -> Iterator[Outcome]:
    """What Triton's backends load at their start has machine code up to a capability, and PTX alone for newer GPUs.

    A minor release's compatibility does not cover that; the cuda-compat that the image's start script puts in front
    does, on the GPUs that it serves.
    """
    row = image_row(case, "cuda") if case.goal.object == "tritonserver" else None
    claim = case.matrix.traits.claim("container", "starts-by-ptx", row["tag"], "tritonserver") if row else None
    first = read_capability(claim["value"]) if claim is not None else None
    if claim is None or first is None:
        return
    newer = [gpu for gpu in case.gpus if gpu.capability is not None and gpu.capability >= first]
    refused = [gpu for gpu in newer if (gpu.kind or "") in NEVER_SERVED]
    why = case.cite(f"its backends have PTX alone for GPUs of {claim['value']} and newer", claim)
    for gpu in (refused or newer)[:1]:
        for runtime in (one for one in case.runtimes if one.component == "cuda"):
            outcome = jit(case, runtime, f" for {gpu.name}", (*gpu.evidence, why))
            if isinstance(outcome, Finding) and not refused:
                outcome = Untold(RULE, runtime.component, ("libcuda.compat",))
            yield outcome
