"""The driver and the CUDA libraries as Debian packages: which package is which half, and what a set of them means."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from compat import versions
from compat.guard.library import carried
from compat.machine import Library, Machine
from compat.probe.dpkg import upstream
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix

Table = Mapping[str, str]

# User-mode half: the packages that hold libcuda and libnvidia-ml, by Ubuntu's, Debian's and NVIDIA's own naming.
USER = re.compile(
    r"^(?:libnvidia-compute(?:-\d+)?(?:-server)?|libcuda1|libnvidia-ml1|nvidia-compute-utils-\d+(?:-server)?)$"
)
# Kernel half. Ubuntu's prebuilt linux-modules-nvidia-* carry the kernel's version; prebuilt.py puts the driver's there.
MODULE = re.compile(
    r"^(?:nvidia-dkms(?:-\d+)?(?:-server)?(?:-open)?|nvidia-kernel(?:-open)?-dkms|nvidia-open-kernel-dkms"
    r"|nvidia-kernel-source(?:-\d+)?(?:-server)?(?:-open)?|linux-(?:modules|objects)-nvidia-\S+)$"
)
_TOOLKIT = {
    "cuda-cudart": "cudart",
    "libcublas": "cublas",
    "libcufft": "cufft",
    "libcurand": "curand",
    "libcusolver": "cusolver",
    "libcusparse": "cusparse",
    "cuda-nvrtc": "nvrtc",
    "libnvjitlink": "nvjitlink",
}
_OF_TOOLKIT = re.compile(r"^(" + "|".join(_TOOLKIT) + r")-(\d+)-(\d+)$")
_CONCERNS = re.compile(
    r"nvidia|cuda|cudnn|nvinfer|nvonnx|nvparsers|nccl|cublas|cufft|curand|cusolver|cusparse|nvjitlink|tensorrt"
)


def concerns(name: str) -> bool:
    """Can this package be part of the GPU stack? Everything else passes without a further look."""
    return _CONCERNS.search(name) is not None


def release(table: Table, half: re.Pattern[str]) -> str | None:
    """The driver release of one half; the newest where several packages disagree among themselves."""
    known = [upstream(version) for name, version in table.items() if half.match(name)]
    readable = [text for text in known if versions.try_parse(text)]
    return max(readable, key=lambda text: versions.parse(text).key(), default=None)


def libraries(table: Table, matrix: "Matrix") -> tuple[Library, ...]:
    """System copies of the libraries that these packages bring."""
    found: dict[tuple[str, str], Library] = {}
    for name, version in sorted(table.items()):
        text = upstream(version)
        toolkit = _OF_TOOLKIT.match(name)
        names = [library for library, _ in carried(matrix).get(name, ())] if toolkit is None else [_TOOLKIT[toolkit[1]]]
        for library in names if versions.try_parse(text) else ():
            found[library, text] = Library(library, text, "system")
    return tuple(found.values())


def sonames(table: Table, matrix: "Matrix") -> frozenset[str]:
    """Sonames that these packages bring."""
    found = {soname for name in table for _, soname in carried(matrix).get(name, ())}
    for name in table:
        toolkit = _OF_TOOLKIT.match(name)
        for row in matrix.libraries.sonames(_TOOLKIT[toolkit[1]]) if toolkit else ():
            if "cuda" in row and toolkit and versions.parse_range(row["cuda"]).admits(f"{toolkit[2]}.{toolkit[3]}"):
                found.add(row["soname"])
    return frozenset(found)


def as_packaged(machine: Machine, table: Table, managed: frozenset[str], matrix: "Matrix") -> Machine:
    """The machine with driver and system libraries as these packages have them; the rest as it was read.

    ``managed`` are the libraries that packages bring now or then: no other system copy of them is believed in.
    """
    user, module = release(table, USER), release(table, MODULE)
    driver, libcuda = machine.driver, machine.libcuda
    if user is not None:
        driver = replace(driver, version=user, cuda=None, kernel_module_version=module)
        libcuda = replace(libcuda, version=None)
    kept = tuple(one for one in machine.libraries or () if one.origin != "system" or one.name not in managed)
    return replace(machine, driver=driver, libcuda=libcuda, libraries=(*kept, *libraries(table, matrix)))
