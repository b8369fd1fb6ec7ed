"""Containers: is the GPU inside, is the image's own requirement met?"""

import re
from collections.abc import Iterator

from compat import versions
from compat.records import replace
from compat.rules.base import OF_DRIVER, OF_GPUS, OF_SYSTEM, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case


@rule(
    "container-without-gpu",
    reads=(
        "container.gpu_access",
        "container.toolkit_installed",
        "container.driver_capabilities",
        "container.image",
        "environment",
    ),
    masks=("gpu-missing", "driver-missing", "device-node-missing", "driver-library-mismatch"),
    of="platform",
)
def container_without_gpu(case: Case) -> Iterator[Outcome]:
    """The container was started without GPU access, or the toolkit or a driver capability is missing.

    A container sees the GPU only if its runtime mounts the driver into it: docker needs the NVIDIA container toolkit
    on the host and `--gpus` (or the nvidia runtime). NVIDIA_DRIVER_CAPABILITIES says which parts are mounted: without
    `compute` there is no libcuda, while `utility` alone makes nvidia-smi work.

    Shows as: `could not select device driver "" with capabilities: [[gpu]]`, "Found no NVIDIA driver" inside.

    Remedy: install nvidia-container-toolkit on the host, start with `--gpus all`, ask for compute,utility.
    """
    if not case.goal.needs_gpu:
        return
    container = case.machine.container
    if container.gpu_access is False:
        yield Finding(
            "container-without-gpu",
            "container",
            "The container was started without access to the GPU.",
            (case.read("container.gpu_access", False),),
            (Remedy("start it with --gpus all (docker) or --device nvidia.com/gpu=all (podman)", "container"),),
        )
    elif container.toolkit_installed is False and _in_container(case):
        yield Finding(
            "container-without-gpu",
            "container",
            "The NVIDIA container toolkit is not installed on the host.",
            (case.read("container.toolkit_installed", False), *_told(case)),
            (Remedy("install nvidia-container-toolkit on the host and run nvidia-ctk runtime configure", "system"),),
        )
    elif container.driver_capabilities is not None and not _computes(container.driver_capabilities):
        yield Finding(
            "container-without-gpu",
            "container",
            f"NVIDIA_DRIVER_CAPABILITIES is {container.driver_capabilities!r}: libcuda is not mounted without compute.",
            (case.read("container.driver_capabilities", container.driver_capabilities),),
            (Remedy("set NVIDIA_DRIVER_CAPABILITIES=compute,utility", "container"),),
        )
    elif container.toolkit_installed is False and _in_container(case) is None:
        yield Untold("container-without-gpu", "container", ("environment",))
    elif container.gpu_access:
        yield Holds(
            "container-without-gpu",
            "container",
            "the container has access to the GPU",
            (case.read("container.gpu_access", True),),
        )


def _in_container(case: Case) -> bool | None:
    """Is the goal about a container? A host that starts none needs no toolkit. None where nothing tells."""
    if case.goal.verb == "start" or case.machine.container.image:
        return True
    return case.machine.in_environment("docker")


def _told(case: Case) -> tuple[Evidence, ...]:
    """What tells that it is a container, where the goal does not."""
    image = case.machine.container.image
    if case.goal.verb == "start":
        return ()
    return (case.read("container.image", image) if image else case.read("environment", "docker"),)


def _computes(capabilities: str) -> bool:
    named = {part.strip() for part in capabilities.split(",")}
    return bool(named & {"all", "compute"})


@rule(
    "container-needs-newer-driver",
    reads=("arch", "container.requires", "container.image", *OF_DRIVER, *OF_SYSTEM, *OF_GPUS),
    masks=("driver-too-old",),
    of="platform",
)
def container_needs_newer_driver(case: Case) -> Iterator[Outcome]:
    """The image's own requirement is not met.

    CUDA images carry NVIDIA_REQUIRE_CUDA: an expression over cuda, driver, brand and arch that the container toolkit
    evaluates when the container starts, and refuses to start it otherwise. Words separated by blanks are alternatives,
    commas mean and: `cuda>=12.6 brand=tesla,driver>=535,driver<536`.

    Shows as: "requirement error: unsatisfied condition: cuda>=12.6".

    Where the expression is not told, an image of nvidia/cuda that is to be started has the one it is published with.

    Remedy: a newer driver on the host, or an older image.
    (NVIDIA_DISABLE_REQUIRE=1 skips the check, not the cause.)
    """
    if not case.goal.needs_gpu:
        return
    asked_for = _requirement(case)
    if asked_for is None:
        return
    text, evidence = asked_for
    driver, offered = case.machine.driver.version, case.driver_cuda or case.least_cuda
    try:
        met = _is_met(case, text)
    except versions.BadVersion:
        yield Untold("container-needs-newer-driver", "container", ("container.requires",))
        return
    asked = [fact for gpu in case.gpus for fact in gpu.evidence] if "brand" in text or "arch" in text else []
    known = (*evidence, *case.driver_evidence, *(offered[1] if offered else ()), *asked)
    if met is False:
        yield Finding(
            "container-needs-newer-driver",
            "container",
            f"The image requires {_short(text)}; "
            f"the driver {driver or ''} offers CUDA {offered[0] if offered else '?'}.".replace("  ", " "),
            known,
            (
                Remedy("install a newer driver on the host", "driver"),
                Remedy("use an image of an older CUDA", "container"),
            ),
        )
    elif met:
        yield Holds("container-needs-newer-driver", "container", "the image's own requirement is met", known)
    else:
        yield Untold("container-needs-newer-driver", "container", ("driver.version", "gpus[0].name"))


def _is_met(case: Case, text: str) -> bool | None:
    """Do all GPUs that the container is given meet the expression? Raises BadVersion for one that cannot be read."""
    from compat import requirement

    offered = case.driver_cuda or case.least_cuda
    host = requirement.Host(
        cuda=offered[0] if offered else None, driver=case.machine.driver.version, brand=None, arch=None
    )
    hosts = [
        replace(
            host,
            brand=requirement.brand_of(gpu.kind, gpu.name),
            arch=str(gpu.capability) if gpu.capability else None,
        )
        for gpu in case.gpus
    ]
    answers = {requirement.satisfied(text, one) for one in hosts or [host]}
    met = False if False in answers else None if None in answers else True
    if not met and case.driver_cuda is None and case.least_cuda is not None:
        return None  # it may offer more than is known of it
    return met


def _requirement(case: Case) -> tuple[str, tuple[Evidence, ...]] | None:
    """The image's expression: as it is told, else as this release of nvidia/cuda has it, or one of its minor."""
    text, image = case.machine.container.requires, case.machine.container.image or ""
    if text is not None:
        return text, (case.read("container.requires", text),)
    named = _OF_CUDA.match(image) if case.goal.verb == "start" else None
    if named is None or (case.machine.variables or {}).get("NVIDIA_DISABLE_REQUIRE"):
        return None
    rows = [row for row in case.matrix.rows("container", "container") if row["image"] == "cuda" and "requires" in row]
    alike = [row for row in rows if versions.same_line(row["tag"], named[1], 2)]
    row = next((row for row in alike if row["tag"] == named[1]), alike[0] if alike else None)
    if row is None:
        return None
    cited = case.cite(f"nvidia/cuda:{row['tag']} is published with that", row, "requires")
    own = [case.assume("container.requires", "that which the image is published with")]
    own += [case.assume("variables", "NVIDIA_DISABLE_REQUIRE is not set")] if case.machine.variables is None else []
    return row["requires"], (case.read("container.image", image), cited, *own)


_OF_CUDA = re.compile(r"(?:nvcr\.io/|docker\.io/)?nvidia/cuda:(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)(?:-|$)")


def _short(text: str) -> str:
    first = text.split()[0] if text.split() else text
    return first if first == text.strip() else f"{first} (or an exception in its list)"
