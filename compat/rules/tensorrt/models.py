"""ONNX models: which opset and IR version a reader takes and an exporter writes (operators: ``operators``)."""

from collections.abc import Iterator

from compat import versions
from compat.matrix import Matrix, Row
from compat.rules.base import OF_GPUS, OF_RUNTIME, Evidence, Finding, Holds, Outcome, Remedy, Untold, rule
from compat.rules.case import Case
from compat.rules.tensorrt.release import installed, used

RULE = "onnx-version-unsupported"
_EXPORTERS = {"convert:torch-onnx": "torch", "convert:tensorflow-onnx": "tf2onnx"}


@rule(RULE, reads=("model", "container.image", *OF_GPUS, *OF_RUNTIME))
def onnx_version_unsupported(case: Case) -> Iterator[Outcome]:
    """The reader does not know the model's opset, IR version or an operator, or the exporter cannot write the opset.

    An ONNX file says which IR version its container has and which opset its operators are of. A reader (ONNX Runtime,
    TensorRT's parser) takes those up to its own; onnx writes its newest IR unless told otherwise, so a newer onnx makes
    files that an older reader refuses. TensorRT's parser goes on where the opset is beyond its own: it reads the model
    if none of its operators is new or changed since. ONNX Runtime has no kernels for what operators were before its
    least opset. An operator of another domain, or of no standard, needs a plugin or a custom operator library that has
    it.

    An exporter has a highest opset of its own in the same way: what is asked for beyond it, it refuses to write.

    Shows as: "Unsupported model IR version: 10, max supported IR version: 9", "No importer registered for op",
    "Unsupported ONNX opset version: 16" (an exporter).

    Remedy: export with an opset that the reader knows, write an older IR version, or upgrade the reader.
    """
    model = case.machine.model
    if str(case.goal) in _EXPORTERS:
        yield from _exported(case, _EXPORTERS[str(case.goal)])
        return
    if model.format not in (None, "onnx"):
        return
    reader = _reader(case)
    if reader is None:
        yield from _untold(case)
        return
    name, version, path = reader
    for written in _written(case, name):
        yield _ceiling(case, reader, written)
    yield from _floor(case, reader)
    if name == "tensorrt" or model.operators is not None:
        from compat.rules.tensorrt.operators import judge

        yield from judge(case, name, version, path)


_READ_BY_ONNXRUNTIME = ("run:onnx", "use:onnxruntime-cuda", "use:onnxruntime-tensorrt")


def _reader(case: Case) -> tuple[str, str, str] | None:
    if str(case.goal) == "convert:onnx-tensorrt":
        found = installed(case)
        return ("tensorrt", *found) if found else None
    subject = case.subject("onnxruntime")
    if str(case.goal) in _READ_BY_ONNXRUNTIME and subject.version:
        return "onnxruntime", versions.parse(subject.version).public, subject.path
    row = _server(case)
    return ("onnxruntime", row["onnxruntime"], _IMAGE) if row is not None else None


def _server(case: Case) -> Row | None:
    """The image of Triton's that the goal runs in, whose backend reads the model with an ONNX Runtime of its own."""
    from compat.rules.runtimes import image_row

    goal, subject, model = str(case.goal), case.subject("onnxruntime"), case.machine.model
    # Of no other format has a model an opset or an IR version.
    is_onnx = model.format == "onnx" or model.opset is not None or model.ir_version is not None
    served = goal in _READ_BY_ONNXRUNTIME or (goal == "use:tritonserver" and is_onnx)
    row = image_row(case, "onnxruntime") if served and subject.state not in ("installed", "requested") else None
    return row if row is not None and f"/{row['image']}:" in f"/{case.machine.container.image}" else None


def _used(case: Case, reader: tuple[str, str, str]) -> tuple[Evidence, ...]:
    """Evidence for the release of the reader."""
    name, version, path = reader
    row = _server(case) if name == "onnxruntime" and path == _IMAGE else None
    if row is None:
        return used(case, version, path)
    has = case.cite(f"the image {row['image']}:{row['tag']} has ONNX Runtime {version}", row, "onnxruntime")
    own = case.assume("packages", "no other ONNX Runtime was brought into it")
    return (case.read(_IMAGE, case.machine.container.image), has, own)


_IMAGE = "container.image"


def _untold(case: Case) -> Iterator[Untold]:
    """Something is known of the model, and nothing of its reader."""
    model = case.machine.model
    if model.opset is None and model.ir_version is None:
        return
    if str(case.goal) == "convert:onnx-tensorrt" and case.has("tensorrt") is not False:
        yield Untold(RULE, "tensorrt", ("libraries",))
    reader = case.subject("onnxruntime")
    if str(case.goal) in _READ_BY_ONNXRUNTIME and reader.state != "absent":
        yield Untold(RULE, "onnxruntime", (f"packages.{reader.distribution}",))


def _written(case: Case, reader: str) -> "Iterator[tuple[str, str, str, tuple[Evidence, ...]]]":
    """(field of the reader's row, name, value, evidence) of what the file was written with.

    TensorRT's parser sets no limit to the IR version.
    """
    model = case.machine.model
    if model.opset is not None:
        yield "opset", "opset", str(versions.parse(model.opset).major), (of_model(case, "opset", model.opset),)
    writer = (model.writer or "").split()
    if reader == "tensorrt":
        return
    classic = (model.domains or {}).get("ai.onnx.ml")  # the operators of classic machine learning, an opset of its own
    if classic is not None:
        opset = str(versions.parse(classic).major)
        yield "opset_ml", "ai.onnx.ml opset", opset, (of_model(case, "domains", classic),)
    if model.ir_version is not None:
        ir = str(versions.parse(model.ir_version).major)
        yield "ir", "IR version", ir, (of_model(case, "ir_version", model.ir_version),)
    elif len(writer) == 2 and writer[0] == "onnx" and versions.try_parse(writer[1]):
        row = case.matrix.packages.release("onnx", writer[1])
        if row is not None and "ir" in row:
            said = case.cite(f"onnx {writer[1]} writes IR version {row['ir']}", row, "ir")
            own = case.assume("model.ir_version", "the writer's own, which can be told to write an older one")
            yield "ir", "IR version", row["ir"], (said, own)


def of_model(case: Case, name: str, value: str) -> Evidence:
    """A fact of the model, by its file where that was read."""
    file = case.machine.model.file
    return Evidence(f"model.{name} = {value}", file) if file else case.read(f"model.{name}", value)


def _exported(case: Case, name: str) -> Iterator[Outcome]:
    """An exporter writes opsets up to its own: torch.onnx of torch 2.2 stops at 19, that of torch 1.11 at 15."""
    subject, opset = case.subject(name), case.machine.model.opset
    if opset is None:
        return
    if subject.version is None:
        yield Untold(RULE, name, (subject.path,))
        return
    wanted = str(versions.parse(opset).major)
    low, high = bounds(case.matrix, name, versions.parse(subject.version).public, "opset")
    facts = (of_model(case, "opset", opset), case.read(subject.path, subject.version))
    if low is not None and int(wanted) <= int(low["opset"]):
        known = case.cite(f"{name} {low['version']} writes opset {low['opset']}", low, "opset")
        yield Holds(RULE, name, f"{subject.label} writes opset {wanted}", (*facts, known))
    elif high is not None and int(wanted) > int(high["opset"]):
        known = case.cite(f"{name} {high['version']} writes up to opset {high['opset']}", high, "opset")
        yield Finding(
            RULE,
            name,
            f"Opset {wanted} is asked for; the exporter of {subject.label} writes up to {high['opset']}.",
            (*facts, known),
            (
                Remedy(f"export with opset {high['opset']} or lower"),
                Remedy(f"install a newer {name}{_first_that_reads(case, name, 'opset', wanted, 'writes')}"),
            ),
        )
    else:
        yield Untold(RULE, name, (subject.path,))


def _ceiling(case: Case, reader: tuple[str, str, str], written: tuple[str, str, str, tuple[Evidence, ...]]) -> Outcome:
    """Is what the file was written with within the reader's reach?

    A release without a ceiling of its own reads at least what an older one reads, and at most what a newer one does.
    TensorRT's parser asks no model for its opset: one whose operators are those of an opset that it knows, it reads.
    """
    name, version, path = reader
    field, fact, value, evidence = written
    low, high = bounds(case.matrix, name, version, field)
    if low is not None and (int(value) <= int(low[field]) or _of_later(case, name, low, value) == []):
        facts = (
            *evidence,
            *_used(case, reader),
            case.cite(f"{name} {low['version']}: {field} up to {low[field]}", low, field),
        )
        return Holds(RULE, name, f"{name} {version} reads {fact} {value}", facts)
    later = _of_later(case, name, high, value) if high is not None else None
    if high is not None and int(value) > int(high[field]) and later != []:
        facts = (
            *evidence,
            *_used(case, reader),
            case.cite(f"{name} {high['version']}: {field} up to {high[field]}", high, field),
        )
        return Finding(
            RULE,
            name,
            f"The model has {fact} {value}; {name} {version} reads up to {high[field]}{_named(later)}.",
            (*facts, *_what_is_later(case, later)) if name == "tensorrt" else facts,
            (
                Remedy(f"export the model with {fact} {high[field]} or lower"),
                Remedy(f"install a newer {name}{_first_that_reads(case, name, field, value)}"),
            ),
        )
    return Untold(RULE, name, (path,))


def _floor(case: Case, reader: tuple[str, str, str]) -> Iterator[Finding]:
    """ONNX Runtime has kernels for what the operators are as of a least opset, and none for what they were before."""
    name, version, _ = reader
    opset = case.machine.model.opset
    row = next((one for one in bounds(case.matrix, name, version, _LEAST) if one is not None), None)
    if name != "onnxruntime" or opset is None or row is None:
        return
    opset = str(versions.parse(opset).major)
    if int(opset) >= int(row[_LEAST]):
        return
    from compat.rules.tensorrt.operators import changed_between

    operators = case.machine.model.operators
    before = changed_between(case, operators or (), int(opset), int(row[_LEAST]))
    if operators is not None and not before:
        return
    told = [of_model(case, "operators", one) for one in before[:1]]
    yield Finding(
        RULE,
        name,
        f"The model has opset {opset}; {name} {version} reads what operators are from opset {row[_LEAST]} on"
        f"{_named(before, 'changed before that')}.",
        (
            of_model(case, "opset", opset),
            *_used(case, reader),
            case.cite(f"{name} {row['version']}: opset {row[_LEAST]} and later", row, _LEAST),
            *(told or [case.assume("model.operators", "one of them was another in the model's opset")]),
        ),
        (Remedy(f"convert the model to opset {row[_LEAST]} or later with onnx.version_converter"),),
    )


_LEAST = "opset_minimum"


def _of_later(case: Case, reader: str, row: Row, opset: str) -> list[str] | None:
    """The model's operators that are not what they were in the opset that the release knows; None where it is open."""
    operators = case.machine.model.operators
    if operators is None or reader != "tensorrt":
        return None
    from compat.rules.tensorrt.operators import changed_between

    return changed_between(case, operators, int(row["opset"]), int(opset))


def _what_is_later(case: Case, operators: list[str] | None) -> tuple[Evidence, ...]:
    if operators is None:
        return (case.assume("model.operators", "one of them is new or changed since the opset that the parser knows"),)
    return tuple(of_model(case, "operators", one) for one in operators[:1])


def _named(operators: list[str] | None, what: str = "") -> str:
    if not operators:
        return ""
    more = f" and {len(operators) - 6} others" if len(operators) > 6 else ""
    said = what or f"{'is' if len(operators) == 1 else 'are'} of a later one"
    return f", and {', '.join(operators[:6])}{more} {said}"


def bounds(matrix: Matrix, name: str, version: str, field: str) -> tuple[Row | None, Row | None]:
    """The rows that bound the ceiling of a release from below and from above; the same row where it has one itself."""
    rows = matrix.packages.of_line(name, version)
    own = sorted((row for row in rows if field in row), key=lambda row: int(row[field]))
    if own and len(own) == len(rows):
        return own[0], own[-1]
    at = versions.parse(version)
    known = [row for row in matrix.packages.releases(name) if field in row]
    older = [row for row in known if versions.parse(row["version"]) <= at]
    newer = [
        row for row in known if versions.parse(row["version"]) > at and not at.covers(versions.parse(row["version"]))
    ]
    return (older[-1] if older else None), (newer[0] if newer else None)


def _first_that_reads(case: Case, name: str, field: str, value: str, does: str = "reads") -> str:
    for row in case.matrix.packages.releases(name):
        if field in row and int(row[field]) >= int(value):
            return f": {row['version']} is the first that {does} it"
    return ""
