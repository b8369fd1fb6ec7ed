"""Which shared libraries a package of the index carries, by the names that the machine description has for them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from compat.matrix.packages import normal, requirement

if TYPE_CHECKING:
    from compat.machine import Machine
    from compat.matrix import Matrix, Row

# The matrix names TensorRT's library by its file, the description by the product.
_NAMES = {"nvinfer": "tensorrt"}


@lru_cache(maxsize=4)
def carried(matrix: "Matrix") -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Package -> (library, soname) that it carries on Linux."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in matrix.every("soname"):
        if row["os"] != "linux":
            continue
        library = _NAMES.get(row["library"], row["library"].lower())
        for package in row.get("packages", ()):
            found.setdefault(normal(package), []).append((library, row["soname"]))
    return {package: tuple(rows) for package, rows in found.items()}


def libraries_of(matrix: "Matrix", package: str) -> tuple[str, ...]:
    """The libraries of one package."""
    return tuple(dict.fromkeys(library for library, _ in carried(matrix).get(normal(package), ())))


def sonames_of(matrix: "Matrix", package: str, version: str) -> tuple[str, ...]:
    """The sonames of one package in one release; cuDNN's carry the release's own major."""
    rows = carried(matrix).get(normal(package), ())
    major = version.partition(".")[0]
    return tuple(soname for library, soname in rows if library != "cudnn" or soname.endswith(f".so.{major}"))


def users(machine: "Machine", matrix: "Matrix", package: str) -> tuple[str, ...]:
    """Components that are installed and whose published builds require the package, be it by an extra: who has an
    extra's package there loads it (TensorFlow's and-cuda, JAX's with-cuda)."""
    from compat.probe.layers.loads import COMPONENTS
    from compat.rules.candidates import find

    found = [
        component
        for component in _components(machine, matrix)
        if _ask(find(machine, component, matrix).candidates[:8], package)
    ]
    for part, component in COMPONENTS.items():
        version = (machine.packages or {}).get(part)
        if version and _ask(matrix.builds(part).get(version, ()), package):
            found += [part, component]
    return tuple(dict.fromkeys(found))


def _ask(rows: "Iterable[Row]", package: str) -> bool:
    """Does a build require the package, or one of its extras?"""
    asked = (lines for row in rows for lines in (row.get("requires", ()), *row.get("extras", {}).values()))
    return any(normal(package) == requirement(line)[0] for lines in asked for line in lines)


def _components(machine: "Machine", matrix: "Matrix") -> tuple[str, ...]:
    here = (
        matrix.packages.component(name) for name, version in (machine.packages or {}).items() if version is not False
    )
    return tuple(
        dict.fromkeys(
            name for name in here if name and matrix.packages.about(name).get("accelerator") in ("optional", "always")
        )
    )
