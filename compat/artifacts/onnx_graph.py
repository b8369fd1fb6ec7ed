"""The graph of an ONNX model: operators, tensors, inputs and outputs, with subgraphs and functions (onnx.proto)."""

from collections import Counter
from itertools import islice
from typing import Any

from compat.artifacts.artifact import Malformed, printable
from compat.artifacts.onnx_types import FLOAT, INT64, UNKNOWN, Types
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
_LONGEST_LIST = 64  # numbers in an attribute that matters
_MOST_DIMENSIONS = 64
_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
_INTEGERS = frozenset((2, 3, 6, 17, 18, 19, 20, 21, 22, 23))  # element types that a zero point can have
_LARGEST_ZERO_POINT = 1 << 16  # bytes
_LONGEST_NAME = 1024  # bytes; a dimension of a YOLO export is a formula of several hundred
# Attributes on which a reader's support of an operator depends, by the restrictions that the parsers list.
_MATTER = {
    "Resize": ("mode", "coordinate_transformation_mode", "nearest_mode", "antialias", "keep_aspect_ratio_policy"),
    "Upsample": ("mode",),
    "Pad": ("mode",),
    "Cast": ("to",),
    "QuantizeLinear": ("axis", "block_size", "output_dtype"),
    "DequantizeLinear": ("axis", "block_size", "output_dtype"),
    "Constant": ("sparse_value", "value_string", "value_strings"),
    "LSTM": ("direction", "input_forget", "layout"),
    "GRU": ("direction", "linear_before_reset", "layout"),
    "RNN": ("direction", "layout"),
    "Einsum": ("equation",),
    "GridSample": ("mode", "padding_mode", "align_corners"),
    "RoiAlign": ("mode", "coordinate_transformation_mode"),
    "ScatterND": ("reduction",),
    "ScatterElements": ("reduction",),
    "MaxPool": ("ceil_mode", "storage_order", "dilations"),
    "AveragePool": ("ceil_mode", "count_include_pad", "dilations"),
    "LpPool": ("p", "dilations"),
    "LpNormalization": ("p",),
    "Conv": ("auto_pad",),
    "ConvTranspose": ("auto_pad",),
    "TopK": ("largest", "sorted"),
    "BatchNormalization": ("training_mode",),
    "Attention": ("is_causal", "softcap", "qk_matmul_output_mode"),
    "TensorScatter": ("axis",),
    "NonMaxSuppression": ("center_point_box",),
    "DepthToSpace": ("mode",),
    "Gelu": ("approximate",),
    "RandomNormal": ("dtype",),
    "RandomNormalLike": ("dtype",),
    "RandomUniform": ("dtype",),
    "RandomUniformLike": ("dtype",),
    "EyeLike": ("dtype",),
}
# Attributes that name the element type of the first output.
_MAKES = ("to", "dtype", "output_dtype")
# Operators of which it matters how many outputs are used.
_COUNTED = frozenset(("MaxPool", "LayerNormalization", "Attention", "BatchNormalization"))
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
    operator_types: dict[str, set[int]] = field(default_factory=dict)
    names: set[bytes] = field(default_factory=set)  # of the graph's own initializers
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    external: dict[str, int] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    subgraphs: int = 0

    def true_inputs(self) -> list[Value]:
        """Inputs that a caller feeds: up to IR 3 every initializer is listed as an input as well."""
        return [one for one in self.inputs if one.name.encode() not in self.names]

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
            "operator_types": {
                name: sorted(map(element_type, found)) for name, found in sorted(self.operator_types.items())
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
        self._types = Types()
        self._zero: dict[bytes, bool] = {}  # small integer tensors: are they all zeros?

    def graph_fields(self, message: Field, depth: int) -> None:
        """A GraphProto; ``depth`` counts the graphs around it. Its tensors are read first, so that the nodes, which
        stand in front of them, find their types."""
        if depth > _DEEPEST:
            self._remark(f"graphs nested deeper than {_DEEPEST} are not read")
            return
        self.graph.subgraphs += depth > 0
        nodes = 0
        for one in self.wire.inner(message):
            if one.number == 1:
                nodes += 1
            elif one.number == 5:
                self.tensor(one, self.graph.initializers, top=depth == 0)
            elif one.number == 15:
                self._sparse(one)
            elif one.number in (11, 12, 13):
                self._declared(one, depth)
        for one in self.wire.inner(message) if nodes else ():
            if one.number == 1:
                self.node(one, depth)
                nodes -= 1
                if not nodes:
                    break

    def _declared(self, one: Field, depth: int) -> None:
        """An input (11), an output (12) or a type between the nodes (13)."""
        quick = self._typed(one) if one.number == 13 else None
        found, kind, name = quick or self.value(one)
        self._types.put(name, kind)
        into = {11: self.graph.inputs, 12: self.graph.outputs}.get(one.number)
        if depth == 0 and into is not None and len(into) < _MOST_VALUES:
            into.append(found)

    def _typed(self, message: Field) -> tuple[Value, int, bytes] | None:
        """Name and element type of a ValueInfoProto as every exporter writes it; None for any other order of fields.

        Models have tens of thousands of them, and their shapes do not matter.
        """
        self.wire.spend(2)  # about what it costs
        data = self.wire.read(message.start, min(message.value, 300))
        if len(data) < 10 or data[0] != 10 or data[1] > 127:
            return None
        name, at = data[2 : 2 + data[1]], 2 + data[1]
        for tag in (0x12, 0x0A):  # type, tensor_type; both lengths have one or two bytes
            if data[at : at + 1] != bytes((tag,)):
                return None
            at += 2 if data[at + 1 : at + 2] < b"\x80" else 3
        return (Value(""), data[at + 1], name) if data[at : at + 1] == b"\x08" and data[at + 1 : at + 2] else None

    def function(self, message: Field) -> None:
        """A FunctionProto: its nodes count, its name is no operator of its own."""
        name = domain = overload = ""
        outside, self._types = self._types, Types()  # its tensors are its own
        for one in self.wire.inner(message):
            if one.number == 1:
                name = self.wire.text(one)
            elif one.number == 10:
                domain = self.wire.text(one)
            elif one.number == 13:
                overload = self.wire.text(one)
            elif one.number == 7:
                self.node(one, 1)
        self._types = outside
        if len(self.graph.functions) < _MOST_KINDS:
            self.graph.functions.add(qualified(domain, name))
        if overload:
            self._remark("functions with overloads")

    def node(self, message: Field, depth: int) -> None:
        """A NodeProto: its operator, the attributes that matter, what its attributes hold, and its types."""
        kind = domain = ""
        attributes = []
        inputs: list[bytes] = []
        outputs: list[bytes] = []
        read = self.wire.read
        for one in self.wire.inner(message):
            number = one.number
            if number == 1:
                if len(inputs) < 9:
                    inputs.append(read(one.start, min(one.value, _LONGEST_NAME)))
            elif number == 2:
                if len(outputs) < _MOST_KINDS:
                    outputs.append(read(one.start, min(one.value, _LONGEST_NAME)))
            elif number == 4:
                kind = self.wire.text(one)
            elif number == 7:
                domain = self.wire.text(one)
            elif number == 5:
                attributes.append(one)
        name = qualified(domain, kind)
        if name in self.graph.operators or len(self.graph.operators) < _MOST_KINDS:
            self.graph.operators[name] += 1
        watched = _MATTER.get(name, ())
        made = UNKNOWN
        for one in attributes:
            if domain or not self._is_plain(one, watched):
                made = self._attribute(one, name, depth, outputs) or made
        self._used(name, inputs, outputs, made)

    def _used(self, name: str, inputs: list[bytes], outputs: list[bytes], made: int) -> None:
        """The types of a node, and what a reader asks beside: outputs that are used, zero points."""
        if name == "ConstantOfShape":
            made = made or FLOAT
        own = self._types.node(name, inputs, outputs, made)
        if own and len(self.graph.operator_types) < _MOST_KINDS:
            self.graph.operator_types.setdefault(name, set()).add(own)
        if name in _COUNTED:
            self._note(name, "outputs", sum(map(bool, outputs)))
        elif name in ("QuantizeLinear", "DequantizeLinear") and len(inputs) > 2 and inputs[2]:
            kind = self._types.of(inputs[2])
            if kind:
                self._note(name, "zero_point_type", element_type(kind))
            if inputs[2] in self._zero:
                self._note(name, "zero_point", "zero" if self._zero[inputs[2]] else "other")

    def _is_plain(self, message: Field, watched: tuple[str, ...]) -> bool:
        head = self.wire.read(message.start, min(message.value, 24))
        return head.startswith(_PLAIN) and head[2 : 2 + head[1]].decode() not in watched

    def _attribute(self, message: Field, operator: str, depth: int, outputs: list[bytes]) -> int:
        """An AttributeProto; the element type that it gives the node's first output, UNKNOWN for most."""
        name, made, seen = "", UNKNOWN, 0
        for one in self.wire.inner(message):
            if one.number == 1:
                name = self.wire.text(one)
            elif one.number in (2, 3, 4):
                made = self._matters(operator, name, one) or made
            elif one.number == 5:
                called = outputs[0] if operator == "Constant" and outputs else b""
                made = self.tensor(one, self.graph.constants, called=called)
            elif one.number == 10:
                self.tensor(one, self.graph.constants)
            elif one.number in (6, 11):
                self.graph_fields(one, depth + 1)
            elif one.number == 22:
                self._matters(operator, name, one)
                self._sparse(one)
            elif one.number in (7, 8, 9):
                made = {"value_floats": FLOAT, "value_ints": INT64}.get(name, made)
                seen += 1
                if name in _MATTER.get(operator, ()) and seen < _LONGEST_LIST:
                    self._matters(operator, name, one)
                    continue
                break  # a list of numbers or texts, one field each; nothing else follows that matters
        return {"value_float": FLOAT, "value_int": INT64}.get(name, made)

    def _matters(self, operator: str, name: str, found: Field) -> int:
        """Note an attribute's value if it matters; the element type that it names, UNKNOWN for most."""
        made = UNKNOWN
        if name in _MAKES and found.wire == VARINT and "::" not in operator:
            made = found.value
        if name not in _MATTER.get(operator, ()):
            return made
        if found.number == 22 or name.startswith("value_string"):
            self._note(operator, name, "present")
        elif found.wire == LENGTH and found.number == 8:  # a packed list of numbers
            for value in set(self.wire.read(found.start, min(found.value, 64))):
                self._note(operator, name, value)
        elif found.wire == LENGTH:
            self._note(operator, name, self.wire.text(found))
        elif found.wire == FIXED32:
            self._note(operator, name, "zero" if found.value in (0, 1 << 31) else "other")
        elif made:
            self.graph.casts.add(element_type(made))
            self._note(operator, name, element_type(made))
        elif found.wire == VARINT:
            self._note(operator, name, signed(found.value))
        return made

    def _note(self, operator: str, name: str, value: Any) -> None:
        values = self.graph.attributes.setdefault(operator, {}).setdefault(name, set())
        if len(values) < 50:
            values.add(value)

    def tensor(self, message: Field, into: "Counter[str]", top: bool = False, called: bytes = b"") -> int:
        """A TensorProto: its type, its name (of the graph's own initializers), and where its data lies if outside."""
        kind = 0
        entries: dict[str, str] = {}
        zero: bool | None = None
        dimensions = 0
        for one in self.wire.inner(message):
            if one.number == 1:
                dimensions += 1
                if dimensions > _MOST_DIMENSIONS:
                    raise Malformed(f"a tensor of more than {_MOST_DIMENSIONS} dimensions")
            elif one.number == 2 and one.wire == VARINT:
                kind = one.value
            elif one.number == 8:
                called = self.wire.read(one.start, min(one.value, _LONGEST_NAME))
                if top and len(self.graph.names) < _MOST_NAMES:
                    self.graph.names.add(called)
            elif one.number in (5, 9) and zero is not False:
                zero = self._is_zero(one)
            elif one.number == 13:
                pair = {
                    part.number: self.wire.text(part, 1024) for part in self.wire.inner(one) if part.number in (1, 2)
                }
                entries[pair.get(1, "")[:64]] = pair.get(2, "")
        into[element_type(kind)] += 1
        self._types.put(called, kind)
        if kind in _INTEGERS and zero is not None and called and len(self._zero) < _MOST_NAMES:
            self._zero[called] = zero
        if "location" in entries and len(self.graph.external) < _MOST_KINDS:
            end = _number(entries.get("offset")) + _number(entries.get("length"))
            self.graph.external[entries["location"]] = max(self.graph.external.get(entries["location"], 0), end)
        return kind

    def _is_zero(self, data: Field) -> bool | None:
        """Is the data of a small tensor all zeros? None for a large one, which is no zero point."""
        if data.wire == VARINT:
            return data.value == 0
        if data.wire != LENGTH or data.value > _LARGEST_ZERO_POINT:
            return None
        return not self.wire.read(data.start, data.value).strip(b"\0")

    def _sparse(self, message: Field) -> None:
        for one in self.wire.inner(message):
            if one.number == 1:
                self.tensor(one, self.graph.initializers)

    def value(self, message: Field) -> tuple[Value, int, bytes]:
        """A ValueInfoProto, with its element type's number and its name's bytes."""
        found, kind, name = Value(""), UNKNOWN, b""
        for one in self.wire.inner(message):
            if one.number == 1:
                name = self.wire.read(one.start, min(one.value, _LONGEST_NAME))
                found.name = name.decode("utf-8", "replace")
            elif one.number == 2:
                kind = self._type(one, found) or kind
        return found, kind, name

    def _type(self, message: Field, into: Value) -> int:
        kind = UNKNOWN
        for one in self.wire.inner(message):
            if one.number in (4, 5, 9):
                into.type = {4: "sequence", 5: "map", 9: "optional"}[one.number]
            elif one.number in (1, 8):
                for part in self.wire.inner(one):
                    if part.number == 1 and part.wire == VARINT:
                        kind, into.type = part.value, element_type(part.value)
                    elif part.number == 2:
                        into.shape = self._shape(part)
        return kind

    def _shape(self, message: Field) -> list[int | str | None]:
        dims = (self._dimension(dim) for dim in self.wire.inner(message) if dim.number == 1)
        return list(islice(dims, 64))

    def _dimension(self, message: Field) -> int | str | None:
        for one in self.wire.inner(message):
            if one.number == 1 and one.wire == VARINT:
                return signed(one.value)
            if one.number == 2:
                return self.wire.text(one, _LONGEST_NAME) or None
        return None

    def _remark(self, text: str) -> None:
        if text not in self.graph.remarks:
            self.graph.remarks.append(text)


def qualified(domain: str, name: str) -> str:
    """An operator's name, with its domain unless it is ONNX's own."""
    return printable(name if domain in ("", "ai.onnx") else f"{domain}::{name}")


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else 0
