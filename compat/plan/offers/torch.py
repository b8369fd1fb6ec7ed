"""torch: one release, several CUDA variants, on the public index and on PyTorch's own."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from compat import versions
from compat.machine import Build, Machine
from compat.plan.model import Choice, Pin
from compat.plan.offers import jetson
from compat.plan.offers.places import pytorch_folder
from compat.plan.offers.published import JETSON, pins, rows

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row


def offers(machine: Machine, matrix: "Matrix", wanted: str, gpu: bool) -> Iterator[Choice]:
    """Builds with CUDA (without, where the goal needs no GPU)."""
    for row in rows(matrix, "torch", machine, wanted):
        has_cuda = bool(row.get("cuda"))
        if row["index"] in JETSON:
            yield from jetson.choice(row, "torch", machine, matrix)
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
        pytorch_folder(row, matrix) if row["index"] == "pytorch" else row["variant"],
        build=Build(cuda=cuda, source=row["index"]),
        pins=_pins(row, machine, matrix, f"torch {version}"),
        row=row,
        default=row["index"] == "pypi",
        tested=not tested or not cuda or versions.major_minor(cuda) in tested,
        libraries=(("cudnn", row["cudnn"]),) if row.get("cudnn") else (),
    )


_OF_RELEASE = ("cudnn", "nccl", "cusparselt", "nvshmem", "cufile")  # parts that follow the torch release, not its CUDA


def _pins(row: "Row", machine: Machine, matrix: "Matrix", by: str) -> tuple[Pin, ...]:
    source = str(matrix.source(row, "requires" if "requires" in row else "cudnn"))
    beside = _of_release(row, machine, matrix, by)
    if "requires" in row:
        return _with(pins(matrix, row["requires"], machine, by, source), beside)
    cuda = versions.try_parse(row["cuda"]) if row.get("cuda") else None
    if cuda is None or row["os"] != "linux" or row["arch"] != "x86_64":
        return beside
    # PyTorch's own index gives no metadata to read: whether its wheel carries CUDA itself is a trait of the release.
    if not matrix.traits.holds("torch", "cuda-as-packages", row["version"], str(cuda.major)):
        return beside
    public = _on_public_index(row, matrix)
    if public is not None and public["cuda"] == row["cuda"]:  # the very build, under a local version
        return pins(matrix, public["requires"], machine, by, str(matrix.source(public, "requires")))
    cudnn = row.get("cudnn", "*")
    exact = cudnn != "*" and len(versions.parse(cudnn).release) >= 4
    nccl = row.get("nccl") or _nccl(public, cuda.major, matrix)
    own = (
        Pin(f"nvidia-cudnn-cu{cuda.major}", f"=={cudnn}" if exact else "*", by, source, not exact),
        Pin(f"nvidia-nccl-cu{cuda.major}", f"=={nccl}" if nccl else "*", by, source, not nccl),
        *(Pin(name, text, by, source) for name, text in _toolkit_pins(matrix, versions.major_minor(row["cuda"]))),
    )
    return _with(own, beside)


def _with(own: tuple[Pin, ...], beside: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """A build's own pins, and of its release's those of packages that it does not name itself."""
    named = {pin.name for pin in own}
    return (*own, *(pin for pin in beside if pin.name not in named))


def _of_release(row: "Row", machine: Machine, matrix: "Matrix", by: str) -> tuple[Pin, ...]:
    """What each build of a release requires whatever its CUDA (Triton, typing-extensions), by the public index."""
    if row["index"] == "pypi":
        return ()
    platform = (row["os"], row["arch"])
    for one in matrix.packages.builds("torch").get(row["version"], ()):
        if one["index"] == "pypi" and "requires" in one and (one["os"], one["arch"]) == platform:
            found = pins(matrix, one["requires"], machine, by, str(matrix.source(one, "requires")))
            return tuple(pin for pin in found if not pin.name.startswith(("nvidia-", "cuda-")))
    return ()


def _on_public_index(row: "Row", matrix: "Matrix") -> "Row | None":
    """The build of the same release and platform on the public index, which has metadata."""
    platform = (row["os"], row["arch"])
    return next(
        (
            one
            for one in matrix.packages.builds("torch").get(row["version"], ())
            if one["index"] == "pypi" and "requires" in one and one.get("cuda") and (one["os"], one["arch"]) == platform
        ),
        None,
    )


def _nccl(public: "Row | None", major: int, matrix: "Matrix") -> str | None:
    """NCCL of the release: PyTorch builds all variants of a CUDA major with one, and checks that they pin it
    (.github/scripts/generate_binary_build_matrix.py, ci_commit_pins/nccl-cuNN.txt)."""
    name = f"nvidia-nccl-cu{major}"
    found = matrix.packages.pins(public) if public is not None else ()
    return next((spec[2:].strip() for one, spec, _ in found if one == name and spec.startswith("==")), None)


@lru_cache(maxsize=64)
def _toolkit_pins(matrix: "Matrix", cuda: str) -> tuple[tuple[str, str], ...]:
    """What builds of the public index for the same CUDA release pin of the toolkit, whose parts are one set."""
    for builds in matrix.packages.builds("torch").values():
        for row in builds:
            if row["index"] == "pypi" and row.get("cuda") == cuda and row["os"] == "linux" and "requires" in row:
                return tuple(
                    (name, spec)
                    for name, spec, _ in matrix.packages.pins(row)
                    if name.startswith(("nvidia-", "cuda-toolkit")) and not any(part in name for part in _OF_RELEASE)
                )
    return ()
