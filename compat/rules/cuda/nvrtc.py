"""What compiles machine code for the GPU as it runs, with the NVRTC that it finds (CuPy): does that know the GPU?"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from compat import versions
from compat.rules.base import Finding, Holds, Outcome, Remedy, Untold
from compat.rules.candidates import CONDA_PARTS, conda_cuda
from compat.rules.cuda.targets import serves_by_sibling
from compat.rules.gpus import GpuFact, each_chip

if TYPE_CHECKING:
    from compat.capability import Capability
    from compat.matrix import Row
    from compat.rules.base import Evidence
    from compat.rules.case import Case
    from compat.rules.subject import Subject

RULE = "cuda-older-than-gpu"
_TRAIT = "compiles-for-gpu"
_PART = "nvidia-cuda-nvrtc"  # pip's, with or without the CUDA that it is for behind it

Compiler = tuple[str, "tuple[Evidence, ...]"]  # its CUDA, and what tells of it


def knows_gpus(case: "Case") -> Iterator[Outcome]:
    """Of a package that has NVRTC compile for the GPU itself: does every NVRTC that it can find know each GPU?

    Where a variable has it compile to PTX instead, the driver compiles that for any GPU.
    """
    main = case.main
    claim = _claim(case, main) if main is not None and main.state == "installed" else None
    if main is None or claim is None:
        return
    switch = case.matrix.traits.row(main.component, "compiles-to-ptx-by")
    told = case.machine.variables
    if switch is not None and (told or {}).get(switch["value"], "0") not in ("", "0"):
        return
    found = _compilers(case, main)
    if not found or any(versions.at_least(cuda, claim["value"]) is not True for cuda, _ in found):
        return
    unset = (case.assume("variables", f"{switch['value']} is not set"),) if switch is not None and told is None else ()
    for gpu in case.gpus:
        yield from each_chip(gpu, partial(_judged, case, main, found, (case.cite(_said(main), claim), *unset)))


def _said(main: "Subject") -> str:
    return f"{main.distribution} has NVRTC compile machine code for the GPU"


def _claim(case: "Case", main: "Subject") -> "Row | None":
    """That its release does so; of one that is not told, that each does which it can be."""
    traits = case.matrix.traits
    if main.version is not None:
        return traits.claim(main.component, _TRAIT, main.version)
    row = traits.row(main.component, _TRAIT)
    can_be = {str(one["version"]) for one in main.candidates}
    return row if row and can_be and all(traits.holds(main.component, _TRAIT, one) for one in can_be) else None


def _compilers(case: "Case", main: "Subject") -> list[Compiler]:
    """Each NVRTC of its CUDA major that it can find: the one that is seen to load, else copies, toolkits, conda's and
    pip's parts, and what came with torch. None at all where the release of one is not told."""
    seen = case.seen("nvrtc", main.component)
    told = [(f"{path}.version", copy.version) for path, copy in seen or case.usable("nvrtc")]
    torch = case.subject("torch")
    if not seen:
        told += [(f"toolkits[{index}].version", kit.version) for index, kit in enumerate(case.machine.toolkits or ())]
        parts = [name for name, one in case.packages.items() if name.startswith(_PART) and one is not False]
        laid = conda_cuda(case.machine, CONDA_PARTS)
        parts += [laid[1].removeprefix("packages.")] if laid is not None else []
        told += [(f"packages.{name}", case.version_of(name)) for name in parts]
    found: list[Compiler] = [(cuda, (case.read(place, cuda),)) for place, cuda in told if cuda is not None]
    if len(found) < len(told):
        return []
    if torch.state == "installed" and not seen:
        cuda = torch.field("cuda").known
        if not cuda:
            return []
        found.append((str(cuda), case.package(torch)))
    major = main.field("cuda").known
    return [one for one in found if not major or versions.same_line(one[0], str(major), 1)]


def _judged(
    case: "Case", main: "Subject", found: list[Compiler], why: "tuple[Evidence, ...]", gpu: GpuFact
) -> Outcome | None:
    capability = gpu.capability
    first = case.matrix.cuda.first_for(capability) if capability is not None else None
    if first is None or capability is None:
        return None
    knows = {_knows(case, cuda, first.value, capability) for cuda, _ in found}
    facts = (*case.package(main), *gpu.evidence, *(fact for _, told in found for fact in told), *why)
    newest = max((cuda for cuda, _ in found), key=lambda one: versions.parse(one).key())
    if knows == {True}:
        return Holds(RULE, main.component, f"NVRTC of CUDA {newest} makes code for {gpu.name}", facts)
    if knows != {False}:
        return Untold(RULE, main.component, ("libraries",))
    unsaid = [place for place in ("toolkits", "libraries") if getattr(case.machine, place) is None]
    return Finding(
        RULE,
        main.component,
        f"{main.label} has NVRTC of CUDA {newest} compile for {gpu.name} ({capability}), which that does not know: "
        f"CUDA {first.value} is the first.",
        (
            *facts,
            case.claim(f"{capability} begins with CUDA {first.value}", first),
            *(case.assume(place, "no newer NVRTC is there") for place in unsaid),
            case.assume("packages", "nor one of another package"),
        ),
        (
            Remedy(f"install CUDA {first.value} or newer, or NVRTC of it"),
            *_by_driver(case, main),
        ),
    )


def _knows(case: "Case", cuda: str, first: str, gpu: "Capability") -> bool | None:
    """Does its NVRTC write code that runs on the GPU: for it, or for an older one of the same major?"""
    known = versions.at_least(cuda, first)
    return serves_by_sibling(case, cuda, first, gpu) if known is False else known


def _by_driver(case: "Case", main: "Subject") -> tuple[Remedy, ...]:
    switch = case.matrix.traits.row(main.component, "compiles-to-ptx-by")
    return (Remedy(f"or set {switch['value']}=1: the driver compiles then", "setting"),) if switch is not None else ()
