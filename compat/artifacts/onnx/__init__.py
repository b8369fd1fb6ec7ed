"""An ONNX model, read as a stream: opsets, operators, types and shapes, without the onnx package and without its
weights.

Field numbers are those of onnx.proto; the weights (raw_data and its like) are stepped over, so a file of 2 GB costs
what its graph costs.
"""

from typing import Any

from compat.artifacts.artifact import Artifact, Bytes, Malformed, printable
from compat.artifacts.onnx.facts import Graph
from compat.artifacts.onnx.graph import Reader
from compat.artifacts.wire import LENGTH, VARINT, Field, TooLong, Wire, read_field, signed
from compat.machine import Model
from compat.probe.host import Host
from compat.records import replace

_TOP = {
    1: VARINT,
    2: LENGTH,
    3: LENGTH,
    4: LENGTH,
    5: VARINT,
    6: LENGTH,
    7: LENGTH,
    8: LENGTH,
    14: LENGTH,
    20: LENGTH,
    25: LENGTH,
    26: LENGTH,
}
_TEXTS = {2: "producer_name", 3: "producer_version", 4: "domain"}
DEFAULT_DOMAINS = ("", "ai.onnx")
_MOST_ENTRIES = 1000


def recognise(head: bytes, size: int, name: str) -> bool:
    """Does the file begin with the fields of a ModelProto, as far as the head shows?"""
    seen: dict[int, int] = {}
    at = 0
    while at < len(head):
        try:
            field, after = read_field(head, at)
        except Malformed:
            return False
        if _TOP.get(field.number) != field.wire or (field.number in _TEXTS and field.value > 1024):
            return False
        if field.number in seen and field.number in (1, 2, 3, 4, 5, 7):
            return False
        seen[field.number] = field.value
        at = after + field.value if field.wire == LENGTH else after
        if field.number == 7:
            break
    plausible = 1 <= seen.get(1, 0) <= 1000 or (1 not in seen and 7 in seen)
    return plausible and (7 in seen or 8 in seen or name.endswith(".onnx"))


def read(source: Bytes) -> Artifact:
    """The model's facts; a file that was cut short or is damaged gives what can still be read."""
    wire = Wire(source)
    reader = Reader(wire)
    top: dict[str, Any] = {"opsets": {}, "metadata": {}}
    damaged = None
    try:
        for field in wire.fields(0, wire.size):
            _top(wire, reader, field, top)
    except TooLong as error:
        reader.graph.remarks.append(f"{error}: the facts are of the first ones")
    except Malformed as error:
        damaged = f"not the wire format of a model: {error}"
    if wire.cut_short:
        damaged = damaged or "cut short: a part leads beyond the end of the file"
    return _artifact(top, reader.graph, damaged)


def _top(wire: Wire, reader: Reader, field: Field, top: dict[str, Any]) -> None:
    if field.number in (1, 5) and field.wire == VARINT:
        top["ir_version" if field.number == 1 else "model_version"] = signed(field.value)
    elif field.number in _TEXTS:
        top[_TEXTS[field.number]] = wire.text(field)
    elif field.number == 7:
        reader.graph_fields(field, 0)
    elif field.number == 8 and len(top["opsets"]) < _MOST_ENTRIES:
        _opset(wire, field, top["opsets"])
    elif field.number == 14 and len(top["metadata"]) < _MOST_ENTRIES:
        entry = {one.number: wire.text(one, 4096) for one in wire.inner(field) if one.number in (1, 2)}
        top["metadata"][entry.get(1, "")] = entry.get(2, "")
    elif field.number == 25:
        reader.function(field)


def _opset(wire: Wire, field: Field, opsets: dict[str, int]) -> None:
    domain, version = "", 0
    for one in wire.inner(field):
        if one.number == 1:
            domain = wire.text(one)
        elif one.number == 2 and one.wire == VARINT:
            version = signed(one.value)
    opsets["ai.onnx" if domain in DEFAULT_DOMAINS else domain] = version


def _artifact(top: dict[str, Any], graph: Graph, damaged: str | None) -> Artifact:
    graph.leave_out_functions()
    opsets: dict[str, int] = top.pop("opsets")
    facts = {**top, "opsets": opsets, **graph.facts()}
    producer = " ".join(part for part in (top.get("producer_name"), top.get("producer_version")) if part)
    types = sorted(graph.types_used())
    model = Model(
        format="onnx",
        writer=printable(producer) or None,
        file="",
        opset=str(opsets["ai.onnx"]) if opsets.get("ai.onnx", -1) >= 0 else None,
        ir_version=str(top["ir_version"]) if top.get("ir_version", -1) >= 0 else None,
        operators=tuple(sorted(graph.operators)),
        types=tuple(types),
        domains={domain: str(max(version, 0)) for domain, version in opsets.items() if domain != "ai.onnx"},
        quantized=graph.is_quantized(),
        operator_types={name: tuple(kinds) for name, kinds in facts["operator_types"].items()},
        attributes={
            name: {key: tuple(map(str, values)) for key, values in found.items()}
            for name, found in facts["attributes"].items()
        },
        input_types=tuple(sorted({one.type for one in graph.true_inputs()} - {"undefined"})),
    )
    known = {key: value for key, value in facts.items() if value not in ("", {}, [])}
    opset = f", opset {model.opset}" if model.opset else ""
    return Artifact(
        "model", "onnx", f"ONNX model{opset}", facts=known, model=model, remarks=tuple(graph.remarks), damaged=damaged
    )


def complete(artifact: Artifact, host: Host, path: str) -> Artifact:
    """With remarks on the files with external data: absent, too short, or outside the model's folder."""
    remarks = list(artifact.remarks)
    folder = path.rpartition("/")[0] or "."
    for location, needed in artifact.facts.get("external_data", {}).items():
        if location.startswith("/") or ".." in location.split("/"):
            remarks.append(f"external data lies outside the model's folder ({location}); readers refuse that")
            continue
        found = host.stat(f"{folder}/{location}")
        if not found:
            remarks.append(f"the file with external data is not there: {location}")
        elif found.size < needed:
            remarks.append(
                f"the file with external data is too short: {location} has {found.size} bytes, the model "
                f"refers to {needed}"
            )
    return replace(artifact, remarks=tuple(remarks))
