"""TensorRT and ONNX: GPUs, opsets, operators, precisions."""

from collections.abc import Iterator

from compat import versions
from compat.capability import Capability
from compat.capability import parse as parse_capability
from compat.matrix import Row
from compat.rules.base import Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case, GpuFact


def installed(case: Case) -> tuple[str, str] | None:
    """(version, field) of the TensorRT that the goal uses: the library that loads, else the package."""
    found = case.loaded("tensorrt")
    if found is not None and found[1].version is not None:
        return found[1].version, f"{found[0]}.version"
    for path, copy in case.libraries("tensorrt"):
        if copy.version is not None:
            return copy.version, f"{path}.version"
    subject = case.subject("tensorrt")
    return (versions.parse(subject.version).public, subject.path) if subject.version else None


def _uses_tensorrt(case: Case) -> bool:
    return "tensorrt" in case.goal.subjects and case.goal.verb != "import"


@rule("gpu-unsupported-by-tensorrt")
def gpu_unsupported_by_tensorrt(case: Case) -> Iterator[Outcome]:
    """The TensorRT release does not, or no longer, support the GPU.

    Each TensorRT release lists the compute capabilities that it has kernels for. It does not fall back to older ones:
    7.1 refuses a GPU of 8.6 although it knows 8.0; 10.5 dropped Volta. TensorRT 11 needs Turing or newer.

    Shows as: "Target GPU SM 70 is not supported by this TensorRT release", missing kernels, a crash in the builder.

    Remedy: a release whose range holds the GPU.
    """
    if not _uses_tensorrt(case) or str(case.goal) == "use:tf-trt":
        return
    found = installed(case)
    if found is None or not case.gpus:
        if case.gpus:
            yield Untold("gpu-unsupported-by-tensorrt", "tensorrt", ("libraries",))
        return
    version, path = found
    rows = case.matrix.packages.of_line("tensorrt", version)
    for gpu in case.gpus:
        if gpu.capability is None or not rows:
            yield Untold("gpu-unsupported-by-tensorrt", "tensorrt", (f"{gpu.path}.name" if rows else path,))
            continue
        yield _supported(case, gpu, gpu.capability, rows, version, path)


def _supported(case: Case, gpu: GpuFact, capability: Capability, rows: list[Row], version: str, path: str) -> Outcome:
    answers = {supports(row, capability) for row in rows}
    row = rows[0]
    low, high = _range(row)
    facts = (*gpu.evidence, case.read(path, version),
             case.cite(f"TensorRT {row['version']} supports {low} to {high}", row, "capabilities"))
    if answers == {True}:
        return Holds("gpu-unsupported-by-tensorrt", "tensorrt",
                     f"TensorRT {version} supports {gpu.name} ({capability})", facts)
    if answers == {False}:
        return Finding("gpu-unsupported-by-tensorrt", "tensorrt",
                       f"TensorRT {version} does not support {gpu.name} ({capability}); it supports {low} to {high}.",
                       facts,
                       (Remedy(_release_for(case, capability)),))
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


@rule("onnx-version-unsupported")
def onnx_version_unsupported(case: Case) -> Iterator[Outcome]:
    """The reader does not know the model's opset, IR version or an operator.

    An ONNX file says which IR version its container has and which opset its operators are of. A reader (ONNX Runtime,
    TensorRT's parser) takes those up to its own; onnx writes its newest IR unless told otherwise, so a newer onnx makes
    files that an older reader refuses.

    Shows as: "Unsupported model IR version: 10, max supported IR version: 9", "No importer registered for op".

    Remedy: export with an opset that the reader knows, write an older IR version, or upgrade the reader.
    """
    model = case.machine.model
    reader = _reader(case)
    if reader is None or (model.format not in (None, "onnx")):
        return
    name, version, path = reader
    rows = case.matrix.packages.of_line(name, version)
    for field, fact, value, evidence in _written(case):
        ceilings = [row[field] for row in rows if field in row]
        if not ceilings or len(ceilings) != len(rows):
            yield Untold("onnx-version-unsupported", name, (path,))
            continue
        fits = {int(value) <= int(ceiling) for ceiling in ceilings}
        facts = (evidence, case.read(path, version), case.cite(f"{name} {version}: {field} up to {ceilings[-1]}",
                 rows[-1], field))
        if fits == {False}:
            yield Finding("onnx-version-unsupported", name,
                          f"The model has {fact} {value}; {name} {version} reads up to {ceilings[-1]}.",
                          facts, (Remedy(f"export the model with {fact} {ceilings[-1]} or lower"),
                                  Remedy(f"install a newer {name}")))
        elif fits == {True}:
            yield Holds("onnx-version-unsupported", name, f"{name} {version} reads {fact} {value}", facts)
    yield from _operators(case, name, version, path)


def _reader(case: Case) -> tuple[str, str, str] | None:
    if str(case.goal) == "convert:onnx-tensorrt":
        found = installed(case)
        return ("tensorrt", *found) if found else None
    subject = case.subject("onnxruntime")
    if str(case.goal) in ("run:onnx", "use:onnxruntime-cuda", "use:onnxruntime-tensorrt") and subject.version:
        return "onnxruntime", versions.parse(subject.version).public, subject.path
    return None


def _written(case: Case) -> "Iterator[tuple[str, str, str, Evidence]]":
    """(field of the reader's row, name, value, evidence) of what the file was written with."""
    model = case.machine.model
    if model.opset is not None:
        yield "opset", "opset", model.opset.partition(".")[0], case.read("model.opset", model.opset)
    writer = (model.writer or "").split()
    if model.ir_version is not None:
        yield "ir", "IR version", model.ir_version.partition(".")[0], case.read("model.ir_version", model.ir_version)
    elif len(writer) == 2 and writer[0] == "onnx" and versions.try_parse(writer[1]):
        row = case.matrix.packages.release("onnx", writer[1])
        if row is not None and "ir" in row:
            yield "ir", "IR version", row["ir"], case.cite(f"onnx {writer[1]} writes IR version {row['ir']}", row, "ir")


def _operators(case: Case, name: str, version: str, path: str) -> Iterator[Outcome]:
    wanted = case.machine.model.operators
    if wanted is None or name != "tensorrt":
        return
    table = {row["operator"]: row for component in case.matrix.components("operator")
             for row in case.matrix.rows("operator", component) if row["reader"] == name}
    for operator in dict.fromkeys(wanted):
        row = table.get(operator)
        if row is None:
            continue
        known = versions.at_least(version, row["since"])
        facts = (case.read("model.operators", operator), case.read(path, version),
                 case.cite(f"{operator}: TensorRT {row['since']} and newer", row, "since"))
        if known is False:
            yield Finding("onnx-version-unsupported", name,
                          f"TensorRT {version} does not read {operator}: {row['since']} is the first.",
                          facts, (Remedy(f"install TensorRT {row['since']} or newer"),
                                  Remedy("export with an opset that decomposes the operator")))
        elif known:
            yield Holds("onnx-version-unsupported", name, f"TensorRT {version} reads {operator}", facts)


@rule("precision-unsupported")
def precision_unsupported(case: Case) -> Iterator[Outcome]:
    """The GPU, the DLA or the library release has no such precision.

    Precisions are arithmetic of the chip: INT8 from 6.1 (and 7.x), FP16 from 5.3, 6.0, 6.2 and 7.0 on, BF16 and TF32
    from 8.0, FP8 from 8.9, FP4 and MXFP8 from 10.0. The DLA computes in FP16 and INT8 only. A library release may know fewer.

    Remedy: a precision that the GPU has, or a GPU that has the precision.
    """
    precision = case.machine.model.precision
    if precision is None or not case.goal.needs_gpu:
        return
    fact = case.read("model.precision", precision)
    if case.machine.model.device == "dla":
        if precision not in ("fp16", "int8"):
            yield Finding("precision-unsupported", "dla",
                          f"The DLA computes in FP16 and INT8, not in {precision.upper()}.",
                          (fact, case.read("model.device", "dla")),
                          (Remedy("use fp16 or int8, or run the model on the GPU"),))
        return
    found = installed(case) if _uses_tensorrt(case) else None
    for gpu in case.gpus:
        row = case.matrix.gpus.capability(gpu.capability) if gpu.capability else None
        if row is None or "precisions" not in row:
            yield Untold("precision-unsupported", "gpu", (f"{gpu.path}.name",))
        elif precision not in row["precisions"]:
            yield Finding("precision-unsupported", "gpu",
                          f"{gpu.name} ({gpu.capability}) has no {precision.upper()} arithmetic.",
                          (fact, *gpu.evidence, case.cite(f"{gpu.capability}: {', '.join(row['precisions'])}", row,
                           "precisions")),
                          (Remedy(f"use one of {', '.join(row['precisions'])}"),))
        else:
            yield from _library_precision(case, gpu, precision, found, fact)


def _library_precision(case: Case, gpu: GpuFact, precision: str, found: tuple[str, str] | None,
                       fact: Evidence) -> Iterator[Outcome]:
    for row in case.matrix.every("precision") if found is not None else ():
        if row["library"] != "tensorrt" or row["precision"] != precision or "since" not in row or found is None:
            continue
        if versions.at_least(found[0], row["since"]) is False:
            yield Finding("precision-unsupported", "tensorrt",
                          f"TensorRT {found[0]} has no {precision.upper()}: {row['since']} is the first.",
                          (fact, case.read(found[1], found[0]), case.cite(f"{precision}: TensorRT {row['since']}",
                           row, "since")),
                          (Remedy(f"install TensorRT {row['since']} or newer"),))
            return
    yield Holds("precision-unsupported", "gpu", f"{gpu.name} computes in {precision.upper()}", (fact, *gpu.evidence))
