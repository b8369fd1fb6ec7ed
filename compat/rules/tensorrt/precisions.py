"""Precisions: whether GPU, DLA and TensorRT release have the one that is asked for or that the model holds."""

from collections.abc import Iterator

from compat import versions
from compat.capability import parse as parse_capability
from compat.matrix import Row
from compat.records import replace
from compat.rules.base import OF_GPUS, OF_RUNTIME, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.gpus import GpuFact
from compat.rules.tensorrt.release import installed, used, uses_tensorrt

RULE = "precision-unsupported"
# Asked of a GPU without it, libraries compute in the other: slower only; weights in INT4 are unpacked, to begin with.
_FALLS_BACK = {"fp16": "FP32", "tf32": "FP32", "int4": "FP16"}
# The table is of Orin's DLA; of Xavier's NVIDIA says that it runs many of these, thus none beyond.
_XAVIER = parse_capability("7.2")
_OF_TYPES = {"bfloat16": "bf16", "float8e4m3fn": "fp8", "int4": "int4", "float4e2m1": "fp4"}


@rule(RULE, reads=("model", "container.image", *OF_GPUS, *OF_RUNTIME))
def precision_unsupported(case: Case) -> Iterator[Outcome]:
    """The GPU, the DLA or the library release has no such precision.

    Precisions are arithmetic of the chip: INT8 from 6.1 (and 7.x), FP16 from 5.3, 6.0, 6.2 and 7.0 on, BF16 and TF32
    from 8.0, FP8 from 8.9, FP4 and MXFP8 from 10.0. Where the GPU has no fast FP16 or no TF32, libraries and TensorRT
    fall back (a warning: "hardware without native FP16 support"); INT4 is a way to store weights, which are unpacked
    where the GPU has none (9.0 and later); the others they refuse. The DLA computes in FP16 and
    INT8 only, and not every module has one. A library release may know fewer. TensorRT 11 takes every precision from
    the model itself: what the model's types and Q/DQ nodes do not say, no flag adds.

    Remedy: a precision that the GPU has, or a GPU that has the precision.
    """
    precision = case.machine.model.precision
    if not case.goal.needs_gpu:
        return
    found = installed(case) if uses_tensorrt(case) else None
    if case.machine.model.device == "dla":
        yield from _dla(case, precision, found)
        return
    if precision is not None:
        yield from _asked(case, precision, found)
    if str(case.goal) == "convert:onnx-tensorrt":
        yield from _held(case, found)
        if found is not None:
            yield from _typed(case, precision, found)


def _asked(case: Case, precision: str, found: tuple[str, str] | None) -> Iterator[Outcome]:
    fact = case.read("model.precision", precision)
    own, library = _of_library(case, precision, found)
    lacking = _library_precision(case, precision, found, fact)
    for gpu in case.gpus:
        chip = _by_chip(case, precision, gpu, lacking, fact)
        yield _by_releases(case, own, library, precision, gpu, fact, chip) if own else chip
    if lacking is not None:
        yield lacking  # whatever the GPU is


def _by_chip(
    case: Case, precision: str, gpu: GpuFact, lacking: Finding | None, fact: Evidence
) -> Finding | Holds | Untold:
    row = case.matrix.gpus.capability(gpu.capability) if gpu.capability else None
    if row is None or "precisions" not in row:
        return Untold(RULE, "gpu", (f"{gpu.path}.name",))
    if precision in row["precisions"]:
        return lacking or Holds(RULE, "gpu", f"{gpu.name} computes in {precision.upper()}", (fact, *gpu.evidence))
    have = ", ".join(row["precisions"])
    instead = _FALLS_BACK.get(precision)
    effect = f"; it is computed in {instead} or slowly" if instead else ""
    return Finding(
        RULE,
        "gpu",
        f"{gpu.name} ({gpu.capability}) has no {precision.upper()} arithmetic{effect}.",
        (fact, *gpu.evidence, case.cite(f"{gpu.capability}: {have}", row, "precisions")),
        (Remedy(f"use one of {have}"),),
        "warning" if instead else "error",
    )


def _of_library(
    case: Case, precision: str, found: tuple[str, str] | None
) -> tuple[list[Row], tuple[str, str | None, str]]:
    """What the library that the goal is named for takes by itself, in kernels of its own; its (name, version, field).

    TensorRT's is asked apart, but for what it only stores weights in: that needs no such arithmetic of the chip.
    """
    rows = [row for row in case.matrix.every("precision") if row["precision"] == precision]
    stored = [row for row in rows if row["library"] == "tensorrt" and row.get("form") == "weight-only"]
    if stored and uses_tensorrt(case):
        return stored, ("tensorrt", *(found or (None, "libraries")))
    if case.main is None:
        return [], ("", None, "")
    main = case.main.component
    own = [row for row in rows if row["library"] == main != "tensorrt"]
    return own, (main, case.main.version, case.main.path)


def _by_releases(
    case: Case,
    rows: list[Row],
    library: tuple[str, str | None, str],
    precision: str,
    gpu: GpuFact,
    fact: Evidence,
    chip: Finding | Holds | Untold,
) -> Outcome:
    """By the row of the library's release, else by the chip; where the release is open, what all of them say."""
    name, version, path = library
    spans = [_is_of(row, version) for row in rows]
    answers = [_by_library(case, row, precision, gpu, fact) or chip for row in rows]
    agreed = len({(type(one), getattr(one, "severity", "")) for one in (chip, *answers)}) == 1
    if None in spans:
        return answers[-1] if agreed else Untold(RULE, name, (path,))
    told = next((one for one, inside in zip(answers, spans, strict=True) if inside), chip)
    if agreed or version is None or isinstance(told, Untold):
        return told
    read = used(case, version, path) if name == "tensorrt" else (case.read(path, version),)
    return replace(told, evidence=(*told.evidence, *read))


def _is_of(row: Row, version: str | None) -> bool | None:
    """Is the row about this release? None where that is open."""
    if version is None or ("since" not in row and "until" not in row):
        return None if "since" in row or "until" in row else True
    from compat.rules.tensorrt.operator_limits import is_beyond

    begun = versions.at_least(version, row["since"]) if "since" in row else True
    beyond = is_beyond(version, row["until"]) if "until" in row else False
    if begun is False or beyond:
        return False
    return None if begun is None or beyond is None else True


def _by_library(case: Case, row: Row, precision: str, gpu: GpuFact, fact: Evidence) -> Finding | Holds | None:
    """What the library's own table says of a GPU; None where it leaves it to the chip."""
    if gpu.capability is None:
        return None
    known, mine = {parse_capability(text) for text in row["capabilities"]}, gpu.capability.plain
    name = row["library"]
    facts = (fact, *gpu.evidence, case.cite(f"{name}: {precision} on {', '.join(row['capabilities'])}", row))
    if mine in known:
        return Holds(RULE, "gpu", f"{name} computes {precision.upper()} on {gpu.name}", facts)
    if mine < min(known) or mine in {parse_capability(text) for text in row.get("refuses", ())}:
        return Finding(
            RULE,
            "gpu",
            f"{name} has no {precision.upper()} for {gpu.name} ({gpu.capability}).",
            facts,
            (Remedy("use another precision, or a GPU that it has it for"),),
        )
    return None


def _rows(case: Case, precision: str) -> list[Row]:
    return [
        row for row in case.matrix.every("precision") if row["library"] == "tensorrt" and row["precision"] == precision
    ]


def _library_precision(case: Case, precision: str, found: tuple[str, str] | None, fact: Evidence) -> Finding | None:
    for row in _rows(case, precision) if found is not None else ():
        if "since" in row and found is not None and versions.at_least(found[0], row["since"]) is False:
            return Finding(
                RULE,
                "tensorrt",
                f"TensorRT {found[0]} has no {precision.upper()}: {row['since']} is the first.",
                (fact, *used(case, *found), case.cite(f"{precision}: TensorRT {row['since']}", row, "since")),
                (Remedy(f"install TensorRT {row['since']} or newer"),),
            )
    return None


def _held(case: Case, found: tuple[str, str] | None) -> Iterator[Outcome]:
    """Element types in the file that not every GPU has, whatever the release, and not every release."""
    for kind, precision in _OF_TYPES.items():
        if kind not in (case.machine.model.types or ()):
            continue
        fact = Evidence(f"model.types has {kind}", case.machine.model.file or "machine description")
        missing = _library_precision(case, precision, found, fact)
        if missing is not None:
            yield missing
            continue
        for gpu in case.gpus:
            yield from _held_on(case, gpu, kind, precision, fact)


def _held_on(case: Case, gpu: GpuFact, kind: str, precision: str, fact: Evidence) -> Iterator[Outcome]:
    for row in _rows(case, precision):
        known = {parse_capability(text) for text in row["capabilities"]}
        if gpu.capability is None:
            yield Untold(RULE, "gpu", (f"{gpu.path}.name",))
        elif gpu.capability.plain in known:
            yield Holds(RULE, "gpu", f"TensorRT computes {kind} on {gpu.name}", (fact, *gpu.evidence))
        elif gpu.capability.plain < min(known):
            yield Finding(
                RULE,
                "gpu",
                f"The model holds {kind.upper()}; TensorRT has {precision.upper()} from compute "
                f"capability {min(known)} on, {gpu.name} has {gpu.capability}.",
                (fact, *gpu.evidence, case.cite(f"{precision}: {', '.join(row['capabilities'])}", row, "capabilities")),
                (Remedy("export the model in FP16 or FP32"),),
            )


def _typed(case: Case, precision: str | None, found: tuple[str, str]) -> Iterator[Outcome]:
    """What TensorRT 11's strong typing, and INT8 before it, want from the model."""
    model = case.machine.model
    if model.quantized is None or precision is None:
        return
    strong = case.matrix.traits.holds("tensorrt", "strongly-typed-only", found[0]) is not False
    facts = (
        case.read("model.precision", precision),
        case.read("model.quantized", model.quantized),
        *used(case, *found),
    )
    if precision == "int8" and not model.quantized:
        if strong:
            yield Finding(
                RULE,
                "tensorrt",
                f"TensorRT {found[0]} computes in INT8 only where the model has Q/DQ nodes, and this one has none.",
                facts,
                (Remedy("quantize the model first, for instance with nvidia-modelopt"),),
            )
        else:
            yield Finding(
                RULE,
                "tensorrt",
                "The model has no Q/DQ nodes, so INT8 needs a calibration set; without one "
                "trtexec makes up the ranges and the results are worthless.",
                facts,
                (Remedy("quantize the model first, or pass trtexec a calibration cache with --calib"),),
                "warning",
            )
    wanted = {"fp16": "float16", "bf16": "bfloat16", "fp8": "float8e4m3fn", "fp4": "float4e2m1", "int4": "int4"}.get(
        precision
    )
    if strong and wanted is not None and wanted not in (model.types or ()):
        yield Finding(
            RULE,
            "tensorrt",
            f"TensorRT {found[0]} takes the precision from the model, and this one holds no {precision.upper()}.",
            facts,
            (
                Remedy(f"export the model in {precision.upper()}, or convert it with nvidia-modelopt"),
                Remedy("use TensorRT 10, whose builder still chooses precisions"),
            ),
            "warning",
        )


def _dla(case: Case, precision: str | None, found: tuple[str, str] | None) -> Iterator[Outcome]:
    fact = case.read("model.device", "dla")
    if precision not in (None, "fp16", "int8"):
        yield Finding(
            RULE,
            "dla",
            f"The DLA computes in FP16 and INT8, not in {precision.upper()}.",
            (case.read("model.precision", precision), fact),
            (Remedy("use fp16 or int8, or run the model on the GPU"),),
        )
    for gpu in case.gpus:
        cores = gpu.row.get("dla", "0") if gpu.row is not None else None
        if cores is None:
            yield Untold(RULE, "dla", (f"{gpu.path}.name",))
        elif cores == "0":
            yield Finding(
                RULE, "dla", f"{gpu.name} has no DLA.", (fact, *gpu.evidence), (Remedy("run the model on the GPU"),)
            )
        else:
            yield Holds(
                RULE, "dla", f"{gpu.name} has {cores} DLA core{'s' if cores != '1' else ''}", (fact, *gpu.evidence)
            )
    rows = case.matrix.packages.of_line("tensorrt", found[0]) if found is not None else []
    if found is not None and rows and all(row.get("dla") is False for row in rows):
        yield Finding(
            RULE,
            "dla",
            f"TensorRT {found[0]} does not build for the DLA.",
            (fact, *used(case, *found), case.cite(f"TensorRT {rows[0]['version']}: no DLA", rows[0], "dla")),
            (Remedy("use the TensorRT of the module's JetPack, or run the model on the GPU"),),
        )
    if found is not None:
        yield from _falls_back(case, found)


def _falls_back(case: Case, found: tuple[str, str]) -> Iterator[Outcome]:
    """Operators that the DLA does not run; they run on the GPU, if that is allowed, with a copy on either side."""
    from compat.rules.tensorrt.operators import operator_rows

    table = operator_rows(case, "dla")
    wanted = dict.fromkeys(case.machine.model.operators or ())
    if table and wanted and all(versions.at_least(found[0], row["since"]) is False for row in table.values()):
        yield Untold(RULE, "dla", (f"operators of the DLA before TensorRT {_first(table)}",))
        return
    missing = [
        name for name in wanted
        if name not in table or versions.at_least(found[0], table[name]["since"]) is False
    ]  # fmt: skip
    if not table or not missing:
        return
    row = next(iter(table.values()))
    shown = ", ".join(missing[:12]) + (f" and {len(missing) - 12} others" if len(missing) > 12 else "")
    xavier = any(gpu.capability is not None and gpu.capability.plain == _XAVIER for gpu in case.gpus)
    if xavier:
        yield Untold(RULE, "dla", ("which of Orin's operators Xavier's DLA lacks",))
    yield Finding(
        RULE,
        "dla",
        f"The DLA does not run {shown}{' and, being of Xavier, perhaps others' if xavier else ''}: they fall back to "
        "the GPU, or the build fails where that is not allowed.",
        (*used(case, *found), case.cite(f"{len(table)} operators run on Orin's DLA", row)),
        (Remedy("build with --allowGPUFallback, or replace these operators"),),
        "warning",
    )


def _first(table: dict[str, Row]) -> str:
    return str(min((row["since"] for row in table.values()), key=versions.parse))
