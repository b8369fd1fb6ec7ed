"""CUDA's libraries as packages of the index: which ones carry the sonames that a build opens, and in which release."""

from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.plan.model import Pin

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
        names = [name for name in (known or {}).get("packages", ()) if _of_major(name, cuda_major)]
        if not names:
            return None
        found[names[0]] = None
    return tuple(found)


def _of_major(name: str, major: int) -> bool:
    return name.endswith(f"-cu{major}") or (major >= 13 and "-cu1" not in name)


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
