"""TensorRT: one distribution a CUDA major; the libraries come from NVIDIA's own index."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice, Pin
from compat.plan.offers import parts
from compat.plan.offers.jetson import jetpack_of
from compat.plan.offers.published import pins, rows
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """Every release, its newest CUDA major first. A Jetson has the TensorRT of its JetPack and no other."""
    if machine.is_jetson:
        yield from _of_jetpack(machine, matrix, wanted)
        return
    found = [
        row
        for name in ("tensorrt-cu13", "tensorrt-cu12", "tensorrt-cu11")
        for row in rows(matrix, name, machine, wanted)
    ]
    found += [
        row
        for row in rows(matrix, "tensorrt", machine, wanted)
        if not matrix.traits.holds("tensorrt", "cuda-in-name", row["version"])
    ]
    for row in sorted(found, key=lambda one: versions.parse(one["version"]).key(), reverse=True):
        if "python" in row and not matrix.traits.holds("tensorrt", "dead-requirement", row["version"], row["variant"]):
            yield _choice(row, machine, matrix)


def _choice(row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    name, version = row["package"], row["version"]
    number = row.get("tensorrt", versions.parse(version).public)
    release = matrix.packages.of_line("tensorrt", ".".join(number.split(".")[:3]))
    majors = {str(cuda).partition(".")[0] for one in release for cuda in one.get("cuda", ())}
    major = str(row["cuda"]).partition(".")[0] if row.get("cuda") else ""
    brings = ((f"{name}-bindings", version), (f"{name}-libs", version)) if name != "tensorrt" else ()
    return Choice(
        "tensorrt",
        name,
        version,
        row["index"],
        row["variant"],
        build=Build(cuda=row.get("cuda"), source=row["index"]),
        brings=brings,
        pins=_pins(row, major, machine, matrix),
        row=row,
        # Its libraries ask for the CUDA runtime of their major as a package (NVIDIA/TensorRT issues 4352 and 4614).
        libraries=(("tensorrt", number), *((("cudart", major),) if major else ())),
        tested=not majors or not major or major in majors,
        # The public archive only fetches; NVIDIA's index is named so that an installer gets the wheels themselves.
        extra_index="https://pypi.nvidia.com",
    )


def _pins(row: "Row", major: str, machine: Machine, matrix: "Matrix") -> tuple[Pin, ...]:
    """What it shares with others: its requirements, or the packages of what its libraries open, where a source archive
    fetches them."""
    label = f"{row['package']} {row['version']}"
    if "needs" not in row or not major.isdigit():
        return pins(matrix, row.get("requires", ()), machine, label, str(matrix.source(row, "requires")))
    names = parts.carriers(matrix, row, int(major)) or ()
    release = matrix.packages.of_line("tensorrt", versions.parse(row["version"]).base)
    cudnn = next((one["cudnn"] for one in release if "cudnn" in one), None)
    runs = matrix.traits.holds("tensorrt", "runs-on-cudnn", row["version"])
    # What it does not run on is opened by its soname alone: any release of that major.
    least = cudnn if runs or not cudnn else versions.parse(cudnn).major
    bound = f">={least},<{versions.parse(cudnn).major + 1}" if cudnn else "*"
    ranges = {name: bound for name in names if "cudnn" in name}
    return parts.pins(names, ranges, label, str(matrix.source(row, "needs")))


def _of_jetpack(machine: Machine, matrix: "Matrix", wanted: str) -> Iterator[Choice]:
    """The TensorRT of the JetPack: there already, or to be installed where nothing tells that it is."""
    here = next((one.version for one in machine.libraries or () if one.name == "tensorrt" and one.version), None)
    row = jetpack_of(machine, matrix) or {}
    version = here or row.get("tensorrt")
    if version is not None and versions.parse_range(wanted).admits(version) is not False:
        own = Choice("tensorrt", "tensorrt", version, "jetson", build=Build(cuda=row.get("cuda")), row=row)
        yield replace(own, installed=True) if here else replace(own, libraries=(("tensorrt", version),))
