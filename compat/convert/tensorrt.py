"""TensorRT's commands: how a release is installed, and the trtexec line that builds an engine.

The flags are those of samples/common/sampleOptions.cpp at each release tag of github.com/NVIDIA/TensorRT: TensorRT 11
builds strongly typed networks only and has none of the precision flags.
"""

from typing import TYPE_CHECKING

from compat import versions
from compat.capability import Capability
from compat.machine import Machine
from compat.matrix.packages import fits_platform

if TYPE_CHECKING:
    from compat.matrix import Matrix, Row

# Precision -> (flag, first release with it). TensorRT 11 took them away.
FLAGS = {
    "fp16": ("--fp16", "5.0"),
    "int8": ("--int8", "5.0"),
    "fp8": ("--fp8", "8.6"),
    "bf16": ("--bf16", "10.0"),
    "int4": ("--int4", "10.8"),
}
_PRECISION_FLAGS_UNTIL = "11.0"
_TF32_SINCE = "7.1"
_EXPLICIT_BATCH = ("7.0", "7.2")  # from 7.2 on trtexec sets it for ONNX models itself
_DISTRIBUTIONS = (("13", "tensorrt-cu13"), ("12", "tensorrt-cu12"), ("11", "tensorrt-cu11"), ("", "tensorrt"))


def is_strongly_typed(release: str) -> bool:
    """Does the release build strongly typed networks only (from 11.0 on)?"""
    return versions.at_least(release, _PRECISION_FLAGS_UNTIL) is not False


def trtexec(model: str, engine: str, release: str | None, precision: str | None, dla: bool = False) -> tuple[str, ...]:
    """The argument list that builds ``engine`` from an ONNX file; without a release in the form of 8 to 10."""
    words = ["trtexec", f"--onnx={model}", f"--saveEngine={engine}"]
    weak = release is None or not is_strongly_typed(release)
    if (
        weak
        and precision in FLAGS
        and (release is None or versions.at_least(release, FLAGS[precision][1]) is not False)
    ):
        words.append(FLAGS[precision][0])
    if weak and precision == "fp32" and (release is None or versions.at_least(release, _TF32_SINCE) is not False):
        words.append("--noTF32")
    if release is not None and _is_within(release, _EXPLICIT_BATCH):
        words.append("--explicitBatch")
    if dla:
        words += ["--useDLACore=0", "--allowGPUFallback"]
    return tuple(words)


def _is_within(release: str, bounds: tuple[str, str]) -> bool:
    """Is the release at least the first bound and below the second?"""
    return versions.at_least(release, bounds[0]) is True and versions.at_least(release, bounds[1]) is False


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
    for cuda, distribution in _DISTRIBUTIONS:
        if limit is not None and cuda and int(cuda) > limit.major:
            continue
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
