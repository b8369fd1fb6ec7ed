"""XLA's own compilation: its assembler has to take what XLA writes, and the driver what the assembler writes.

XLA compiles in parallel and lets the driver link the pieces. A driver links nothing that a newer assembler wrote, so
jaxlib before the release that looks for this (and then compiles in one piece) fails where ptxas is of a newer CUDA
than the driver's: https://github.com/jax-ml/jax/issues/11967 (2022-08), CUDA 11.6 on a driver of 11.4. Later releases
compile in one piece there (XLA, NVPTXCompiler::CanUseLinkModules) and say that it is slower.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import parse, ptx_runs
from compat.rules.base import Evidence, Finding, Outcome, Remedy

if TYPE_CHECKING:
    from compat.rules.case import Case


def assembled(case: "Case") -> Iterator[Outcome]:
    """Is the assembler of an old jaxlib newer than the driver?"""
    jaxlib, offered, ptxas = case.version_of("jaxlib"), case.compiler, assembler(case)
    if case.goal.object != "jax" or jaxlib is None or offered is None or ptxas is None:
        return
    blind = case.matrix.traits.claim("jaxlib", "assembler-unchecked", versions.parse(jaxlib).public)
    if blind is None:
        return
    cuda, told = offered
    release, read = ptxas
    if versions.at_least(cuda, versions.major_minor(release)) is False:
        yield Finding(
            "ptx-newer-than-driver",
            "jaxlib",
            f"jaxlib {jaxlib} has the driver link what ptxas {release} wrote; this driver is of CUDA {cuda}.",
            (*read, *told, case.cite(f"jaxlib {blind['range']} does not look for this", blind)),
            (
                Remedy(f"install CUDA {cuda}'s ptxas (toolkit or nvidia-cuda-nvcc), or a driver of CUDA {release}"),
                Remedy("install a newer jaxlib"),
            ),
        )


def assembler(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """(release, evidence) of the ptxas that XLA finds: the one seen, pip's, else that of the only toolkit."""
    found = case.loaded("ptxas")
    if found is not None and found[1].version is not None:
        return found[1].version, (case.read(f"{found[0]}.version", found[1].version), *case.of_whom("ptxas"))
    alone = case.assume("libraries", "no other ptxas is there")
    for name in _PIPS:
        release = case.version_of(name)
        if release is not None:
            return release, (case.read(f"packages.{name}", release), alone)
    kits = case.machine.toolkits or ()
    if len(kits) == 1 and kits[0].version is not None:
        path = "toolkits[0].version"
        return kits[0].version, (case.read(path, kits[0].version), alone, case.assume("packages", "nor pip's"))
    return None


_PIPS = ("nvidia-cuda-nvcc-cu11", "nvidia-cuda-nvcc-cu12", "nvidia-cuda-nvcc")


def _of_image(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """That of the CUDA image which the process runs in (nvidia/cuda:11.1.1-runtime): what an image without compilers
    gets of them later is of its own CUDA. A jaxlib that looks for pip's parts was most likely installed with them."""
    from compat.rules.runtimes import of_tag

    image, jaxlib = case.machine.container.image or "", case.version_of("jaxlib")
    if not image.partition(":")[0].endswith("nvidia/cuda") or case.machine.toolkits or case.usable("ptxas"):
        return None
    release = of_tag(image)
    if release is None or case.matrix.traits.holds("jaxlib", "looks-for-parts", jaxlib) is not False:
        return None
    alone = (case.assume("toolkits, libraries", "no other ptxas is there"), case.assume("packages", "nor pip's"))
    return release, (case.read("container.image", image), *alone)


def assembler_knows(case: "Case", cuda: str, first: str) -> tuple[bool | None, tuple[Evidence, ...]]:
    """Does the ptxas that XLA finds know what begins with CUDA ``first``? And what tells it. None where one of several
    copies or toolkits may; where none is spoken of, it is that of the CUDA which the build is for."""
    found = assembler(case) or _of_image(case)
    if found is not None:
        return versions.at_least(found[0], first), found[1]
    there = [(f"toolkits[{index}].version", kit.version) for index, kit in enumerate(case.machine.toolkits or ())]
    there += [(f"{path}.version", copy.version) for path, copy in case.usable("ptxas")]
    if any(told is None or versions.at_least(told, first) for _, told in there):
        return None, ()
    mine = f"-cu{versions.parse(cuda).major}"
    part = next((name for name in _PIPS if name.endswith(mine)), _PIPS[-1])
    unsaid = [place for place in ("toolkits", "libraries") if getattr(case.machine, place) is None]
    return False, (
        case.assume(f"packages.{part}", "no newer release is there"),
        *(case.assume(place, "no ptxas there that knows it") for place in unsaid),
        *(case.read(*one) for one in there),
    )


def certain_assembler(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """The same, or the image's; but not a toolkit's or the image's where pip's own may be there."""
    found = assembler(case) or _of_image(case)
    whole = found is not None and found[1][0].fact.startswith(("toolkits", "container"))
    return None if whole and _has_pips(case) else found


def assembler_needed(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """(release, evidence) of the ptxas without which this jaxlib compiles nothing; those before it fell back to the
    driver's own compiler."""
    jaxlib = _release(case)
    needs = case.matrix.traits.claim("jaxlib", "assembler-needed", versions.parse(jaxlib[0]).public) if jaxlib else None
    found = certain_assembler(case) if needs is not None else None
    if jaxlib is None or needs is None or found is None:
        return None
    return found[0], (
        *found[1],
        *jaxlib[1],
        case.cite(f"jaxlib {needs['range']} does not run what its ptxas refuses", needs),
    )


def _release(case: "Case") -> tuple[str, tuple[Evidence, ...]] | None:
    """(release, evidence) of the jaxlib that holds XLA: its own, else that of jax, which is released with it."""
    for name in ("jaxlib", "jax"):
        release = case.version_of(name)
        if release is not None:
            of_jax = () if name == "jaxlib" else (case.assume("packages.jaxlib", "the one that jax was released with"),)
            return release, (case.read(f"packages.{name}", release), *of_jax)
    return None


def _has_pips(case: "Case") -> bool:
    """May its plugin have come with pip's parts of CUDA (``jax[cuda12]``), one of which is ptxas, or are some told?"""
    return any(_is_part(name) and told is not False for name, told in case.packages.items())


def _is_part(name: str) -> bool:
    """Is it the plugin or one of pip's parts of CUDA, by its suffix, or ptxas of CUDA 13 and later, which have none?"""
    of_cuda = name.startswith("nvidia-") and name.rpartition("-cu")[2].isdigit()
    return of_cuda or name.startswith("jax-cuda") or name == "nvidia-cuda-nvcc"


def older_assembler(case: "Case") -> Iterator[Outcome]:
    """Does XLA find a ptxas that does not take the PTX which this jaxlib writes?"""
    told = _release(case)
    if case.goal.object != "jax" or not case.goal.needs_gpu or told is None:
        return
    jaxlib, read = told
    public = versions.parse(jaxlib).public
    rows = case.matrix.traits.every("jaxlib", "assembler-at-least")
    row = next((one for one in rows if versions.parse_range(one["range"]).admits(public)), None)
    found = certain_assembler(case) if row is not None else None
    if row is None or found is None or versions.at_least(found[0], row["value"]) is not False:
        return
    yield Finding(
        "cuda-library-too-old",
        "ptxas",
        f"jaxlib {jaxlib} writes PTX of CUDA {row['value']}, which the ptxas {found[0]} that it finds does not take.",
        (*found[1], *read, case.cite(f"jaxlib {row['range']} needs the ptxas of CUDA {row['value']} or newer", row)),
        (
            Remedy(f"put a ptxas of CUDA {row['value']} or newer (nvidia-cuda-nvcc-cu12) first on PATH", "setting"),
            Remedy("install a newer jax"),
        ),
    )


def targets_of_older(case: "Case") -> Iterator[Outcome]:
    """Does XLA take a GPU that it does not know for the newest one that it does, by a target of that one alone?

    The assembler of a CUDA that knows the GPU refuses this: "Program with .target 'sm_90a' cannot be compiled to future
    architecture".
    """
    told = _release(case)
    if case.goal.object != "jax" or told is None:
        return
    version, read = told
    row = case.matrix.traits.claim("jaxlib", "targets-newest-known", versions.parse(version).public)
    if row is None:
        return
    newest = parse(row["value"])
    for gpu in case.gpus:
        if gpu.capability is None or gpu.capability <= newest or ptx_runs(newest, gpu.capability):
            continue
        yield Finding(
            "gpu-not-in-build",
            "jaxlib",
            f"The XLA in jaxlib {version} compiles for {newest.sm} at most, and {gpu.name} ({gpu.capability.sm}) does "
            "not run that.",
            (
                *read,
                *gpu.evidence,
                case.cite(f"jaxlib {row['range']} compiles for {newest.sm} where the GPU is newer", row),
            ),
            (Remedy(f"install a newer jax, whose XLA knows {gpu.capability.sm}"),),
        )
