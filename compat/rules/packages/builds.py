"""The build of the framework: has it code for the GPU?"""

from collections.abc import Iterator
from functools import partial

from compat import versions
from compat.capability import Capability, ptx_runs, sass_runs
from compat.matrix.gpus import read_capability
from compat.matrix.packages import fits_platform
from compat.records import replace
from compat.rules.base import OF_GPUS, OF_RUNTIME, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.cuda.server import served
from compat.rules.cuda.targets import dropped
from compat.rules.cuda.xla import targets_of_older
from compat.rules.gpus import GpuFact, each_chip
from compat.rules.libraries.cudnn_code import cudnn_without_code
from compat.rules.packages.by_cuda import for_cuda
from compat.rules.packages.by_python import for_python
from compat.rules.packages.extensions import needs_none
from compat.rules.packages.gpu_code import Code, code_for, listed, runs, shown, with_code
from compat.rules.packages.least import above
from compat.rules.runtimes import Runtime, gpu_parts, in_own_image
from compat.rules.subject import Subject


def _torchs_cuda(case: Case, subject: Subject) -> str | None:
    """The CUDA of torch, where the package opens the library of its own for it."""
    if "library_by_cuda" not in case.matrix.packages.about(subject.component):
        return None
    cuda = case.subject("torch").field("cuda").known
    return str(cuda) if cuda and "." in str(cuda) else None


def _whose_library(case: Case, subject: Subject) -> tuple[Evidence, ...]:
    """What tells which of the package's libraries is opened."""
    cuda, torch = _torchs_cuda(case, subject), case.subject("torch")
    return case.says(torch.field("cuda").source, cuda, f"{torch.label} is built for CUDA {cuda}") if cuda else ()


def _carriers(case: Case) -> Iterator[Subject]:
    """The packages of the goal that carry GPU code."""
    for subject in case.subjects:
        if subject.component == "tensorrt" or (str(case.goal) == "use:onnxruntime-tensorrt"):
            # TensorRT has a support range of its own (gpu-unsupported-by-tensorrt), its provider compiles for the GPU.
            continue
        if compiled_with_cuda(case, subject):
            continue  # for the GPU that is there
        about = case.matrix.packages.about(subject.component)
        without = subject.for_cpu or needs_none(case, subject)
        if about.get("accelerator") == "none" or (without and not subject.facts.architectures):
            continue  # what has no GPU code of its own (Keras 3) takes that of the framework which it runs on
        parts = gpu_parts(case, subject)
        yield from parts
        if not parts or subject.facts.cuda or subject.facts.architectures is not None:
            yield subject  # what is said of a build has its parts in it


@rule(
    "gpu-not-in-build",
    reads=("model.target", "builds.cudnn", "builds.python_tag", *OF_GPUS, *OF_RUNTIME, *OF_SYSTEM),
    masks=("cuda-older-than-gpu",),
)
def gpu_not_in_build(case: Case) -> Iterator[Outcome]:
    """The package's build has neither machine code nor usable PTX for the GPU.

    A build carries machine code (SASS) for some compute capabilities and PTX for others. Machine code runs on the same
    major with an equal or higher minor (8.0 on 8.6, 12.0 on 12.1), never across majors. Plain PTX is compiled for any
    newer GPU; PTX of an `a` target (90a) is not. The list belongs to the build, not to the release: torch 2.11 for
    CUDA 12.6 keeps Volta, for CUDA 12.8 it does not. The cuDNN that a package runs on has a list of its own: 9.11 ended
    before Turing, and none before 9.7 knows Blackwell. A compiler has one too, which ends with a release for old GPUs.

    Shows as: "no kernel image is available for execution on the device" (209), "is not compatible with the current
    PyTorch installation".

    Remedy: a build whose list has the GPU (often another CUDA variant of the same release), or an older or newer
    release.
    """
    if case.goal.verb == "build":
        yield from dropped(case)
    if not case.goal.runs_on_gpu or not case.gpus:
        return
    if str(case.goal) == "run:cuda-binary":
        yield from _compiled(case)
    yield from served(case)
    yield from targets_of_older(case)
    yield from _of_its_image(case)
    for carrier in _carriers(case):
        subject, told = for_python(case, carrier)
        subject, named = for_cuda(case, subject)
        told = (*told, *named)
        code = code_for(subject, _torchs_cuda(case, subject))
        for gpu in case.gpus:
            for outcome in each_chip(gpu, partial(_has_code, case, subject, code)):
                yield outcome if isinstance(outcome, Untold) else replace(outcome, evidence=(*outcome.evidence, *told))
    for subject in case.subjects:
        in_parts = bool(case.matrix.packages.about(subject.component).get("parts"))
        for gpu in case.gpus if in_parts else ():
            yield from each_chip(gpu, partial(_beside_parts, case, subject))
    yield from cudnn_without_code(case)


def _beside_parts(case: Case, subject: Subject, gpu: GpuFact) -> Outcome | None:
    """What has its code in parts (JAX) asks for a least GPU itself."""
    if gpu.capability is None or above(case, subject, gpu.capability) is None:
        return None
    return _kernel_image(case, subject, code_for(subject), gpu, gpu.capability)


def compiled_with_cuda(case: Case, subject: Subject) -> bool:
    """Is what is asked for compiled where it is installed, and told by a variable to be so with CUDA?"""
    if subject.state != "requested" or not case.machine.variables:
        return False
    row = case.matrix.traits.row(subject.component, "cuda-by-variable")
    return row is not None and "CUDA" in case.machine.variables.get(row["value"], "")


def _has_code(case: Case, subject: Subject, code: list[Code], gpu: GpuFact) -> Outcome | None:
    found = _own_code(case, subject, code, gpu)
    if isinstance(found, Untold) and gpu.capability is not None and gpu_parts(case, subject):
        return None  # the code lies in its parts, and they are asked for theirs
    return found


def _own_code(case: Case, subject: Subject, code: list[Code], gpu: GpuFact) -> Outcome | None:
    if gpu.capability is None:
        return Untold("gpu-not-in-build", subject.component, (f"{gpu.path}.name",))
    if code:
        found = _kernel_image(case, subject, code, gpu, gpu.capability)
        if not isinstance(found, Untold):
            return found
        return _no_longer(case, subject, gpu, gpu.capability) or _in_none(case, subject, gpu, gpu.capability) or found
    if subject.version or subject.state == "installed":
        unlisted = Untold("gpu-not-in-build", subject.component, (f"builds.{subject.distribution}.architectures",))
        without = _no_longer(case, subject, gpu, gpu.capability) or _nowhere(case, subject, gpu, gpu.capability)
        return without or _asks_for_more(case, subject, gpu, gpu.capability) or unlisted
    return None


def _in_none(case: Case, subject: Subject, gpu: GpuFact, capability: Capability) -> Finding | None:
    """Of the builds that it can be those with lists have no code, and the others are of a CUDA that makes none."""
    last = case.matrix.cuda.last_for(capability)
    listed = tuple(row for row in subject.candidates if "sass" in row or row.get("cuda") is False)
    cudas = [row.get("cuda") for row in subject.candidates if row not in listed]
    if last is None or not listed or any(not one or versions.at_least(last.value, one) is not False for one in cudas):
        return None
    found = _kernel_image(case, subject, code_for(replace(subject, candidates=listed)), gpu, capability)
    ends = case.claim(f"{capability} ends with CUDA {last.value}", last)
    return replace(found, evidence=(*found.evidence, ends)) if isinstance(found, Finding) else None


def _nowhere(case: Case, subject: Subject, gpu: GpuFact, capability: Capability) -> Finding | None:
    """A build that is not listed, of an index whose builds have no code for the GPU, whatever their release."""
    source, cuda = subject.facts.source, subject.field("cuda").known
    rows = [
        row
        for rows in subject.published.values()
        for row in rows
        if row["index"] == source and row.get("cuda") and fits_platform(row, case.machine.os, case.machine.arch)
    ]
    every = replace(subject, candidates=tuple(rows))
    if not rows or not cuda or {runs(one, capability) for one in code_for(every)} != {False}:
        return None
    return Finding(
        "gpu-not-in-build",
        subject.component,
        f"No build of {subject.distribution} for this platform on its index ({source}) has code for {gpu.name} "
        f"({capability.sm}).",
        (*gpu.evidence, case.read(f"builds.{subject.distribution}.source", source), case.cite("its builds", rows[-1])),
        (Remedy(with_code(case, subject, capability)),),
    )


def _no_longer(case: Case, subject: Subject, gpu: GpuFact, capability: Capability) -> Finding | None:
    """A build of unknown targets, by its CUDA: releases stop making code for old GPUs (12.9 the last for Volta)."""
    cuda = subject.field("cuda")
    if not cuda.known:
        return None
    fact = Evidence(f"{subject.label} is of CUDA {cuda.known}", cuda.source)
    return _outlived(case, subject.component, subject.label, str(cuda.known), (fact,), gpu, capability)


def _outlived(
    case: Case, component: str, label: str, cuda: str, facts: tuple[Evidence, ...], gpu: GpuFact, capability: Capability
) -> Finding | None:
    last = case.matrix.cuda.last_for(capability)
    if last is None or versions.at_least(last.value, versions.major_minor(cuda)) is not False:
        return None
    return Finding(
        "gpu-not-in-build",
        component,
        f"{label} is of CUDA {cuda}, which makes no code for {gpu.name} ({capability}): "
        f"CUDA {last.value} was the last that did.",
        (*gpu.evidence, *facts, case.claim(f"{capability} ends with CUDA {last.value}", last)),
        (Remedy(f"use a build of CUDA {last.value} or older"),),
    )


def _compiled(case: Case) -> Iterator[Outcome]:
    """A program of one's own, compiled for one target (nvcc -arch=sm_52: its machine code, and its PTX)."""
    target = read_capability(case.machine.model.target)
    for gpu in case.gpus:
        if target is not None:
            yield from each_chip(gpu, partial(_compiled_for, case, target))
            continue
        for runtime in case.runtimes:
            yield from each_chip(gpu, partial(_compiled_with, case, runtime))


def _of_its_image(case: Case) -> Iterator[Outcome]:
    """The framework of an image of NVIDIA's, whose targets are not listed, by the CUDA that it is built on there."""
    main = case.main
    if main is None or main.facts.architectures is not None or not in_own_image(case, main):
        return
    for runtime in case.runtimes:
        for gpu in case.gpus if runtime.component == "cuda" else ():
            yield from each_chip(gpu, partial(_compiled_with, case, runtime))


def _compiled_with(case: Case, runtime: Runtime, gpu: GpuFact) -> Outcome | None:
    """What has targets that are not told, by the CUDA that it was built with."""
    if gpu.capability is None:
        return None
    facts, component = case.started(runtime), case.main.component if case.main is not None else "program"
    return _outlived(case, component, runtime.of, runtime.cuda, facts, gpu, gpu.capability)


def _compiled_for(case: Case, target: Capability, gpu: GpuFact) -> Outcome | None:
    told = case.machine.model.target
    if gpu.capability is None:
        return Untold("gpu-not-in-build", "program", (f"{gpu.path}.name",))
    facts = (case.read("model.target", told), *gpu.evidence)
    if sass_runs(target, gpu.capability):
        return Holds("gpu-not-in-build", "program", f"code for {told} runs on {gpu.name} ({gpu.capability})", facts)
    if ptx_runs(target, gpu.capability):
        return None
    return Finding(
        "gpu-not-in-build",
        "program",
        f"A program compiled for {told} has no code that {gpu.name} ({gpu.capability.sm}) runs.",
        facts,
        (Remedy(f"compile it for {gpu.capability.sm} too (-gencode arch=...,code={gpu.capability.sm})"),),
    )


def _asks_for_more(case: Case, subject: Subject, gpu: GpuFact, capability: Capability) -> Finding | None:
    """A GPU below the least that its vendor states for the release."""
    row = above(case, subject, capability)
    if row is None:
        return None
    least = row["capability_minimum"]
    fact = case.cite(f"{subject.label} asks for compute capability {least} or newer", row, "capability_minimum")
    return Finding(
        "gpu-not-in-build",
        subject.component,
        f"{subject.label} has no code for {gpu.name} ({capability.sm}): it asks for {least} or newer.",
        (*gpu.evidence, fact),
        (Remedy(with_code(case, subject, capability)),),
    )


def _kernel_image(case: Case, subject: Subject, code: list[Code], gpu: GpuFact, capability: Capability) -> Outcome:
    answers = {runs(one, capability) for one in code}
    spoken = shown(code)
    below = _asks_for_more(case, subject, gpu, capability) if None in answers or not answers else None
    if below is not None:
        return below
    if answers == {True}:
        return Holds(
            "gpu-not-in-build",
            subject.component,
            f"{subject.label} has code for {gpu.name} ({capability})",
            (*gpu.evidence, Evidence(listed(spoken), spoken[2])),
        )
    if answers == {False}:
        return Finding(
            "gpu-not-in-build",
            subject.component,
            f"{subject.label} has no code for {gpu.name} ({capability.sm}): it is built for {listed(spoken)}.",
            (
                *gpu.evidence,
                Evidence(f"{subject.label} is built for {listed(spoken)}", spoken[2]),
                *_whose_library(case, subject),
                *case.which_build(subject),
            ),
            (Remedy(with_code(case, subject, capability)),),
        )
    architectures = f"builds.{subject.distribution}.architectures"
    return Untold("gpu-not-in-build", subject.component, (architectures,), _is_divided(case, subject, capability))


def _is_divided(case: Case, subject: Subject, gpu: Capability) -> bool:
    """Of a release that is not told: have some of its builds for that CUDA code for the GPU, and some have none?

    PyTorch's for CUDA 12.8 have Volta from 2.8 on. Where no processor is told it is the one that most machines have.
    """
    stated = subject.facts.architectures is not None or subject.version is not None
    if stated or subject.state != "installed" or not subject.field("cuda").known:
        return False
    usual = (row for row in subject.candidates if case.machine.arch is not None or row.get("arch") == "x86_64")
    return {True, False} <= {runs(one, gpu) for one in code_for(replace(subject, candidates=tuple(usual)))}
