"""What TensorRT's parser refuses of operators that it takes: types, attributes, outputs (matrix: operator_limit).

A limit is an error where the parser's code or list refuses the value; a type that the published list of an operator
merely does not name is a warning and leaves the release open, since the lists are narrower than the code.
"""

from collections.abc import Iterator

from compat import versions
from compat.matrix import Row
from compat.rules.base import Evidence, Finding, Outcome, Remedy, Untold
from compat.rules.case import Case
from compat.rules.tensorrt.release import used

# ONNX's element types as the parser's lists name them.
NAMES = {
    "float": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "double": "fp64",
    "float8e4m3fn": "fp8",
    "float4e2m1": "fp4",
}
_QDQ = ("QuantizeLinear", "DequantizeLinear")


def judge(case: Case, rule: str, version: str, path: str, table: dict[str, Row]) -> Iterator[Outcome]:
    """Findings on the operators and inputs of the machine's model for a TensorRT release."""
    refused: set[tuple[str, str]] = set()
    for row in _limits(case):
        for value in _values(case, row, version):
            for outcome in _limited(case, rule, row, value, (version, path)):
                refused.add((row["operator"], value))
                yield outcome
    for operator, types in (case.machine.model.operator_types or {}).items():
        listed = table.get(operator)
        if listed is None or "types" not in listed or not versions.at_least(version, listed["since"]):
            continue
        for name in types:
            if (operator, _type(case, name, version)) not in refused:
                yield from _listed(case, rule, listed, name, (version, path))


def _limits(case: Case) -> Iterator[Row]:
    model = case.machine.model
    named = {*(model.attributes or ()), *(model.operator_types or ()), *(model.operators or ()), "input", "model"}
    for component in case.matrix.components("operator_limit"):
        for row in case.matrix.rows("operator_limit", component):
            if row["reader"] == "tensorrt" and row["operator"] in named:
                yield row


def _values(case: Case, row: Row, version: str) -> tuple[str, ...]:
    """What the model has of the thing that a limit is about."""
    operator, of = row["operator"], row["of"]
    found = _stated(case, row)
    if of == "opset":
        return tuple(str(versions.parse(one).major) for one in found)
    typed = operator == "input" or of in ("type", "to", "zero_point_type")
    return tuple(_type(case, one, version) for one in found) if typed else found


def _stated(case: Case, row: Row) -> tuple[str, ...]:
    """What the description says of it."""
    model, operator, of = case.machine.model, row["operator"], row["of"]
    if of == "opset":
        return (model.opset,) if model.opset else ()
    if operator == "input":
        return tuple(model.input_types or ())
    if of == "type":
        return tuple((model.operator_types or {}).get(operator, ()))
    return tuple((model.attributes or {}).get(operator, {}).get(of, ()))


def _field(row: Row) -> str:
    if row["of"] == "opset":
        return "model.opset"
    if row["operator"] == "input":
        return "model.input_types"
    if row["of"] == "type":
        return f"model.operator_types.{row['operator']}"
    return f"model.attributes.{row['operator']}.{row['of']}"


def _type(case: Case, name: str, version: str) -> str:
    """The type as which the release reads one: without INT64 of its own it makes INT32 of it."""
    name = NAMES.get(name, name)
    return "int32" if name == "int64" and case.matrix.traits.holds("tensorrt", "int64", version) is False else name


def last_list(case: Case) -> str:
    """The release of the newest operator list that the matrix has."""
    row = case.matrix.traits.row("onnx-tensorrt", "operators-listed")
    return str(row["value"]) if row is not None else "(no list)"


def is_listed(case: Case, version: str) -> bool | None:
    """Is the release none after that of the newest list? Of later ones nothing is known."""
    return case.matrix.traits.holds("onnx-tensorrt", "operators-listed", version)


def _limited(case: Case, rule: str, row: Row, value: str, reader: tuple[str, str]) -> Iterator[Outcome]:
    version, path = reader
    since = row.get("takes_since", {}).get(value, row["since"])
    refused = value in row["refuses"] if "refuses" in row else value not in row["takes"]
    if not refused and versions.at_least(version, since) is not False:
        return
    beyond = is_beyond(version, row["until"]) if "until" in row else False
    if versions.at_least(version, row["since"]) is False or beyond:
        return
    if not refused and "takes_since" not in row:
        return
    if beyond is None:  # of a line some releases take it
        yield Untold(rule, "tensorrt", (path,))
        return
    if row["operator"] == "model":
        yield from _too_old(case, rule, row, reader)
        return
    what = _named(row, value)
    first = f": {since} is the first that does" if not refused and "takes_since" in row else ""
    facts = (
        Evidence(f"{_field(row)} = {', '.join(_stated(case, row))}", case.machine.model.file or "machine description"),
        *used(case, version, path),
        case.cite(f"{row['operator']} from TensorRT {row['since']} on: {_rule_of(row)}", row, "since"),
    )
    if is_listed(case, version) is False:
        message = f"TensorRT {last_list(case)} does not take {what}; of {version} it is not known."
        yield Finding(rule, "tensorrt", message, facts, _remedies(row, value), "warning")
        yield Untold(rule, "tensorrt", (f"{what} in TensorRT {version}",))
        return
    yield Finding(rule, "tensorrt", f"TensorRT {version} does not take {what}{first}.", facts, _remedies(row, value))


def _too_old(case: Case, rule: str, row: Row, reader: tuple[str, str]) -> Iterator[Outcome]:
    """An opset below those that the lists speak of: the parser warns and tries."""
    version, path = reader
    first = int(row["refuses"][-1]) + 1
    facts = (
        Evidence(f"model.opset = {case.machine.model.opset}", case.machine.model.file or "machine description"),
        *used(case, version, path),
        case.cite(f"TensorRT {row['since']} and newer: opset {first} and later", row, "refuses"),
    )
    message = (
        f"The model has opset {case.machine.model.opset}; TensorRT {version} speaks of opset {first} and later only."
    )
    remedy = Remedy(f"export it again with opset {first} or later, or lift it with onnx.version_converter")
    yield Finding(rule, "tensorrt", message, facts, (remedy,), "warning")
    yield Untold(rule, "tensorrt", (f"opset {case.machine.model.opset} in TensorRT {version}",))


def _named(row: Row, value: str) -> str:
    shown = value.upper() if row["of"] in ("type", "to", "zero_point_type") else value
    if row["operator"] == "input":
        return f"an input of type {shown}"
    words = {
        "type": f"{row['operator']} of {shown}",
        "zero_point": f"{row['operator']} with a zero point that is not zero (asymmetric quantization)",
        "zero_point_type": f"{row['operator']} to {shown}",
        "outputs": f"{row['operator']} with {shown} outputs",
        "to": f"Cast to {shown}",
        "opset": f"{row['operator']} as opset {shown} has it",
    }
    return words.get(row["of"], f"{row['operator']} with {row['of']} {shown}")


def _rule_of(row: Row) -> str:
    if row["of"] == "opset":
        return f"of opset {row['refuses'][0]} and later it is not taken, up to TensorRT {row['until']}"
    if "refuses" in row:
        return f"{row['of']} not {', '.join(row['refuses'])}"
    return f"{row['of']} {', '.join(row['takes'])}"


def _remedies(row: Row, value: str) -> tuple[Remedy, ...]:
    if row["operator"] in _QDQ:
        return (Remedy("quantize the model symmetrically in signed INT8 (activations and weights), without biases"),)
    if row["of"] in ("type", "to"):
        return (Remedy(f"cast to FLOAT or INT32 outside the graph, so that no {value.upper()} reaches TensorRT"),)
    if row["of"] == "opset":
        below = int(row["refuses"][0]) - 1
        newer = Remedy(f"install a TensorRT after {row['until']}")
        return (newer, Remedy(f"export with opset {below} or older"))
    return (Remedy("replace the operator in the exported graph, or give TensorRT a plugin for it"),)


def _listed(case: Case, rule: str, row: Row, name: str, reader: tuple[str, str]) -> Iterator[Outcome]:
    """A type that the list of a release does not name for an operator."""
    version, path = reader
    kind = _type(case, name, version)
    kind = "fp32" if kind == "fp64" else kind
    since = row.get("types_since", {}).get(kind)
    if kind in row["types"] and (since is None or versions.at_least(version, since) is not False):
        return
    if kind in row["types"] and case.matrix.traits.holds("onnx-tensorrt", "operators-listed-each", version) is False:
        return  # some release between the two lists took it up; which one is not known
    listing = last_list(case) if is_listed(case, version) is False else version
    message = f"TensorRT {listing}'s operator list does not name {kind.upper()} for {row['operator']}."
    facts = (
        Evidence(f"{row['operator']} computes in {name}", case.machine.model.file or "machine description"),
        *used(case, version, path),
        case.cite(f"{row['operator']}: {', '.join(row['types'])}", row, "types"),
    )
    way = Remedy("try it: the lists are narrower than the parser")
    yield Finding(rule, "tensorrt", message, facts, (way,), "warning")
    yield Untold(rule, "tensorrt", (f"{row['operator']} of {kind.upper()} in TensorRT {version}",))


def is_beyond(version: str, bound: str) -> bool | None:
    """Is the release beyond the bound's own line? 9.3.0.1 is not beyond 9.3.0; of the line 9 it is not told."""
    one, other = versions.parse(version), versions.parse(bound)
    if one.covers(other) and not one.same_as(other):
        return None
    return one > other and not other.covers(one)
