"""The least change that makes a reader take a model: another release, another opset, another onnx."""

from typing import TYPE_CHECKING

from compat import versions
from compat.convert import releases, tensorrt
from compat.convert.judge import runtime_of
from compat.convert.remedies import Advice
from compat.machine import Machine

if TYPE_CHECKING:
    from compat.matrix import Matrix


def ways(
    machine: Machine,
    reader: releases.Reader,
    installed: str | None,
    found: tuple[releases.Answer, ...],
    matrix: "Matrix",
) -> tuple[Advice, ...]:
    """What to do where the installed release refuses the model, or where none is installed; the least change first."""
    here = next(
        (one for one in found if installed and versions.parse(one.release).covers(versions.parse(installed))), None
    )
    if installed is not None and here is not None and here.takes is not False:
        return ()
    made = [*_opset(machine, reader, installed, matrix), *_ir(machine, reader, installed, matrix)] if installed else []
    release = releases.nearest(found, installed)
    if release is not None:
        made.append(_install(machine, reader, release, matrix, installed))
    return tuple(made)


def _install(
    machine: Machine, reader: releases.Reader, release: str, matrix: "Matrix", installed: str | None
) -> Advice:
    text = f"{reader.title} {release} takes the model as it is" + (f"; installed is {installed}" if installed else "")
    if reader.component == "tensorrt":
        if machine.in_environment("jetson"):
            packs = ", ".join(row["jetpack"] for row in tensorrt.jetpacks(matrix, release))
            return Advice(f"{text}: {'JetPack ' + packs if packs else 'no JetPack has exactly it'}")
        found = tensorrt.published(matrix, release, machine)
        return Advice(text, (tensorrt.install_command(*found, machine),) if found else ())
    return Advice(text, (tensorrt.pip(machine, runtime_of(machine), release),))


def _highest(reader: releases.Reader, installed: str, field: str, matrix: "Matrix") -> int | None:
    rows = [
        row
        for row in matrix.packages.releases(reader.component)
        if field in row and versions.parse(row["version"]) <= versions.parse(installed)
    ]
    rows += [row for row in matrix.packages.of_line(reader.component, installed) if field in row]
    return int(rows[-1][field]) if rows else None


def _opset(machine: Machine, reader: releases.Reader, installed: str, matrix: "Matrix") -> list[Advice]:
    written = machine.model.opset
    ceiling = _highest(reader, installed, "opset", matrix)
    if written is None or ceiling is None or int(written) <= ceiling:
        return []
    return [
        Advice(
            f"export the model again with opset {ceiling}: torch.onnx.export(..., opset_version={ceiling}), or "
            f"tf2onnx's --opset {ceiling}; onnx.version_converter seldom succeeds backwards"
        )
    ]


def _ir(machine: Machine, reader: releases.Reader, installed: str, matrix: "Matrix") -> list[Advice]:
    written = machine.model.ir_version
    ceiling = _highest(reader, installed, "ir", matrix) if reader.component == "onnxruntime" else None
    if written is None or ceiling is None or int(written) <= ceiling:
        return []
    pins = [row["version"] for row in matrix.packages.releases("onnx") if int(row.get("ir", 0)) == ceiling]
    commands = (tensorrt.pip(machine, "onnx", pins[-1]),) if pins else ()
    pinned = f", or export with onnx {pins[-1]}, whose files have IR {ceiling}" if pins else ""
    return [
        Advice(
            f"lower the file's IR version to {ceiling}: m = onnx.load(F); m.ir_version = {ceiling}; onnx.save(m, F)"
            f"{pinned}",
            commands,
        )
    ]
