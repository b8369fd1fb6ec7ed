"""TensorRT: one distribution a CUDA major; the libraries come from NVIDIA's own index."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice, Pin
from compat.plan.offers import parts
from compat.plan.offers.jetson import jetpack_of
from compat.plan.offers.places import ARCHIVE
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
        for name in reversed(matrix.packages.by_cuda("tensorrt").values())
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
    yield from _by_hand(machine, matrix, wanted, {_line(str(row.get("tensorrt", row["version"]))) for row in found})


def _line(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _by_hand(machine: Machine, matrix: "Matrix", wanted: str, on_index: set[str]) -> Iterator[Choice]:
    """Releases of lines that no index has (before 8.5, on Windows before 10): NVIDIA's archive, with the machine's
    CUDA. They stand behind those of an index, also where the range admits both: a TensorFlow opens one line only."""
    allowed, place = versions.parse_range(wanted), f"{machine.os}-{machine.arch}"
    for row in reversed(matrix.packages.releases("tensorrt")):
        version = row.get("built", {}).get("tensorrt", row["version"])
        here = place in row.get("platforms", (place,))
        if not here or _line(version) in on_index or allowed.admits(version) is False:
            continue
        newest = {versions.parse(cuda).major: cuda for cuda in row.get("cuda", ())}
        for major, cuda in sorted(newest.items(), reverse=True):
            if parts.on_machine(machine, major, cudnn=True):
                own = {**row, "cuda": next((kit for kit in _there(machine, major) if kit in row["cuda"]), cuda)}
                yield Choice(
                    "tensorrt",
                    "tensorrt",
                    version,
                    ARCHIVE,
                    build=Build(cuda=own["cuda"]),
                    row=own,
                    libraries=(("tensorrt", version),),
                    default=False,
                )


def _there(machine: Machine, major: int) -> list[str]:
    """The CUDA release lines of a major that the machine has a toolkit of."""
    lines = (versions.major_minor(kit.version) for kit in machine.toolkits or () if kit.version)
    return [line for line in lines if line and versions.parse(line).major == major]


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
