"""A library inside a package whose machine code stops before the GPU, though the package's own goes on.

vLLM carries FlashAttention 2 with machine code for compute capability 8.0 and PTX for what is newer. Where vLLM takes
it for attention the driver has to compile that PTX, which minor-version compatibility does not cover; where it takes it
for some models alone (an image encoder on Hopper) the others work.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold

if TYPE_CHECKING:
    from compat.matrix import Row
    from compat.rules.case import Case
    from compat.rules.gpus import GpuFact
    from compat.rules.subject import Subject

RULE = "ptx-newer-than-driver"


def of_parts(case: "Case") -> Iterator[Outcome]:
    """Does the driver compile the PTX of such a library in the packages that the goal runs?"""
    for subject in case.subjects:
        row = case.matrix.packages.release(subject.component, subject.version) if subject.version else None
        found = _isa(case, subject, row) if row is not None and "ptx" in row.get("built", {}) else None
        if found is None:
            continue
        for gpu in case.gpus:
            if gpu.capability is not None:
                yield from _compiled(case, subject, found, gpu, gpu.capability)


def _isa(case: "Case", subject: "Subject", row: "Row") -> tuple[str, tuple[Evidence, ...]] | None:
    """The PTX ISA of the part: of the public index's build as read there, of another what its CUDA writes."""
    if subject.facts.cuda is None and subject.local_cuda is None and subject.pinned_cuda is None:
        if subject.of_image or subject.facts.source not in (None, "pypi"):
            return None  # its publisher's images are made with several CUDA releases
        isa = str(row["built"]["ptx"])
        default = case.assume(f"builds.{subject.distribution}.source", "the build of the public index")
        said = case.cite(f"{subject.label}: PTX {isa} of a part", row, "built")
        return isa, (said, default, *case.which_build(subject))
    told = subject.field("cuda")
    known = case.matrix.cuda.release(str(told.known)) if told.known and "." in str(told.known) else None
    if known is None or "ptx" not in known:
        return None
    writes = case.cite(f"CUDA {told.known} writes PTX {known['ptx']}", known, "ptx")
    return known["ptx"], (Evidence(f"{subject.label} is built with CUDA {told.known}", told.source), writes)


def _compiled(
    case: "Case",
    subject: "Subject",
    found: tuple[str, tuple[Evidence, ...]],
    gpu: "GpuFact",
    capability: Capability,
) -> Iterator[Outcome]:
    always = case.matrix.traits.claim(subject.component, "runs-by-ptx", subject.version, str(capability.major))
    partly = case.matrix.traits.claim(subject.component, "runs-partly-by-ptx", subject.version, str(capability.major))
    claim = always or partly
    if claim is None:
        return
    offered, (isa, read) = case.compiler, found
    known = case.matrix.cuda.release(offered[0]) if offered else None
    if offered is None or known is None or "ptx" not in known:
        if always is not None:
            yield Untold(RULE, subject.component, ("driver.version",))
        return
    facts = (
        case.read(subject.path, subject.version),
        *gpu.evidence,
        *read,
        case.cite(f"on {gpu.name} that is {claim['value']}", claim),
        *offered[1],
        case.cite(f"CUDA {offered[0]} compiles PTX up to {known['ptx']}", known, "ptx"),
    )
    if versions.at_least(known["ptx"], isa):
        if always is not None:
            yield Holds(RULE, subject.component, f"the driver compiles the PTX of {claim['value']}", facts)
        return
    effect = "." if always else ": some models ask for it, and they fail; others work."
    yield Finding(
        RULE,
        subject.component,
        f"{subject.label} has {claim['value']} for {gpu.name} ({capability}) as PTX {isa} alone; this driver compiles "
        f"PTX up to {known['ptx']} (CUDA {offered[0]}){effect}",
        facts,
        (
            Remedy("install a newer driver, or cuda-compat where the GPU is a data center's", "driver"),
            Remedy(f"install a {subject.distribution} made with CUDA {offered[0]} or older"),
        ),
        "error" if always else "warning",
    )
