"""The graph of an ONNX model: operators, tensors, inputs and outputs, with subgraphs and functions (onnx.proto)."""

from collections import Counter
from itertools import islice
from typing import Any

from compat.artifacts.wire import FIXED32, LENGTH, VARINT, Field, Wire, signed
from compat.records import dataclass, field

# TensorProto.DataType
_TYPES = (
    "undefined",
    "float",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "int32",
    "int64",
    "string",
    "bool",
    "float16",
    "double",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
    "bfloat16",
    "float8e4m3fn",
    "float8e4m3fnuz",
    "float8e5m2",
    "float8e5m2fnuz",
    "uint4",
    "int4",
    "float4e2m1",
    "float8e8m0",
    "uint2",
    "int2",
    "float6e2m3",
    "float6e3m2",
)
_DEEPEST = 24  # graphs in graphs
_MOST_NAMES = 100_000
_MOST_VALUES = 2_000  # inputs, and outputs
_MOST_KINDS = 10_000
_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
# Attributes on which a reader's support of an operator depends, by the restrictions that the parsers list.
_MATTER = {
    "Resize": ("mode", "coordinate_transformation_mode", "nearest_mode", "antialias", "keep_aspect_ratio_policy"),
    "Upsample": ("mode",),
    "Pad": ("mode",),
    "Cast": ("to",),
    "QuantizeLinear": ("axis", "block_size", "output_dtype"),
    "DequantizeLinear": ("axis", "block_size", "output_dtype"),
    "LSTM": ("direction", "input_forget", "layout"),
    "GRU": ("direction", "linear_before_reset", "layout"),
    "RNN": ("direction", "layout"),
    "Einsum": ("equation",),
    "GridSample": ("mode", "padding_mode", "align_corners"),
    "RoiAlign": ("mode", "coordinate_transformation_mode"),
    "ScatterND": ("reduction",),
    "ScatterElements": ("reduction",),
    "MaxPool": ("ceil_mode", "storage_order"),
    "AveragePool": ("ceil_mode", "count_include_pad"),
    "Conv": ("auto_pad",),
    "ConvTranspose": ("auto_pad",),
    "TopK": ("largest", "sorted"),
    "BatchNormalization": ("training_mode",),
    "Attention": ("is_causal",),
    "NonMaxSuppression": ("center_point_box",),
    "DepthToSpace": ("mode",),
    "Gelu": ("approximate",),
}
# Attributes of ONNX's own operators that hold numbers only: not worth a look where none of the operator's matter.
_PLAIN = tuple(
    bytes((10, len(name))) + name.encode()
    for name in (
        "kernel_shape",
        "strides",
        "pads",
        "dilations",
        "group",
        "auto_pad",
        "axis",
        "axes",
        "perm",
        "keepdims",
        "alpha",
        "beta",
        "transA",
        "transB",
        "epsilon",
        "momentum",
        "ceil_mode",
        "allowzero",
        "start",
        "end",
        "largest",
        "sorted",
        "num_outputs",
    )
)


def element_type(number: int) -> str:
    """ONNX's name of an element type."""
    return _TYPES[number] if 0 <= number < len(_TYPES) else f"type {number}"


@dataclass
class Value:
    """An input or output: element type and shape; a dimension is a number, a name, or None for any size."""

    name: str
    type: str = "undefined"
    shape: list[int | str | None] | None = None


@dataclass
class Graph:
    """What the nodes and tensors add up to, over the graph, its subgraphs and the functions."""

    operators: Counter[str] = field(default_factory=Counter)
    attributes: dict[str, dict[str, set[Any]]] = field(default_factory=dict)
    initializers: Counter[str] = field(default_factory=Counter)
    constants: Counter[str] = field(default_factory=Counter)
    casts: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    external: dict[str, int] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    subgraphs: int = 0

    def true_inputs(self) -> list[Value]:
        """Inputs that a caller feeds: up to IR 3 every initializer is listed as an input as well."""
        return [one for one in self.inputs if one.name not in self.names]

    def leave_out_functions(self) -> None:
        """A node that calls a function of the model itself is no operator."""
        for name in self.functions:
            self.operators.pop(name, None)

    def is_quantized(self) -> bool:
        """Are there quantize or dequantize nodes?"""
        return any(name.rpartition("::")[2] in _QUANTIZERS for name in self.operators)

    def types_used(self) -> set[str]:
        """Element types that inputs, outputs, weights, constants and casts have."""
        used = {one.type for one in (*self.true_inputs(), *self.outputs)} | set(self.initializers) | set(self.constants)
        return (used | self.casts) - {"undefined"}

    def facts(self) -> dict[str, Any]:
        """The graph's part of the artifact's facts."""
        inputs = self.true_inputs()
        dynamic = [
            one.name for one in inputs if one.shape is None or any(not isinstance(dim, int) for dim in one.shape)
        ]
        return {
            "operators": dict(sorted(self.operators.items())),
            "attributes": {
                name: {key: sorted(values, key=str) for key, values in sorted(found.items())}
                for name, found in sorted(self.attributes.items())
            },
            "inputs": [vars(one) for one in inputs],
            "outputs": [vars(one) for one in self.outputs],
            "dynamic_inputs": dynamic,
            "initializer_types": dict(sorted(self.initializers.items())),
            "constant_types": dict(sorted(self.constants.items())),
            "external_data": self.external,
            "functions": sorted(self.functions),
            "subgraphs": self.subgraphs or "",
            "quantized": self.is_quantized() or "",
        }


class Reader:
    """Walks the graph's messages and adds them up in ``graph``."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.graph = Graph()

    def graph_fields(self, message: Field, depth: int) -> None:
        """A GraphProto; ``depth`` counts the graphs around it."""
        if depth > _DEEPEST:
            self._remark(f"graphs nested deeper than {_DEEPEST} are not read")
            return
        self.graph.subgraphs += depth > 0
        for one in self.wire.inner(message):
            if one.number == 1:
                self.node(one, depth)
            elif one.number == 5:
                self.tensor(one, self.graph.initializers, top=depth == 0)
            elif one.number == 15:
                self._sparse(one)
            elif one.number in (11, 12) and depth == 0:
                into = self.graph.inputs if one.number == 11 else self.graph.outputs
                if len(into) < _MOST_VALUES:
                    into.append(self.value(one))

    def function(self, message: Field) -> None:
        """A FunctionProto: its nodes count, its name is no operator of its own."""
        name = domain = overload = ""
        for one in self.wire.inner(message):
            if one.number == 1:
                name = self.wire.text(one)
            elif one.number == 10:
                domain = self.wire.text(one)
            elif one.number == 13:
                overload = self.wire.text(one)
            elif one.number == 7:
                self.node(one, 1)
        if len(self.graph.functions) < _MOST_KINDS:
            self.graph.functions.add(qualified(domain, name))
        if overload:
            self._remark("functions with overloads")

    def node(self, message: Field, depth: int) -> None:
        """A NodeProto: its operator, the attributes that matter, and what its attributes hold."""
        kind = domain = ""
        attributes = []
        for one in self.wire.inner(message):
            if one.number == 4:
                kind = self.wire.text(one)
            elif one.number == 7:
                domain = self.wire.text(one)
            elif one.number == 5:
                attributes.append(one)
        name = qualified(domain, kind)
        if name in self.graph.operators or len(self.graph.operators) < _MOST_KINDS:
            self.graph.operators[name] += 1
        watched = _MATTER.get(name, ())
        for one in attributes:
            if domain or not self._is_plain(one, watched):
                self._attribute(one, name, depth)

    def _is_plain(self, message: Field, watched: tuple[str, ...]) -> bool:
        head = self.wire.read(message.start, min(message.value, 24))
        return head.startswith(_PLAIN) and head[2 : 2 + head[1]].decode() not in watched

    def _attribute(self, message: Field, operator: str, depth: int) -> None:
        name = ""
        for one in self.wire.inner(message):
            if one.number == 1:
                name = self.wire.text(one)
            elif one.number in (2, 3, 4):
                self._matters(operator, name, one)
            elif one.number in (5, 10):
                self.tensor(one, self.graph.constants)
            elif one.number in (6, 11):
                self.graph_fields(one, depth + 1)
            elif one.number == 22:
                self._sparse(one)
            elif one.number in (7, 8, 9):
                return  # a list of numbers or texts, one field each; nothing else follows that matters

    def _matters(self, operator: str, name: str, found: Field) -> None:
        if name not in _MATTER.get(operator, ()):
            return
        value: Any = None
        if found.number == 4 and found.wire == LENGTH:
            value = self.wire.text(found)
        elif found.number == 3 and found.wire == VARINT:
            value = signed(found.value)
        elif found.wire == FIXED32:
            return
        if name in ("to", "output_dtype") and isinstance(value, int):
            value = element_type(value)
            self.graph.casts.add(value)
        values = self.graph.attributes.setdefault(operator, {}).setdefault(name, set())
        if len(values) < 50:
            values.add(value)

    def tensor(self, message: Field, into: "Counter[str]", top: bool = False) -> None:
        """A TensorProto: its type, its name (of the graph's own initializers), and where its data lies if outside."""
        kind = 0
        entries: dict[str, str] = {}
        for one in self.wire.inner(message):
            if one.number == 2 and one.wire == VARINT:
                kind = one.value
            elif one.number == 8 and top and len(self.graph.names) < _MOST_NAMES:
                self.graph.names.add(self.wire.text(one, 160))
            elif one.number == 13:
                pair = {
                    part.number: self.wire.text(part, 1024) for part in self.wire.inner(one) if part.number in (1, 2)
                }
                entries[pair.get(1, "")[:64]] = pair.get(2, "")
        into[element_type(kind)] += 1
        if "location" in entries and len(self.graph.external) < _MOST_KINDS:
            end = _number(entries.get("offset")) + _number(entries.get("length"))
            self.graph.external[entries["location"]] = max(self.graph.external.get(entries["location"], 0), end)

    def _sparse(self, message: Field) -> None:
        for one in self.wire.inner(message):
            if one.number == 1:
                self.tensor(one, self.graph.initializers)

    def value(self, message: Field) -> Value:
        """A ValueInfoProto."""
        found = Value("")
        for one in self.wire.inner(message):
            if one.number == 1:
                found.name = self.wire.text(one, 160)
            elif one.number == 2:
                self._type(one, found)
        return found

    def _type(self, message: Field, into: Value) -> None:
        for one in self.wire.inner(message):
            if one.number in (4, 5, 9):
                into.type = {4: "sequence", 5: "map", 9: "optional"}[one.number]
            elif one.number in (1, 8):
                for part in self.wire.inner(one):
                    if part.number == 1 and part.wire == VARINT:
                        into.type = element_type(part.value)
                    elif part.number == 2:
                        into.shape = self._shape(part)

    def _shape(self, message: Field) -> list[int | str | None]:
        dims = (self._dimension(dim) for dim in self.wire.inner(message) if dim.number == 1)
        return list(islice(dims, 64))

    def _dimension(self, message: Field) -> int | str | None:
        for one in self.wire.inner(message):
            if one.number == 1 and one.wire == VARINT:
                return signed(one.value)
            if one.number == 2:
                return self.wire.text(one, 64) or None
        return None

    def _remark(self, text: str) -> None:
        if text not in self.graph.remarks:
            self.graph.remarks.append(text)


def qualified(domain: str, name: str) -> str:
    """An operator's name, with its domain unless it is ONNX's own."""
    return name if domain in ("", "ai.onnx") else f"{domain}::{name}"


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else 0
