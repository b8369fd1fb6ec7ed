"""What an ONNX graph's nodes and tensors add up to."""

from collections import Counter
from typing import Any

from compat.artifacts.artifact import printable
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
_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")


def element_type(number: int) -> str:
    """ONNX's name of an element type."""
    return _TYPES[number] if 0 <= number < len(_TYPES) else f"type {number}"


def qualified(domain: str, name: str) -> str:
    """An operator's name, with its domain unless it is ONNX's own."""
    return printable(name if domain in ("", "ai.onnx") else f"{domain}::{name}")


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
