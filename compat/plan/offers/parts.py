"""CUDA's libraries as packages of the index: which ones carry the sonames that a build opens, and in which release."""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Machine
from compat.plan.model import Choice, Pin
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_OF_DRIVER = ("libcuda.so.1", "nvcuda.dll")
_OF_TENSORRT = ("nvinfer", "nvonnxparser", "nvinfer_plugin")


def carriers(matrix: "Matrix", row: "Row", cuda_major: int) -> tuple[str, ...] | None:
    """Packages that carry what the build opens; None where one of its libraries is in no package."""
    found: dict[str, None] = {}
    for soname in row.get("needs", ()):
        known = matrix.libraries.of_soname(soname)
        if soname in _OF_DRIVER or (known is not None and known["library"] in _OF_TENSORRT):
            continue
        names = [name for name in (known or {}).get("packages", ()) if matrix.libraries.is_of_cuda(name, cuda_major)]
        if not names:
            return None
        found[names[0]] = None
    return tuple(found)


def on_machine(machine: Machine, major: int, cudnn: bool) -> bool:
    """Is CUDA of this major installed on the machine itself, and cuDNN where it is needed?"""
    kits = [versions.parse(kit.version).major for kit in machine.toolkits or () if kit.version]
    there = any(one.name == "cudnn" and one.origin in ("system", "container") for one in machine.libraries or ())
    return major in kits and (there or not cudnn)


def beside(plain: Choice, row: "Row", machine: Machine, matrix: "Matrix") -> Choice | None:
    """The build with the packages beside it that carry what it opens, cuDNN of the build's major among them; None
    where no packages do."""
    major = versions.parse(row["cuda"]).major
    system = machine.os or row.get("os")  # where it is not told, that of the build
    names = carriers(matrix, row, major) if "needs" in row and system in ("linux", "windows") else None
    if not names:
        return None
    without = matrix.traits.holds(plain.component, "cudnn-optional", row["version"])
    cudnn = None if without else row.get("cudnn")
    if cudnn:
        names = tuple(dict.fromkeys((*names, f"nvidia-cudnn-cu{major}")))
    bound = f">={cudnn},<{versions.parse(cudnn).major + 1}" if cudnn else "*"
    ranges = {name: bound for name in names if "cudnn" in name}
    own = pins(names, ranges, plain.label, str(matrix.source(row, "needs")))
    return replace(plain, pins=(*plain.pins, *own), parts=names, default=False)


def pins(names: tuple[str, ...], ranges: dict[str, str], by: str, source: str) -> tuple[Pin, ...]:
    """The packages as pins, each in its range or in any release; which release, all that share it decide together."""
    return tuple(Pin(name, ranges.get(name, "*"), by, source) for name in names)


@lru_cache(maxsize=256)
def known_releases(matrix: "Matrix", name: str) -> tuple[str, ...]:
    """Releases of a package that the matrix knows: published ones, else those that frameworks pin; oldest first."""
    published = matrix.packages.versions(name)
    if published:
        return tuple(published)
    return tuple(sorted(_exact_pins(matrix).get(name, ()), key=lambda text: versions.parse(text).key()))


@lru_cache(maxsize=4)
def _exact_pins(matrix: "Matrix") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package in ("torch", "tensorflow"):
        for builds in matrix.packages.builds(package).values():
            for row in builds:
                lines = [
                    *row.get("requires", ()),
                    *(line for extra in row.get("extras", {}).values() for line in extra),
                ]
                for name, spec, _ in matrix.packages.pins({"requires": lines}):
                    if spec.startswith("==") and "," not in spec and versions.try_parse(spec[2:].strip()):
                        found.setdefault(name, set()).add(spec[2:].strip())
    return found
