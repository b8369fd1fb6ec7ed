"""Every other package that the matrix lists builds of: vLLM, Torch-TensorRT, Triton, CuPy, CTranslate2, Paddle ...

Nothing here knows a package by its name. What a build pins is in its requirement lines; where it takes CUDA from is
``cuda_from`` in the matrix: carried or pinned by the wheel, drawn by an extra, lying on the machine, or laid beside it
as packages that carry the sonames which its machine code opens.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice, Pin
from compat.plan.offers import parts
from compat.plan.offers.places import ARCHIVE, file_of, place
from compat.plan.offers.published import INSTALLABLE, fetched, pins, rows
from compat.records import replace
from compat.rules.packages.extensions import torch_of

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_FROM_OUTSIDE = ("system", "either")


def offers(component: str, machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """Builds under every name of the public index, newest release first; those with CUDA where the goal needs a GPU."""
    found = [row for name in names(component, matrix) for row in rows(matrix, name, machine, wanted)]
    found = [row for row in found if row["index"] in (*INSTALLABLE, ARCHIVE)]
    found = [row for row in found if "requires" in row or not fetched(matrix, row["package"])]
    if machine.toolkits == () and matrix.packages.about(component).get("cuda_from") == "either":
        # Of those whose wheels tell what they open, the silent ones open as much: there is no CUDA here for them.
        found = [row for row in found if row.get("needs") or _extra(row)] or found
    seen: set[tuple[str, str, str]] = set()
    for row in sorted(found, key=_newest, reverse=True):
        key = (row["package"], row["version"], row["variant"] if row["index"] in (ARCHIVE, "pytorch") else "")
        if key not in seen and not (gpu and row.get("cuda") is False and _has_gpu_builds(component, matrix)):
            seen.add(key)
            yield from _ways(component, row, machine, matrix, gpu)


def _newest(row: "Row") -> tuple[object, ...]:
    """By its release, then by the torch that its name says it is compiled against."""
    return versions.parse(row["version"]).key(), versions.parse(torch_of(f"0+{row.get('local', '')}") or "0").key()


def names(component: str, matrix: "Matrix") -> list[str]:
    """The distributions of the public index that have builds; where none is listed there, the first name."""
    listed = matrix.packages.about(component).get("distributions", {}).get("pypi", ())
    return [name for name in listed if matrix.packages.builds(name)] or matrix.packages.distributions(component)[:1]


def _has_gpu_builds(component: str, matrix: "Matrix") -> bool:
    return bool(matrix.packages.about(component).get("accelerator", "none") != "none")


def _ways(component: str, row: "Row", machine: Machine, matrix: "Matrix", gpu: bool) -> Iterator[Choice]:
    """The build with CUDA from each place that it can take it from."""
    plain = _plain(component, row, machine, matrix)
    about = matrix.packages.about(component)
    outside = gpu and about.get("cuda_from") in _FROM_OUTSIDE and row.get("cuda")
    extra = _extra(row) if outside else None
    if extra:
        own = pins(matrix, row["extras"][extra], machine, plain.label, str(matrix.source(row, "extras")), extra)
        yield replace(plain, extras=(extra,), pins=(*plain.pins, *own))
    if not outside or not row.get("needs"):
        yield plain
        return
    cuda = versions.parse(row["cuda"])
    if parts.on_machine(machine, cuda.major, bool(row.get("cudnn"))):
        yield plain
    beside = parts.beside(plain, row, machine, matrix)
    if beside is not None:
        yield replace(beside, library_path=True)


def _extra(row: "Row") -> str | None:
    """The extra that draws CUDA's libraries from NVIDIA's distributions."""
    for extra, lines in row.get("extras", {}).items():
        if lines and all(line.startswith(("cuda-toolkit", "nvidia-")) for line in lines):
            return str(extra)
    return None


def _plain(component: str, row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    label = f"{row['package']} {row['version']}"
    source = str(matrix.source(row, "requires"))
    found = pins(matrix, row.get("requires", ()), machine, label, source)
    line = torch_of(f"0+{row['local']}") if row["index"] == ARCHIVE and "local" in row else None
    if line is not None:
        found = (*found, Pin("torch", f"=={line}.*", label, str(matrix.source(row))))
    torch = _compiled(component, row, matrix)
    if torch is not None:  # torch keeps no binary interface across minor releases
        found = (*found, Pin("torch", f"=={versions.major_minor(torch)}.*", label, source))
    return Choice(
        component,
        row["package"],
        f"{row['version']}+{row['local']}" if "local" in row else row["version"],
        row["index"],
        row["variant"],
        build=Build(cuda=_of_torch(torch, matrix) if torch else row.get("cuda"), source=row["index"]),
        row=row,
        pins=found,
        extra_index=file_of(address, machine) if (address := place(row, matrix)) else None,
    )


def _compiled(component: str, row: "Row", matrix: "Matrix") -> str | None:
    """The torch that a build without a known CUDA is compiled against: the release that it pins, or from which on it
    takes them (early vLLM); None where that is not asked."""
    about = matrix.packages.about(component)
    if "cuda" in row or (about.get("accelerator"), about.get("cuda_from")) != ("always", "itself"):
        return None
    specs = [spec for name, spec, _ in matrix.packages.pins(row) if name == "torch" and spec[:2] in ("==", ">=")]
    return specs[0][2:].strip() if specs and versions.try_parse(specs[0][2:].strip()) else None


def _of_torch(torch: str, matrix: "Matrix") -> str | None:
    """The CUDA of a torch as the public index has it: what is compiled against that release is made for it."""
    builds = matrix.packages.builds("torch").get(torch, ())
    return next((one["cuda"] for one in builds if one["index"] == "pypi" and one.get("cuda")), None)
