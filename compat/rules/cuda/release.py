"""CUDA releases that predate the GPU: a build's own, the machine's that it opens, and nvcc's."""

from collections.abc import Iterator
from functools import partial

from compat import versions
from compat.capability import Capability, architecture_lists, parse
from compat.matrix.gpus import read_capability
from compat.matrix.packages import fits_platform
from compat.rules.base import OF_GPUS, OF_RUNTIME, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.cuda.compilers import led, nvcc
from compat.rules.cuda.nvrtc import knows_gpus
from compat.rules.cuda.targets import serves_by_sibling, targets
from compat.rules.cuda.xla import assembler_knows
from compat.rules.gpus import GpuFact, each_chip
from compat.rules.libraries.majors import takes_system_cuda
from compat.rules.packages.by_python import for_python
from compat.rules.runtimes import Runtime, of_untold_plugin
from compat.rules.subject import Subject


@rule("cuda-older-than-gpu", reads=(*OF_GPUS, *OF_RUNTIME, "model.target", "builds.python_tag"))
def cuda_older_than_gpu(case: Case) -> Iterator[Outcome]:
    """The CUDA release predates the GPU.

    Each compute capability has a first CUDA release whose compiler and libraries (cuBLAS, cuDNN) know it. An older one
    may still serve it where its own code does: it knew an older GPU of the same capability major, and the two releases
    are of one CUDA major, such as CUDA 11.6 on an RTX 4090 (8.9, known from 11.8). Across majors of either, libraries
    and compilers (nvcc, ptxas, XLA) have nothing for the GPU, whatever the framework's own kernels are. What takes
    CUDA from the machine (ONNX Runtime) opens libraries of one major: the last release of that is the newest it can
    get. What has NVRTC compile for the GPU as it runs (CuPy) needs an NVRTC that knows it.

    Remedy: a build for that CUDA release or newer.
    """
    if not case.goal.runs_on_gpu and case.goal.verb != "build":
        return
    if case.goal.verb == "build":
        yield from _for_compiler(case)
        return
    judged = [one for runtime in case.runtimes for one in _by_runtime(case, runtime)]
    yield from judged
    if not any(isinstance(one, Finding) for one in judged):
        yield from knows_gpus(case)
    for subject in case.subjects:
        if any(subject.component == runtime.component for runtime in case.runtimes):
            continue
        if subject.state == "requested":
            yield from _in_every_build(case, subject)
        yield from _by_untold_plugin(case, subject)
        if subject.facts.architectures:
            found = list(_by_its_code(case, subject, subject.facts.architectures))
            yield from found or _by_its_list(case, subject, subject.facts.architectures)


def _by_runtime(case: Case, runtime: Runtime) -> Iterator[Outcome]:
    own = case.matrix.packages.about(runtime.component).get("cuda_from") != "system"
    judge = _predates if own else _major_predates
    for gpu in case.gpus:
        yield from each_chip(gpu, partial(judge, case, runtime))


def _by_untold_plugin(case: Case, subject: Subject) -> Iterator[Untold]:
    """Does the CUDA of the plugin that jax most likely has predate a GPU? It compiles with the ptxas that came with the
    plugin, which may be newer: nobody has said so."""
    for runtime in of_untold_plugin(case, subject):
        if any(isinstance(_predates(case, runtime, gpu), Finding) for gpu in case.gpus):
            yield Untold("cuda-older-than-gpu", runtime.component, runtime.assumed, decides=True)


def _in_every_build(case: Case, asked: Subject) -> Iterator[Outcome]:
    """Of what is asked for in a range of releases: each build that the goal's Python takes is of a CUDA that predates
    the GPU, or of none."""
    subject, told = for_python(case, asked)
    cudas = [row.get("cuda") for row in subject.candidates]
    if not any(cudas) or None in cudas or case.matrix.packages.about(subject.component).get("cuda_from") == "system":
        return
    meant = (case.assume(f"builds.{asked.distribution}.cuda", "a build with CUDA"),) if False in cudas else ()
    newest = max(
        (row for row in subject.candidates if row["cuda"]),
        key=lambda row: (versions.parse(row["cuda"]).key(), versions.parse(row["version"]).key()),
    )
    for gpu in case.gpus:
        first = case.matrix.cuda.first_for(gpu.capability) if gpu.capability is not None else None
        if first is None or gpu.capability is None or versions.at_least(newest["cuda"], first.value) is not False:
            continue
        if any(one and serves_by_sibling(case, one, first.value, gpu.capability) for one in cudas):
            continue
        yield Finding(
            "cuda-older-than-gpu",
            subject.component,
            f"Every build of {subject.distribution} that is asked for is of CUDA {newest['cuda']} or older, which "
            f"predates {gpu.name} ({gpu.capability}): CUDA {first.value} is the first that knows it.",
            (
                *case.package(subject),
                *gpu.evidence,
                *told,
                *meant,
                case.cite(f"{subject.distribution} {newest['version']} is of CUDA {newest['cuda']}", newest, "cuda"),
                case.claim(f"{gpu.capability} begins with CUDA {first.value}", first),
            ),
            (Remedy(f"ask for a release with a build for CUDA {first.value} or newer, on a Python that it has"),),
        )


def _by_its_code(case: Case, subject: Subject, architectures: tuple[str, ...]) -> Iterator[Outcome]:
    """Code for an old GPU bounds the CUDA of a build that is not told: machine code for 3.7 ends with CUDA 11."""
    known = [one for one in map(read_capability, architectures) if one is not None]
    last = case.matrix.cuda.last_for(min(known)) if known else None
    if last is None:
        return
    said = f"{subject.label} has code for {min(known)}, so it is of CUDA {last.value} or older"
    yield from _of_at_most(
        case, subject, last.value, said, case.claim(f"{min(known)} ends with CUDA {last.value}", last)
    )


def _by_its_list(case: Case, subject: Subject, architectures: tuple[str, ...]) -> Iterator[Outcome]:
    """The published builds that print this list: the newest CUDA among them is the newest that it can be of."""
    stated = tuple(map(frozenset, architecture_lists(architectures)))
    alike = [
        row
        for rows in subject.published.values()
        for row in rows
        if row.get("cuda") and "sass" in row and fits_platform(row, case.machine.os, case.machine.arch)
        if subject.facts.source in (None, row["index"])
        if tuple(frozenset(map(parse, row.get(name, ()))) for name in ("sass", "ptx")) == stated
    ]
    if not alike or any(len(versions.parse(row["cuda"]).release) < 2 for row in alike):
        return  # a bare major bounds no release of it
    newest = max(alike, key=lambda row: versions.parse(row["cuda"]))
    said = f"The published builds of {subject.distribution} with this code are of CUDA {newest['cuda']} or older"
    alike_fact = case.cite(f"{subject.distribution} {newest['version']} has this code", newest, "sass")
    yield from _of_at_most(case, subject, newest["cuda"], said, alike_fact)


def _of_at_most(case: Case, subject: Subject, cuda: str, said: str, fact: Evidence) -> Iterator[Outcome]:
    """A build whose architectures bound its CUDA: the GPUs that this one does not know."""
    for gpu in case.gpus:
        first = case.matrix.cuda.first_for(gpu.capability) if gpu.capability is not None else None
        if first is None or gpu.capability is None or versions.at_least(cuda, first.value) is not False:
            continue
        if serves_by_sibling(case, cuda, first.value, gpu.capability):
            continue
        yield Finding(
            "cuda-older-than-gpu",
            subject.component,
            f"{said}, which predates {gpu.name} ({gpu.capability}): CUDA {first.value} is the first that knows it.",
            (
                case.read(f"builds.{subject.distribution}.architectures", " ".join(subject.facts.architectures or ())),
                *gpu.evidence,
                fact,
                case.claim(f"{gpu.capability} begins with CUDA {first.value}", first),
            ),
            (Remedy(f"install a build for CUDA {first.value} or newer"),),
        )


def _predates(case: Case, runtime: Runtime, gpu: GpuFact) -> Outcome | None:
    capability = gpu.capability
    first = case.matrix.cuda.first_for(capability) if capability is not None else None
    if first is None or capability is None:
        return None
    facts = (
        *case.started(runtime),
        *gpu.evidence,
        case.claim(f"{capability} begins with CUDA {first.value}", first),
    )
    known = versions.at_least(runtime.cuda, first.value)
    if known is None:
        # of an image whose month is not known the months around it tell the major alone
        return Untold(
            "cuda-older-than-gpu", runtime.component, (runtime.source,), decides=runtime.source == "container.image"
        )
    if known:
        return Holds("cuda-older-than-gpu", runtime.component, f"CUDA {runtime.cuda} knows {gpu.name}", facts)
    if serves_by_sibling(case, runtime.cuda, first.value, capability):
        return Holds(
            "cuda-older-than-gpu",
            runtime.component,
            f"CUDA {runtime.cuda} predates {gpu.name} and serves it by code of the same major",
            facts,
        )
    if _opens_the_machines(case, runtime):
        newer = _newest_of_major(case, runtime.cuda)
        if newer is not None and versions.at_least(newer[1], first.value):
            opened = case.read(*newer)
            said = f"{runtime.of} opens the libraries of CUDA {newer[1]}, which knows {gpu.name}"
            return Holds("cuda-older-than-gpu", runtime.component, said, (*facts, opened))
        kits = case.machine.toolkits
        unsaid = [f"toolkits[{index}].version" for index, kit in enumerate(kits or ()) if kit.version is None]
        for place in ["toolkits"] if kits is None else unsaid:
            facts = (*facts, case.assume(place, "no newer CUDA of that major is there"))
    if case.goal.object == "jax":  # whose CUDA is of any release of its major from the one on that it was built with
        knows, told = assembler_knows(case, runtime.cuda, first.value)
        if knows:
            said = f"{runtime.of} compiles with a ptxas which knows {gpu.name}"
            return Holds("cuda-older-than-gpu", runtime.component, said, (*facts, *told))
        if knows is None:
            return Untold("cuda-older-than-gpu", runtime.component, ("toolkits.version",))
        facts = tuple(dict.fromkeys((*facts, *told)))
    return Finding(
        "cuda-older-than-gpu",
        runtime.component,
        f"{runtime.of} uses CUDA {runtime.cuda}, which predates {gpu.name} ({capability}): "
        f"CUDA {first.value} is the first that knows it.",
        facts,
        (Remedy(f"install a build for CUDA {first.value} or newer"),),
    )


def _opens_the_machines(case: Case, runtime: Runtime) -> bool:
    """Does the package open the CUDA libraries of the machine, of whatever release of its own major (TensorFlow)?"""
    subject = next((one for one in case.subjects if one.component == runtime.component), None)
    return subject is not None and takes_system_cuda(case, subject)


def _newest_of_major(case: Case, cuda: str) -> tuple[str, str] | None:
    """(field, release) of the newest toolkit of that CUDA major."""
    kits = [
        (f"toolkits[{index}].version", kit.version)
        for index, kit in enumerate(case.machine.toolkits or ())
        if kit.version is not None and versions.same_line(kit.version, cuda, 1)
    ]
    return max(kits, key=lambda kit: versions.parse(kit[1]).key(), default=None)


def _major_predates(case: Case, runtime: Runtime, gpu: GpuFact) -> Outcome | None:
    """A package that opens the machine's libraries opens those of its own CUDA major: does the last of it know the GPU?

    Where it knows some GPU of the same capability major, the package's own code decides.
    """
    newest = case.matrix.cuda.last_of_major(runtime.cuda)
    first = case.matrix.cuda.first_for(gpu.capability) if gpu.capability is not None else None
    if first is None or gpu.capability is None or newest is None:
        return None
    last = newest["version"]
    if versions.at_least(last, first.value) is not False or case.matrix.cuda.knows_major_of(last, gpu.capability):
        return None
    return Finding(
        "cuda-older-than-gpu",
        runtime.component,
        f"{runtime.of} opens the libraries of CUDA {versions.parse(runtime.cuda).major}, whose last release "
        f"{versions.major_minor(last)} predates {gpu.name} ({gpu.capability}): CUDA {first.value} is the first that "
        "knows it.",
        (
            *case.started(runtime),
            *gpu.evidence,
            case.cite(f"CUDA {last} is the last of its major", newest),
            case.claim(f"{gpu.capability} begins with CUDA {first.value}", first),
        ),
        (Remedy(f"install a build for CUDA {first.value} or newer"),),
    )


def _for_compiler(case: Case) -> Iterator[Outcome]:
    """nvcc has to know the target itself; a sibling does not help."""
    kits = nvcc(case)
    for target, told in targets(case):
        if kits is None:
            yield Untold("cuda-older-than-gpu", "cuda", ("toolkits",))
            return
        yield from _knows(case, kits, target, told)


def _knows(
    case: Case, kits: list[tuple[str, str]], target: Capability, told: tuple[Evidence, ...]
) -> Iterator[Outcome]:
    """Does the compiler know the target?"""
    first = case.matrix.cuda.first_for(target)
    compilers = [
        (cuda, source, (*case.says(source, cuda, f"nvcc is of CUDA {cuda}"), *led(case))) for source, cuda in kits
    ] or [(runtime.cuda, runtime.source, case.started(runtime)) for runtime in case.runtimes]
    taken = () if kits or case.machine.toolkits is not None else (case.assume("toolkits", "nvcc is of that CUDA"),)
    if first is not None and len({versions.at_least(cuda, first.value) for cuda, *_ in compilers}) > 1:
        yield Untold("cuda-older-than-gpu", "cuda", ("variables.CUDA_HOME",))
        return
    for cuda, source, facts in compilers:
        known = versions.at_least(cuda, first.value) if first else None
        if first is None or known is None:
            yield Untold("cuda-older-than-gpu", "cuda", (source,))
        elif known:
            yield Holds("cuda-older-than-gpu", "cuda", f"nvcc {cuda} knows {target.sm}", facts)
        else:
            yield Finding(
                "cuda-older-than-gpu",
                "cuda",
                f"nvcc of CUDA {cuda} does not know {target.sm}: CUDA {first.value} is the first.",
                (*facts, *told, case.claim(f"{target} begins with CUDA {first.value}", first), *taken),
                (
                    Remedy(f"build with CUDA {first.value} or newer, against a framework of that CUDA"),
                    Remedy("or name older targets that it knows (TORCH_CUDA_ARCH_LIST)", "setting"),
                ),
            )
