"""A small network (convolution, ReLU, matrix product) as an ONNX model, written byte by byte without the onnx package.

The message and field numbers are those of onnx.proto (ModelProto and what it holds), the wire format that of Protocol
Buffers.
"""

from __future__ import annotations

import struct
from typing import Any

from compat.verify.child import reference, result

INPUT = (4, 16, 48, 48)
FILTERS = (32, 16, 3, 3)
MATRIX = (46, 40)
OUTPUT = (4, 32, 46, 40)
_TYPES = {"fp32": 1, "fp16": 10, "bf16": 16, "int8": 3, "fp8": 17}  # TensorProto.DataType; fp8 is E4M3FN
_IR_VERSION = {"fp8": 9}  # the first with 8-bit floating point
_OPSET = {"bf16": 22, "fp8": 19}  # Conv takes bfloat16 since opset 22, QuantizeLinear makes E4M3 since 19
QUANTIZED = {"int8": 2.0**-7, "fp8": 2.0**-6}
"""Precision -> scale of quantization, a power of two: dividing by it is exact, so all round the same way."""


def _varint(number: int) -> bytes:
    data = b""
    while number > 0x7F:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _tensor(name: str, shape: tuple[int, ...], precision: str, raw: bytes) -> bytes:
    dims = b"".join(_number(1, size) for size in shape)
    return dims + _number(2, _TYPES[precision]) + _text(8, name) + _bytes(9, raw)


def _value(name: str, shape: tuple[int, ...], precision: str) -> bytes:
    sizes = b"".join(_bytes(1, _number(1, size)) for size in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, _TYPES[precision]) + _bytes(2, sizes)))


def _node(operator: str, inputs: tuple[str, ...], output: str, *attributes: bytes) -> bytes:
    named = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, output) + _text(4, operator)
    return named + b"".join(_bytes(5, attribute) for attribute in attributes)


def _integers(name: str, values: tuple[int, ...]) -> bytes:
    return _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, 7)  # AttributeProto.INTS


def model(filters: bytes, matrix: bytes, precision: str) -> bytes:
    """The model's bytes; the weights are given as they lie in memory. In a quantized precision the weights are in FP32,
    and images and filters go through QuantizeLinear and DequantizeLinear, which is how readers are told of it."""
    kind = "fp32" if precision in QUANTIZED else precision
    nodes, constants, (x, w) = _quantized(precision) if precision in QUANTIZED else ((), (), ("x", "w"))
    nodes = (
        *nodes,
        # ONNX infers the kernel's shape; TensorRT 8.6 does not where the filters come out of DequantizeLinear.
        _node("Conv", (x, w), "convolved", _integers("kernel_shape", FILTERS[2:])),
        _node("Relu", ("convolved",), "positive"),
        _node("MatMul", ("positive", "m"), "y"),
    )
    graph = b"".join(_bytes(1, node) for node in nodes) + _text(2, "compatcheck")
    constants = (_tensor("w", FILTERS, kind, filters), _tensor("m", MATRIX, kind, matrix), *constants)
    graph += b"".join(_bytes(5, constant) for constant in constants)
    graph += _bytes(11, _value("x", INPUT, kind)) + _bytes(12, _value("y", OUTPUT, kind))
    opset = _text(1, "") + _number(2, _OPSET.get(precision, 13))
    return _number(1, _IR_VERSION.get(precision, 8)) + _text(2, "compatcheck") + _bytes(7, graph) + _bytes(8, opset)


def _quantized(precision: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[str, str]]:
    """Nodes that quantize ``x`` and ``w`` and back, their constants, and the names of what comes out."""
    nodes = []
    for name in ("x", "w"):
        nodes.append(_node("QuantizeLinear", (name, "scale", "zero"), name + "_narrow"))
        nodes.append(_node("DequantizeLinear", (name + "_narrow", "scale", "zero"), name + "_wide"))
    scale = struct.pack("<f", QUANTIZED[precision])
    constants = (_tensor("scale", (), "fp32", scale), _tensor("zero", (), precision, b"\0"))
    return tuple(nodes), constants, ("x_wide", "w_wide")


def narrowed(numpy: Any, array: Any, precision: str) -> Any:
    """What quantizing and dequantizing makes of an array, to be exact; others are returned as they are."""
    if precision not in QUANTIZED:
        return array
    scaled = array.astype(numpy.float64) / QUANTIZED[precision]
    if precision == "int8":
        return numpy.clip(numpy.rint(scaled), -128, 127) * QUANTIZED[precision]
    # E4M3: four significant bits, the smallest exponent -6 (OCP 8-bit floating point specification).
    exponent = numpy.maximum(numpy.frexp(scaled)[1] - 1, -6)
    step = 2.0 ** (exponent - 3)
    return numpy.clip(numpy.rint(scaled / step) * step, -448, 448) * QUANTIZED[precision]


def weights(numpy: Any) -> tuple[Any, Any, Any]:
    """Input, filters and matrix in float32."""
    source = numpy.random.RandomState(reference.SEED)
    first, second, third = (source.uniform(-1, 1, shape).astype(numpy.float32) for shape in (INPUT, FILTERS, MATRIX))
    return first, second, third


def raw(numpy: Any, array: Any, precision: str) -> bytes:
    """An array in the precision, as it lies in memory (bfloat16 is the upper half of a float32)."""
    if precision == "fp32" or precision in QUANTIZED:
        return bytes(array.astype(numpy.float32).tobytes())
    if precision == "fp16":
        return bytes(array.astype(numpy.float16).tobytes())
    bits = numpy.frombuffer(array.astype(numpy.float32).tobytes(), numpy.uint32)
    return bytes(((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16).tobytes())


def wide(numpy: Any, data: bytes, shape: tuple[int, ...], precision: str) -> Any:
    """Back to float32."""
    if precision == "bf16":
        bits = numpy.frombuffer(data, numpy.uint16).astype(numpy.uint32) << 16
        return numpy.frombuffer(bits.tobytes(), numpy.float32).reshape(shape)
    return numpy.frombuffer(data, numpy.float16 if precision == "fp16" else numpy.float32).reshape(shape).astype("f4")


def expected(numpy: Any, x: Any, filters: Any, matrix: Any) -> Any:
    """The result in double precision."""
    return numpy.maximum(reference.convolution(numpy, x, filters), 0) @ matrix.astype(numpy.float64)


def judge(numpy: Any, got: Any, want: Any, precision: str, device: str, **more: Any) -> dict[str, Any]:
    """The computation's entry; raises Wrong."""
    error = float(numpy.max(numpy.abs(got - want)) / numpy.max(numpy.abs(want)))
    return result.computation("small network", precision, error, result.NETWORK[precision], device, **more)
