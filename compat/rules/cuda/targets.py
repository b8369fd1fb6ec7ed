"""What a build compiles for, and the targets that its compiler no longer has."""

from collections.abc import Iterator

from compat import versions
from compat.capability import Capability
from compat.matrix.gpus import read_capability
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold
from compat.rules.case import Case
from compat.rules.cuda.compilers import led, nvcc
from compat.rules.gpus import GpuFact
from compat.rules.packages.gpu_code import code_for
from compat.rules.subject import Subject


def serves_by_sibling(case: Case, cuda: str, first: str, gpu: Capability) -> bool:
    """Does a CUDA before the first that knows the GPU serve it, by code for an older one of the same major?"""
    return versions.parse(cuda).major == versions.parse(first).major and case.matrix.cuda.knows_major_of(cuda, gpu)


def targets(case: Case) -> Iterator[tuple[Capability, tuple[Evidence, ...]]]:
    """What is compiled for: the target that is named, else what torch's builder is told, or takes for each GPU."""
    target = read_capability(case.machine.model.target)
    if target is not None:
        yield target, (case.read("model.target", target.sm),)
        return
    yield from _told(case)
    torch = case.subject("torch")
    claims = (case.matrix.traits.claim("torch", "extension-targets", torch.version, kind) for kind in _TARGETS)
    claim = next(filter(None, claims), None)
    if claim is None or not case.machine.toolkits or (case.machine.variables or {}).get("TORCH_CUDA_ARCH_LIST"):
        return
    if claim["of"] == "gpu" and len({gpu.capability for gpu in case.gpus}) != 1:
        return  # for the first of them, and which that is is CUDA's to say
    unset = () if case.machine.variables else (case.assume("variables", "TORCH_CUDA_ARCH_LIST is not set"),)
    said = case.cite(f"torch {claim['range']} compiles extensions for {_TARGETS[claim['of']]}", claim)
    seen = set()
    for gpu in case.gpus:
        least = _bounded(torch, gpu) if claim["of"] == "bounded" else gpu.capability
        if least is not None and least not in seen:
            seen.add(least)
            yield least, (*gpu.evidence, *case.package(torch), said, *unset)


def _told(case: Case) -> Iterator[tuple[Capability, tuple[Evidence, ...]]]:
    """What TORCH_CUDA_ARCH_LIST names, where all of it is numbers: ``8.0;8.6+PTX``."""
    listed = (case.machine.variables or {}).get("TORCH_CUDA_ARCH_LIST", "")
    if not case.machine.toolkits or case.subject("torch").state != "installed":
        return
    named = [one.removesuffix("+PTX") for one in listed.replace(";", " ").split()]
    numbers = [read_capability(one) for one in named]
    if None in numbers:
        return  # a family's name (Ampere) stands for what the release of torch takes it for
    for number in dict.fromkeys(filter(None, numbers)):
        yield number, (case.read("variables.TORCH_CUDA_ARCH_LIST", listed), *case.package(case.subject("torch")))


_TARGETS = {"gpu": "the GPU", "bounded": "the GPU, or for the newest that it has code for itself"}


def _bounded(torch: Subject, gpu: GpuFact) -> Capability | None:
    """The GPU's capability, or the newest that torch has code for if that is older; None where a build tells none."""
    newest = [max((one.plain for one in sass), default=None) for sass, _, _ in code_for(torch) if sass is not None]
    if not newest or gpu.capability is None or len(newest) != len(code_for(torch)) or None in newest:
        return None
    return min((gpu.capability.plain, *(one for one in newest if one is not None)))


def dropped(case: Case) -> Iterator[Outcome]:
    """nvcc makes no code for GPUs that its release has dropped: CUDA 12 says "Unsupported gpu architecture
    'compute_35'".
    """
    kits = nvcc(case)
    if kits is None:
        return
    taken = () if kits or case.machine.toolkits is not None else (case.assume("toolkits", "nvcc is of that CUDA"),)
    compilers = [
        (cuda, (*case.says(source, cuda, f"nvcc is of CUDA {cuda}"), *led(case))) for source, cuda in kits
    ] or [(runtime.cuda, (*case.started(runtime), *taken)) for runtime in case.runtimes]
    for target, told in targets(case):
        last = case.matrix.cuda.last_for(target)
        has = {last is None or versions.at_least(last.value, versions.major_minor(cuda)) for cuda, _ in compilers}
        if len(has) > 1:
            yield Untold("gpu-not-in-build", "cuda", ("variables.CUDA_HOME",))
        elif True in has:
            yield Holds("gpu-not-in-build", "cuda", f"nvcc makes code for {target.sm}", compilers[0][1])
        elif False in has and last is not None:
            cuda, facts = compilers[0]
            yield Finding(
                "gpu-not-in-build",
                "cuda",
                f"nvcc of CUDA {cuda} makes no code for {target.sm}: CUDA {last.value} was the last that did.",
                (*facts, *told, case.claim(f"{target} ends with CUDA {last.value}", last)),
                (
                    Remedy("leave that target out, where no such GPU is to run it", "setting"),
                    Remedy(f"build with CUDA {last.value} or older, against a framework of that CUDA"),
                ),
            )
