"""ONNX Runtime: the GPU distribution, with CUDA and cuDNN from its extras, from packages, or from the machine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice
from compat.plan.offers import parts
from compat.plan.offers.builds import choices
from compat.plan.offers.places import place
from compat.plan.offers.published import pins, rows
from compat.plan.offers.tensorflow import resolvable
from compat.records import replace

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """onnxruntime-gpu; the plain distribution where the goal needs no GPU."""
    for row in rows(matrix, "onnxruntime-gpu" if gpu else "onnxruntime", machine, wanted):
        yield from choices(row, "onnxruntime", machine, matrix, gpu, _plain, _ways)


def _plain(row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    label = f"{row['package']} {row['version']}"
    return Choice(
        "onnxruntime",
        row["package"],
        row["version"],
        row["index"],
        row["variant"],
        build=Build(cuda=row.get("cuda"), source=row["index"]),
        pins=pins(matrix, row.get("requires", ()), machine, label, str(matrix.source(row, "requires"))),
        row=row,
        extra_index=place(row, matrix),
        default=row["index"] == "pypi",
    )


def _ways(row: "Row", machine: Machine, matrix: "Matrix") -> Iterator[Choice]:
    plain = _plain(row, machine, matrix)
    preloads = matrix.traits.claim("onnxruntime", "preload-dlls", row["version"])
    call = preloads["value"] if preloads is not None else ""
    extras = row.get("extras", {})
    lines = [*extras.get("cuda", ()), *extras.get("cudnn", ())]
    if lines and resolvable(matrix, lines, machine):
        found = tuple(
            pin
            for extra in ("cuda", "cudnn")
            for pin in pins(
                matrix, extras.get(extra, ()), machine, plain.label, str(matrix.source(row, "extras")), extra
            )
        )
        yield replace(plain, extras=("cuda", "cudnn"), pins=(*plain.pins, *found), library_path=True, preload=call)
    if parts.on_machine(machine, versions.parse(row["cuda"]).major, cudnn=True):
        yield plain
    with_parts = parts.beside(plain, row, machine, matrix)
    if with_parts is not None:
        yield replace(with_parts, library_path=True, preload=call)
