"""The compiler of extensions: nvcc of the framework's CUDA, where there is none or one that does not do.

A toolkit lies beside others (/usr/local/cuda-12.4), and CUDA_HOME names the one that a build takes, so another one
changes nothing else on the machine. torch's builder stops where the majors differ; a newer minor it only warns of.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compat import versions
from compat.goals import Goal
from compat.machine import Machine, Toolkit
from compat.plan.model import Choice, Reason, Step
from compat.plan.offers.published import gpus_of
from compat.plan.offers.source import SOURCE
from compat.plan.solver.scene import Scene
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix
    from compat.plan.solver.wholes import Found

BUILD = "build:cuda-extension"
GUIDE = "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#meta-packages"


def without(base: Scene, goals: Iterable[Goal]) -> Scene | None:
    """The scene with its toolkits left open, for another one is to be installed beside them; None where nothing is
    built, or nothing is known of any, or where they belong to a JetPack."""
    machine = base.machine
    if machine.toolkits is None or all(str(goal) != BUILD for goal in goals):
        return None
    if machine.is_jetson:
        return None
    named = ("CUDA_HOME", "CUDA_PATH")
    variables = {name: text for name, text in (machine.variables or {}).items() if name not in named}
    bare = replace(machine, toolkits=None, variables=variables if machine.variables is not None else None)
    return replace(base, machine=bare)


def added(found: "Found", before: Machine, goals: Iterable[Goal], matrix: "Matrix") -> "tuple[Found, tuple[Step, ...]]":
    """What was found with the toolkit that its torch is built with, and the step that brings it: where an extension is
    compiled, and no nvcc is there that can, or torch is changed and nothing is known of any."""
    torch = next((one for one in found.choices if one.component == "torch"), None)
    cuda = torch.build.cuda if torch is not None else None
    made = next((one for one in found.choices if one.index == SOURCE), None)
    machine = found.scene.machine
    if torch is None or not cuda or machine.is_jetson:
        return found, ()
    if made is not None:
        needed = not _compiles(machine, cuda, matrix)
    else:
        built = any(str(goal) == BUILD for goal in goals)
        moved = before.toolkits is not None or not torch.installed
        needed = machine.toolkits is None and built and moved
    if not needed:
        return found, ()
    line = versions.major_minor(cuda) or cuda
    kept = tuple(kit for kit in machine.toolkits or () if made is not None)
    result = replace(found.result, toolkits=(*kept, Toolkit(line, "system")))
    return replace(found, result=result), (_step(before, torch, line, made),)


def _compiles(machine: Machine, cuda: str, matrix: "Matrix") -> bool:
    """Is there an nvcc of torch's CUDA major that knows every GPU?"""
    least = [claim.value for gpu in gpus_of(machine, matrix) if gpu and (claim := matrix.cuda.first_for(gpu))]
    kits = [kit.version for kit in machine.toolkits or () if kit.version]
    same = [kit for kit in kits if versions.parse(kit).major == versions.parse(cuda).major]
    return any(all(versions.at_least(kit, one) for one in least) for kit in same)


def _step(before: Machine, torch: Choice, line: str, made: Choice | None) -> Step:
    there = ", ".join(kit.version for kit in before.toolkits or () if kit.version)
    have = f"nvcc of CUDA {there} is there" if there else "there is no nvcc"
    if before.toolkits is None:
        have = "whether nvcc is there is not known"
    said = f"{torch.label} is of CUDA {line}, and {have}: what is built for it takes nvcc of the same major."
    if made is not None:
        said = f"{made.label} is compiled for {torch.label}, with nvcc of its CUDA major that knows the GPU; {have}."
    how = f"NVIDIA's repository has it as cuda-toolkit-{line.replace('.', '-')}, beside other releases"
    if before.os == "windows":
        how = f"NVIDIA's installer of CUDA {line} brings it, and Visual Studio's C++ tools are needed beside it"
    elif before.in_environment("docker", "kubernetes"):
        how = f"an image with `-devel` in its tag has it: nvidia/cuda:{line}.x-devel"
    return Step(
        "system",
        "cuda-toolkit",
        there or None,
        f"nvcc of CUDA {line}, and CUDA_HOME names its folder",
        (
            Reason("toolkit-mismatch-for-build", said, GUIDE),
            Reason("toolkit-mismatch-for-build", f"{how}; a newer release of the major does too.", GUIDE, "how"),
        ),
        needs_root=True,
    )
