"""TensorRT itself: which release is used, and which GPUs it has kernels for."""

from collections.abc import Iterator
from functools import partial

from compat import versions
from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.matrix import Row
from compat.rules.base import OF_GPUS, OF_RUNTIME, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.gpus import GpuFact, each_chip
from compat.rules.packages.jetson import own_tensorrt
from compat.rules.runtimes import image_row


def installed(case: Case) -> tuple[str, str] | None:
    """(version, field) of the TensorRT that the goal uses: the library that loads, else the package.

    Of several copies of which it is open which one loads, none tells the release unless they agree.
    """
    found = case.loaded("tensorrt")
    if found is not None and found[1].version is not None:
        return found[1].version, f"{found[0]}.version"
    copies = case.usable("tensorrt") if found is None else ()
    told = [(copy.version, f"{path}.version") for path, copy in copies if copy.version is not None]
    if told:
        return told[0] if len({version for version, _ in told}) == 1 and len(told) == len(copies) else None
    subject = case.subject("tensorrt")
    if subject.version:
        return versions.parse(subject.version).public, subject.path
    row = _of_image(case)
    if row is not None:
        return row["tensorrt"], "container.image"
    of_board = own_tensorrt(case) if case.is_jetson and case.machine.libraries is None else None
    return (of_board[0], "jetson") if of_board is not None else None


def _of_image(case: Case) -> "Row | None":
    """NVIDIA's monthly image that the goal runs in, where the TensorRT inside is known."""
    if case.machine.container.image is None or case.has("tensorrt") is False:
        return None
    return image_row(case, "tensorrt")


def used(case: Case, version: str, path: str) -> tuple[Evidence, ...]:
    """Evidence for the release of a library that the goal uses, with what is taken to be so of its other copies."""
    of_board = own_tensorrt(case) if path == "jetson" else None
    if of_board is not None:
        return of_board[1]
    row = _of_image(case) if path == "container.image" else None
    if row is not None:
        of_image = case.cite(f"the image {row['image']}:{row['tag']} has TensorRT {version}", row, "tensorrt")
        return (
            case.read(path, case.machine.container.image),
            of_image,
            case.assume("libraries, packages", "no other TensorRT is there"),
        )
    read = case.read(path, version)
    if not path.startswith("libraries["):
        places = [f"{place}.version" for place, _ in case.usable("tensorrt")]
        unseen = places or (["libraries"] if case.machine.libraries is None else [])
        mine = path == case.subject("tensorrt").path
        return (read, *(case.assume(place, "the TensorRT is the package's") for place in unseen if mine))
    return (read, *case.of_whom("tensorrt"))


def uses_tensorrt(case: Case) -> bool:
    """Is the goal about code that TensorRT runs?"""
    return case.goal.verb != "import" and any(one.component == "tensorrt" for one in case.subjects)


@rule("gpu-unsupported-by-tensorrt", reads=("container.image", *OF_GPUS, *OF_RUNTIME))
def gpu_unsupported_by_tensorrt(case: Case) -> Iterator[Outcome]:
    """The TensorRT release does not, or no longer, support the GPU.

    Each TensorRT release lists the compute capabilities that it has kernels for. It does not fall back to older ones:
    7.1 refuses a GPU of 8.6 although it knows 8.0; 10.5 dropped Volta. TensorRT 11 needs Turing or newer.

    Shows as: "Target GPU SM 70 is not supported by this TensorRT release", missing kernels, a crash in the builder.

    Remedy: a release whose range holds the GPU.
    """
    if not uses_tensorrt(case) or str(case.goal) == "use:tf-trt":
        return
    found = installed(case)
    if found is None or not case.gpus:
        if case.gpus:
            yield Untold("gpu-unsupported-by-tensorrt", "tensorrt", ("libraries",))
        return
    version, path = found
    rows = case.matrix.packages.of_line("tensorrt", version)
    for gpu in case.gpus:
        yield from each_chip(gpu, partial(_supported, case, rows, version, path))


def _supported(case: Case, rows: list[Row], version: str, path: str, gpu: GpuFact) -> Outcome:
    capability = gpu.capability
    if capability is None or not rows:
        return Untold("gpu-unsupported-by-tensorrt", "tensorrt", (f"{gpu.path}.name" if rows else path,))
    answers = {supports(row, capability) for row in rows}
    row = rows[0]
    low, high = _range(row)
    facts = (
        *gpu.evidence,
        *used(case, version, path),
        case.cite(f"TensorRT {row['version']} supports {low} to {high}", row, "capabilities"),
    )
    if answers == {True}:
        return Holds(
            "gpu-unsupported-by-tensorrt", "tensorrt", f"TensorRT {version} supports {gpu.name} ({capability})", facts
        )
    if answers == {False}:
        return Finding(
            "gpu-unsupported-by-tensorrt",
            "tensorrt",
            f"TensorRT {version} does not support {gpu.name} ({capability}); it supports {low} to {high}.",
            facts,
            (Remedy(_release_for(case, capability)),),
        )
    return Untold("gpu-unsupported-by-tensorrt", "tensorrt", (path,))


def _range(row: Row) -> tuple[str, str]:
    listed = sorted(parse_capability(text) for text in row.get("capabilities", ()))
    low = row.get("capability_minimum") or (str(listed[0]) if listed else "?")
    return low, row.get("capability_maximum") or (str(listed[-1]) if listed else "?")


def supports(row: Row, gpu: Capability) -> bool | None:
    """Does the release know this capability? None where its row does not tell."""
    if "capabilities" in row:
        return gpu.plain in {parse_capability(text) for text in row["capabilities"]}
    low, high = row.get("capability_minimum"), row.get("capability_maximum")
    if low is not None and gpu.plain < parse_capability(low):
        return False
    if high is not None and gpu.plain > parse_capability(high):
        return False
    return None if low is None or high is None else True


def _release_for(case: Case, gpu: Capability) -> str:
    fitting = [row["version"] for row in case.matrix.packages.releases("tensorrt") if supports(row, gpu)]
    return f"use TensorRT {fitting[0]} to {fitting[-1]}" if fitting else "no TensorRT release supports this GPU"
