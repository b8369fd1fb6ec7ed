"""WSL: which of the two it is, and has it the GPU and the libcuda of Windows?"""

import re
from collections.abc import Iterator

from compat import versions
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, rule
from compat.rules.case import Case


@rule(
    "wsl-setup",
    reads=(
        "environment",
        "kernel",
        "libcuda.path",
        "libcuda.stub",
        "packages",
        "device_nodes",
        "container.gpu_access",
        "container.image",
    ),
    masks=("gpu-missing", "driver-missing", "device-node-missing", "driver-library-mismatch", "driver-too-old"),
    of="platform",
)
def wsl_setup(case: Case) -> Iterator[Outcome]:
    """WSL 1, a Linux driver inside WSL 2, or a WSL 2 that Windows gives no GPU.

    WSL 1 translates system calls and has no GPU. WSL 2 has one through /dev/dxg and the libcuda that Windows mounts at
    /usr/lib/wsl/lib; a Linux driver package installed inside brings another libcuda that knows nothing of it. In a
    container NVIDIA's toolkit mounts Windows' own among the image's libraries (nvidia-docker issue 1551). A Windows
    before 10 21H2 makes no /dev/dxg (WSL issue 7056).

    Remedy: `wsl --set-version DISTRIBUTION 2`; inside WSL 2 remove the driver packages and install only the CUDA
    toolkit; update Windows, its driver and WSL.
    """
    if not case.goal.needs_gpu:
        return
    kernel = case.machine.kernel or ""
    if case.environment("wsl1") or _OF_WSL1.match(kernel):
        said = ("environment", "wsl1") if case.environment("wsl1") else ("kernel", kernel)
        yield Finding(
            "wsl-setup",
            "environment",
            "This is WSL 1, which has no access to the GPU.",
            (case.read(*said),),
            (Remedy("convert it: wsl --set-version DISTRIBUTION 2", "environment"),),
        )
    elif case.environment("wsl2"):
        yield from _of_wsl2(case, kernel)


def _of_wsl2(case: Case, kernel: str) -> Iterator[Outcome]:
    """What is wrong with a WSL 2, the first that keeps the GPU from it, and its kernel."""
    driver = _driver_inside(case)
    if driver is not None:
        yield driver
        return
    yield from _old_kernel(case, kernel)
    found = _without_gpu(case) or _libcuda(case)
    if found is not None:
        yield found


def _driver_inside(case: Case) -> Finding | None:
    packages = case.machine.packages or {}
    inside = [name for name, have in packages.items() if have is not False and is_driver(name)]
    if not inside:
        return None
    return Finding(
        "wsl-setup",
        "environment",
        f"A Linux driver is installed inside WSL 2: {', '.join(inside)}.",
        (case.read("environment", "wsl2"), *(case.read(f"packages.{name}", packages[name]) for name in inside)),
        (Remedy("remove the Linux driver packages; WSL 2 uses the driver of Windows", "system"),),
    )


def _without_gpu(case: Case) -> Finding | None:
    nodes = case.machine.device_nodes
    if nodes is None or "/dev/dxg" in nodes or case.machine.container.gpu_access is False:
        return None
    return Finding(
        "wsl-setup",
        "environment",
        "WSL 2 has no /dev/dxg: Windows gives it no GPU.",
        (case.read("environment", "wsl2"), case.read("device_nodes", ", ".join(nodes) or "none"), *_as_wsl(case)),
        (Remedy("update Windows and its NVIDIA driver, then: wsl --update, wsl --shutdown", "system"),),
    )


def _libcuda(case: Case) -> Outcome | None:
    """Is the libcuda that loads the one that Windows mounts?"""
    path, stub = case.machine.libcuda.path, case.machine.libcuda.stub
    if path is None:
        return None
    if "/wsl/" in path:
        said = (case.read("libcuda.path", path),)
        return Holds("wsl-setup", "environment", "libcuda is the one that Windows mounts", said)
    if stub or _inside(case):
        return None
    taken = [case.assume("libcuda.stub", "it is a driver's, and no stub of the toolkit's")] if stub is None else []
    if case.machine.container.image is None:
        taken.append(case.assume("container.image", "no container, into which the toolkit mounts Windows' own"))
    return Finding(
        "wsl-setup",
        "environment",
        f"Inside WSL 2 another libcuda loads than Windows' own: {path}.",
        (case.read("environment", "wsl2"), case.read("libcuda.path", path), *taken),
        (Remedy("remove the Linux driver packages; WSL 2 uses the driver of Windows", "system"),),
    )


def _inside(case: Case) -> bool:
    """Is a container described, rather than the WSL 2 that starts it?"""
    if case.environment("docker", "kubernetes"):
        return True
    return case.machine.container.image is not None and case.goal.verb != "start"


def _as_wsl(case: Case) -> tuple[Evidence, ...]:
    """That these are WSL's own nodes, and not those of a container in it that was given none."""
    if case.machine.container.gpu_access is not None:
        return ()
    return (case.assume("container.gpu_access", "no container that was started without the GPU"),)


_OF_WSL1 = re.compile(r"4\.4\.0-\d+-Microsoft")
_OF_WSL2 = re.compile(r"(\d+\.\d+\.\d+(?:\.\d+)?)-microsoft", re.IGNORECASE)


def _old_kernel(case: Case, kernel: str) -> Iterator[Outcome]:
    """Microsoft names a least kernel; CUDA works on some older ones, in part (vllm issue 6184)."""
    release = _OF_WSL2.match(kernel)
    asked = case.matrix.traits.row("distribution", "cuda-in-wsl", "kernel")
    if release is not None and asked and versions.parse_range(asked["range"]).admits(release[1]) is False:
        yield Finding(
            "wsl-setup",
            "environment",
            f"The kernel of WSL is {release[1]}; CUDA asks for {asked['range']}.",
            (case.read("kernel", kernel), case.cite(f"CUDA in WSL asks for a kernel {asked['range']}", asked)),
            (Remedy("wsl --update, then wsl --shutdown", "environment"),),
            "warning",
        )


_DRIVER_PACKAGES = (
    "nvidia-driver",
    "nvidia-utils-",
    "nvidia-dkms",
    "nvidia-compute-utils",
    "libnvidia-compute-",
    "libcuda1",
    "nvidia-open-",
    "nvidia-kernel-",
    "cuda-drivers",
)


def is_driver(name: str) -> bool:
    """Is it a system package that brings a Linux driver or its libcuda? Those of the toolkit do not."""
    return f"{name}-".startswith(_DRIVER_PACKAGES)
