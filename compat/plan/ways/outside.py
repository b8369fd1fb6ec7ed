"""CUDA and cuDNN installed on the machine itself, for builds that take both from there and that no package serves:
MXNet, Paddle before 3, JAX before 0.4.7, the first releases of ONNX Runtime and TensorFlow.

A toolkit lies beside others and changes nothing that is there. It is a step by hand, so it is looked for only where
neither packages nor conda-forge have an answer, and only for components that lack nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Library, Machine, Toolkit
from compat.matrix.packages import same_cuda
from compat.plan.model import Choice, Reason, Request, Step
from compat.plan.offers import offers
from compat.plan.offers.places import ARCHIVE
from compat.plan.offers.published import gpus_of, serves
from compat.plan.solver.scene import Scene
from compat.plan.ways.toolkit import GUIDE
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.plan.solver.search import Search

CUDNN_GUIDE = "https://docs.nvidia.com/deeplearning/cudnn/installation/latest/"
_MISSED = "library-not-found"
_MOST = 4  # releases of CUDA that are tried, in the order in which the builds are preferred
_MAJORS = range(7, 20)


def scenes(base: Scene, tried: "Sequence[Search]", requests: Iterable[Request], matrix: "Matrix") -> Iterator[Scene]:
    """The machine with each CUDA and cuDNN that a build takes from it, where that is what is missing."""
    machine = base.machine
    if machine.os not in (None, "linux", "windows") or machine.is_jetson or not tried:
        return
    seen: dict[tuple[str, str], Choice] = {}
    for request in requests:
        if _is_missing(request, tried):
            for choice in _taking(request, machine, matrix):
                cuda, cudnn = _release(str(choice.row["cuda"]), matrix), _cudnn(choice, machine, matrix)
                if cuda is not None:
                    seen.setdefault((cuda, cudnn), choice)
    for (cuda, cudnn), choice in list(seen.items())[:_MOST]:
        kits = (*(machine.toolkits or ()), Toolkit(cuda, "system"))
        there = tuple(one for one in machine.libraries or () if one.name != "cudnn" or not cudnn)
        brought = (Library("cudnn", cudnn, "system"),) if cudnn else ()
        with_cuda = replace(machine, toolkits=kits, libraries=(*brought, *there))
        yield replace(base, machine=with_cuda, steps=(*base.steps, _step(machine, choice, cuda, cudnn)))


def _is_missing(request: Request, tried: "Sequence[Search]") -> bool:
    """Is there no build for the machine as it is, or none but for CUDA's libraries; or none of a TensorRT that a
    TensorFlow is linked to, which may be one that no index has?"""
    element = f"{_MISSED}:{request.component}"
    if request.component == "tensorrt" and any(
        search.has_links and "package-versions-mismatch" in (search.certificate or ()) for search in tried
    ):
        return True
    if any(element in (search.certificate or ()) for search in tried):
        return True
    return not any(search.asked_for(request) for search in tried)


def _taking(request: Request, machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    """The builds that take CUDA from a machine that has it."""
    kits = tuple(Toolkit(f"{major}.99", "system") for major in _MAJORS)  # newer than any line that a build names
    whole = replace(machine, toolkits=kits, libraries=(Library("cudnn", None, "system"),))
    usual = set(offers(request.component, machine, matrix, request.text, True))
    demanded = versions.cuda_of_tag(request.build) if request.build else None
    for choice in offers(request.component, whole, matrix, request.text, True):
        fits = demanded is None or same_cuda(choice.build.cuda, demanded) is not False
        alone = not (choice.parts or choice.extras or choice.conda or choice.extra_index)
        if fits and choice.row.get("cuda") and (alone or choice not in usual):
            yield choice


def _release(cuda: str, matrix: "Matrix") -> str | None:
    """The CUDA release line to install: the build's own, of a bare major the last."""
    line = versions.major_minor(cuda)
    if line is not None and len(versions.parse(cuda).release) > 1:
        return line
    last = matrix.cuda.last_of_major(cuda)
    return versions.major_minor(str(last["version"])) if last is not None else None


def _cudnn(choice: Choice, machine: Machine, matrix: "Matrix") -> str:
    """The newest cuDNN of the build's major that serves the GPUs; empty where it opens none."""
    built = choice.row.get("cudnn") or dict(choice.libraries).get("cudnn")
    if not built:
        return ""
    gpus, major = gpus_of(machine, matrix), versions.parse(built).major
    known = [str(row["version"]) for row in matrix.packages.releases("cudnn")]
    same = [one for one in known if versions.parse(one).major == major and serves(matrix, "nvidia-cudnn-", one, gpus)]
    return same[-1] if same else str(built)


def _step(machine: Machine, choice: Choice, cuda: str, cudnn: str) -> Step:
    both = f"CUDA {cuda}" + (f" and cuDNN {cudnn}" if cudnn else "")
    there = ", ".join(kit.version for kit in machine.toolkits or () if kit.version)
    have = f"CUDA {there} is there" if there else "there is none"
    if machine.toolkits is None:
        have = "what is there is not known"
    # Of an archive several releases may serve; which one is told by its own step.
    taker = f"{choice.component} of NVIDIA's archive" if choice.index == ARCHIVE else choice.label
    said = f"{taker} takes {both} from the machine, no package brings it, and {have}."
    names = f"cuda-toolkit-{cuda.replace('.', '-')}" + (f" and libcudnn{cudnn.partition('.')[0]}" if cudnn else "")
    how = f"NVIDIA's repository has it as {names}, beside other releases."
    if machine.os == "windows":
        how = "NVIDIA's installer of that CUDA brings it; cuDNN is an archive to unpack into its folder."
    elif machine.in_environment("docker", "kubernetes"):
        mark = f"-cudnn{cudnn.partition('.')[0]}" if cudnn else ""
        how = f"An image with `{mark}-runtime` in its tag has it: nvidia/cuda:{cuda}.x{mark}-runtime."
    reasons = (
        Reason(_MISSED, said, f"published builds of {choice.distribution} in the matrix"),
        Reason(_MISSED, how, CUDNN_GUIDE if cudnn else GUIDE, "how"),
    )
    return Step("system", "cuda-toolkit", there or None, f"{both} on the machine", reasons, needs_root=True)
