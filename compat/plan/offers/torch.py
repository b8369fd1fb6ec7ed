"""torch: one release, several CUDA variants, on the public index and on PyTorch's own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan import jetson
from compat.plan.model import Choice, Pin
from compat.plan.published import is_jetson, pins, rows

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """Builds with CUDA (without, where the goal needs no GPU)."""
    for row in rows(matrix, "torch", machine, wanted):
        has_cuda = bool(row.get("cuda"))
        if is_jetson(machine):
            yield from jetson.choice(row, "torch", machine)
        elif has_cuda if gpu else (row["index"] == "pypi" or row.get("cuda") is False):
            yield _choice(row, machine, matrix)


def _choice(row: "Row", machine: Machine, matrix: "Matrix") -> Choice:
    local = row.get("local", row["variant"])
    version = f"{row['version']}+{local}" if row["index"] == "pytorch" and local else row["version"]
    release = matrix.packages.release("torch", row["version"]) or {}
    cuda = row.get("cuda")
    tested = [versions.major_minor(text) for text in release.get("cuda", ()) if text]
    return Choice(
        "torch",
        "torch",
        version,
        row["index"],
        row["variant"],
        build=Build(cuda=cuda, cudnn=row.get("cudnn"), source=row["index"]),
        pins=_pins(row, machine, matrix, f"torch {version}"),
        row=row,
        default=row["index"] == "pypi",
        tested=not tested or not cuda or versions.major_minor(cuda) in tested,
        libraries=(("cudnn", row["cudnn"]),) if row.get("cudnn") else (),
    )


def _pins(row: "Row", machine: Machine, matrix: "Matrix", by: str) -> tuple[Pin, ...]:
    source = str(matrix.source(row, "requires" if "requires" in row else "cudnn"))
    if "requires" in row:
        return pins(matrix, row["requires"], machine, by, source)
    # PyTorch's index carries no metadata that was read; since CUDA 12 its Linux wheels for x86-64 take cuDNN as a package.
    cuda, cudnn = row.get("cuda"), row.get("cudnn")
    if not cuda or not cudnn or row["os"] != "linux" or row["arch"] != "x86_64" or versions.parse(cuda).major < 12:
        return ()
    if len(versions.parse(cudnn).release) < 4:
        return ()
    return (Pin(f"nvidia-cudnn-cu{versions.parse(cuda).major}", f"=={cudnn}", by, source),)
