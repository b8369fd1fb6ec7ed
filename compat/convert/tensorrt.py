"""TensorRT's commands: how a release is installed, and the trtexec line that builds an engine.

Which release has which flag is in the matrix (traits of tensorrt): TensorRT 11 builds strongly typed networks only and
has none of the precision flags.
"""

from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.machine import Machine
from compat.matrix.packages import fits_platform

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

_FLAG = "trtexec-flag"  # the trait that names an option of trtexec: of a precision, or of what it does


def is_strongly_typed(matrix: "Matrix", release: str) -> bool:
    """Does the release build strongly typed networks only?"""
    return matrix.traits.holds("tensorrt", "strongly-typed-only", release) is not False


def trtexec(
    matrix: "Matrix", model: str, engine: str, release: str | None, precision: str | None, dla: bool = False
) -> tuple[str, ...]:
    """The argument list that builds ``engine`` from an ONNX file; without a release in the form of 8 to 10."""
    words = ["trtexec", f"--onnx={model}", f"--saveEngine={engine}"]
    flag = matrix.traits.row("tensorrt", _FLAG, precision) if precision else None
    if flag is not None and matrix.traits.holds("tensorrt", _FLAG, release, flag["of"]) is not False:
        words.append(flag["value"])
    batch = matrix.traits.claim("tensorrt", _FLAG, release, "explicit-batch")
    if batch is not None:
        words.append(batch["value"])
    if dla:
        words += ["--useDLACore=0", "--allowGPUFallback"]
    return tuple(words)


def precisions(matrix: "Matrix", gpu: Capability | None, release: str | None) -> list[str]:
    """Precisions that both the GPU and the TensorRT release have, the fastest first."""
    row = matrix.gpus.capability(gpu) if gpu is not None else None
    have = row.get("precisions", []) if row else []
    known = {one["precision"]: one for one in matrix.every("precision") if one["library"] == "tensorrt"}
    order = ("fp4", "mxfp8", "fp8", "int8", "bf16", "fp16", "tf32", "fp32")
    return [
        name
        for name in order
        if name in have
        and name in known
        and (
            release is None
            or "since" not in known[name]
            or versions.at_least(release, known[name]["since"]) is not False
        )
    ]


def published(matrix: "Matrix", release: str, machine: Machine) -> "tuple[str, str] | None":
    """(distribution, version) of the pip package of exactly this release that serves this machine, or None."""
    wanted = versions.parse(release)
    limit = versions.try_parse(machine.driver.cuda)
    named = [name for cuda, name in matrix.packages.by_cuda("tensorrt").items() if not limit or cuda <= limit.major]
    for distribution in (*reversed(named), "tensorrt"):
        for version, rows in reversed(list(matrix.builds(distribution).items())):
            if any(_serves(row, machine) and _is_release(row, version, wanted, matrix) for row in rows):
                return distribution, version
    return None


def _serves(row: "Row", machine: Machine) -> bool:
    """Is it a pip package for this system, architecture and Python, as far as they are known?"""
    python = versions.major_minor(machine.python) if machine.python else None
    made_for = python is None or "python" not in row or python in row["python"]
    return row.get("index") in ("pypi", "nvidia") and fits_platform(row, machine.os, machine.arch) and made_for


def _is_release(row: "Row", version: str, wanted: versions.Version, matrix: "Matrix") -> bool:
    built = versions.try_parse(row.get("tensorrt") or version)
    if built is None or built.is_prerelease or built.release[:3] != wanted.release[:3]:
        return False
    full = built.release if len(built.release) >= 4 else _four_numbers(matrix, version)
    return len(wanted.release) < 4 or len(full) < 4 or full[:4] == wanted.release[:4]


def _four_numbers(matrix: "Matrix", version: str) -> tuple[int, ...]:
    row = matrix.packages.release("tensorrt", version)
    text = row.get("built", {}).get("tensorrt") if row else None
    return versions.parse(text).release if text else ()


def jetpacks(matrix: "Matrix", release: str) -> "list[Row]":
    """JetPacks that bring this release, as exactly as both say it."""
    wanted = versions.parse(release).release
    found = []
    for row in matrix.every("jetpack"):
        has = versions.try_parse(row.get("tensorrt"))
        if has is not None and has.release[: len(wanted)] == wanted[: len(has.release)]:
            found.append(row)
    return found


def install_command(distribution: str, version: str, machine: Machine) -> tuple[str, ...]:
    """pip's argument list; the libraries of 8.6 and newer come from NVIDIA's own index."""
    from compat.plan.commands import python

    return pip(machine, distribution, version, python.NVIDIA)


def pip(machine: Machine, distribution: str, version: str, extra: str | None = None) -> tuple[str, ...]:
    """pip's argument list for one release, into the inspected environment."""
    from compat.plan.commands import python, requirement

    return python.install(machine, "", (requirement(distribution, f"=={version}"),), extra=extra)[0].argv
