"""Images of NVIDIA's registry as a way out: what is inside comes from the matrix, and the same rules judge it.

An image brings its own C library, Python, CUDA and frameworks; the driver and the GPUs stay the host's. It is an answer
where the machine, seen from inside a container of the image, passes ``start:container`` and every goal.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.goals import Goal, parse
from compat.machine import Build, Container, Libcuda, Library, Machine, Toolkit
from compat.plan.asking.request import COMPANION
from compat.plan.asking.request import IMAGES as ONLY_IMAGES
from compat.plan.commands import container as commands
from compat.plan.model import Reason, Request, Step
from compat.plan.offers.jetson import takes_servers
from compat.plan.offers.published import gpus_of
from compat.plan.solver.judge import Trial
from compat.plan.solver.scene import Scene
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

START = parse("start:container")
_NAMED_FOR = ("torch", "tensorflow", "tensorrt")
_IMAGES = {"pytorch": "torch", "tensorflow": "tensorflow", "tensorrt": "tensorrt", "tritonserver": ""}


def images(
    machine: Machine, requests: tuple[Request, ...], goals: tuple[Goal, ...], matrix: "Matrix"
) -> Iterator[Scene]:
    """The machine inside each image that reaches the goals, the newest image first.

    None in a pod, on a Jetson and on systems whose containers have no GPU of the host's. A container is left for
    another: what is known of its host (driver, GPUs) is all that an image takes.
    """
    requests = tuple(one for one in requests if one.where != COMPANION)
    if (
        not requests
        or machine.os != "linux"
        or machine.in_environment("kubernetes", "wsl1")
        or (machine.is_jetson and not takes_servers(machine, matrix))
    ):
        return
    known = tuple(one for one in gpus_of(machine, matrix) if one)
    trial = Trial((START, *goals), matrix)
    for row in _carrying(matrix, tuple((one.component, one.text) for one in requests)):
        if not (_for_platform(row, machine.arch, known, matrix) and _takes_gpus(row, known, matrix)):
            continue
        inside = entered(machine, row, matrix)
        if trial.passes(inside):
            step = _step(machine, row, requests, matrix)
            yield Scene(inside, (step,), ("container",), step.after)


def contents(row: "Row") -> dict[str, str]:
    """Component -> release inside the image, as its release notes say."""
    found: dict[str, str] = dict(row.get("packages", {}))
    if row["image"] in ONLY_IMAGES.values() and "-" not in row["tag"]:
        found[row["image"]] = row["tag"]  # its release is the month
    if "framework" in row and _IMAGES[row["image"]]:
        found[_IMAGES[row["image"]]] = row["framework"]
    if "tensorrt" in row and (_IMAGES[row["image"]] or found):  # a server without packages has no Python API of it
        found.setdefault("tensorrt", row["tensorrt"])
    return found


def reference(row: "Row", matrix: "Matrix") -> str:
    """The image's full name, as `docker run` takes it. Raises UnsafeArgument."""
    image, tag = row["image"], row["tag"]
    two = matrix.traits.holds("container", "tag-names-major", tag, image) is True
    return commands.reference(image, tag, row.get("framework", "2").partition(".")[0] if two else "")


@lru_cache(maxsize=64)
def _carrying(matrix: "Matrix", wanted: tuple[tuple[str, str], ...]) -> "tuple[Row, ...]":
    """The images with every one of these components in a release that its range admits, the newest first."""
    rows = [row for row in matrix.rows("container", "container") if row["image"] in _IMAGES and "cuda" in row]
    rows.sort(key=lambda one: (bool(_IMAGES[one["image"]]), one["tag"]), reverse=True)
    found = ((row, contents(row)) for row in rows)
    return tuple(
        row for row, inside in found if all(one in inside and admits(text, inside[one]) for one, text in wanted)
    )


def admits(text: str, version: str) -> bool:
    """Is the image's release inside the range? NVIDIA builds torch from a commit before the release and calls it
    2.3.0a0: that stands for the line 2.3, not for the release 2.3.0."""
    wanted, have = versions.parse_range(text), versions.parse(version)
    if have.is_prerelease and any(operator == "==" and not whole for operator, _, whole in wanted.clauses):
        return wanted.admits(version) is True
    return wanted.admits(have.base) is True


def _for_platform(row: "Row", arch: str | None, known: tuple[Capability, ...], matrix: "Matrix") -> bool:
    """Is the image published for this processor (x86-64 where its notes name none), and does its CUDA know the GPUs?

    The frameworks inside are NVIDIA's own builds, whose machine code no list tells; a GPU that came after the image's
    CUDA can have none.
    """
    if arch not in row.get("arch", ("x86_64",)):
        return False
    least = parse_capability(row["capability_minimum"]) if "capability_minimum" in row else None
    if least is not None and any(one < least for one in known):
        return False
    return all(_knows(matrix, row["cuda"], one) for one in known)


def _takes_gpus(row: "Row", known: tuple[Capability, ...], matrix: "Matrix") -> bool:
    """Do the packages inside take GPUs as old as these, as far as their own documentation says (vLLM: from 7.0 on)?
    What runs on TensorRT has the GPUs of its release; of one that was never published (a ``dev``) nothing tells."""
    own = versions.try_parse(row["tensorrt"]) if "tensorrt" in row else None
    for component, version in contents(row).items():
        if "tensorrt" in matrix.packages.about(component).get("runs_with", ()) and (own is None or own.is_prerelease):
            return False
        release = matrix.packages.release(component, versions.parse(version).base) or {}
        least = parse_capability(release["capability_minimum"]) if "capability_minimum" in release else None
        if least is not None and any(one < least for one in known):
            return False
    return True


def _knows(matrix: "Matrix", cuda: str, gpu: Capability) -> bool:
    last = matrix.cuda.last_for(gpu)
    if not matrix.cuda.knows_major_of(cuda, gpu):  # code for 12.0 runs on 12.1
        return False
    return last is None or versions.at_least(last.value, versions.major_minor(cuda)) is not False


def entered(machine: Machine, row: "Row", matrix: "Matrix") -> Machine:
    """The machine as a process in a container of the image sees it. What the notes do not tell is unknown."""
    image, inside = reference(row, matrix), contents(row)
    build = Build(cuda=row["cuda"], cudnn=row.get("cudnn"), tensorrt=row.get("tensorrt"), source="ngc")
    named = ((name, row.get(name)) for name in ("cudnn", "nccl", "tensorrt"))
    return replace(
        machine,
        distribution="ubuntu",
        distribution_version=row.get("ubuntu"),
        glibc=None,
        glibcxx=None,
        environment=("wsl2", "docker") if machine.in_environment("wsl2") else ("docker",),
        libcuda=Libcuda(),
        device_nodes=None,
        toolkits=(Toolkit(row["cuda"], "container"),),
        libraries=tuple(Library(name, version, "container", loaded=True) for name, version in named if version),
        missing_libraries=None,
        python=row.get("python"),
        interpreter=None,
        packages=inside,
        builds={name: build for name in inside if name in _NAMED_FOR},
        duplicates=None,
        damaged=None,
        variables=None,
        loader_configuration=None,
        container=Container(image, True, True, "compute,utility", _requires(row, matrix)),
        request=None,
    )


def _requires(row: "Row", matrix: "Matrix") -> str | None:
    """NVIDIA_REQUIRE_CUDA: the image's own, else that of the CUDA image of its release, on which it is built."""
    if "requires" in row:
        return str(row["requires"])
    line = versions.major_minor(row["cuda"])
    bases = [one for one in matrix.rows("container", "container") if one["image"] == "cuda" and "requires" in one]
    return next((str(one["requires"]) for one in bases if versions.major_minor(one["cuda"]) == line), None)


def left(machine: Machine) -> list[Reason]:
    """What to say where the machine is a container, which another one takes the place of."""
    if not machine.in_environment("docker"):
        return []
    here = f" ({machine.container.image})" if machine.container.image else ""
    said = f"It takes the place of the present container{here}: the command is for its host."
    return [Reason("request", said, "docs/plan.md, images", "how")]


def _step(machine: Machine, row: "Row", requests: tuple[Request, ...], matrix: "Matrix") -> Step:
    image, inside = reference(row, matrix), contents(row)
    carried = ", ".join(f"{one.component} {inside[one.component]}" for one in requests) or f"CUDA {row['cuda']}"
    source = str(matrix.source(row, "packages" if row.get("packages") else "cuda"))
    why = [Reason("request", f"The image brings {carried} with CUDA {row['cuda']}.", source)]
    if any(versions.parse(inside[one.component]).is_prerelease for one in requests):
        why.append(Reason("request", "Its a0 build is NVIDIA's own, of a commit before the release.", source))
    if machine.container.toolkit_installed is not True:
        said = "The host needs docker and nvidia-container-toolkit."
        why.append(Reason("container-without-gpu", said, commands.TOOLKIT))
    why += left(machine)
    return Step("container", "container", None, image, tuple(why), commands.run(image))
