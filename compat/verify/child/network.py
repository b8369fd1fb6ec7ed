"""A small network (convolution, ReLU, matrix product) as an ONNX model, written byte by byte without the onnx package.

The message and field numbers are those of onnx.proto (ModelProto and what it holds), the wire format that of Protocol
Buffers.
"""

from __future__ import annotations

from typing import Any

from compat.verify.child import reference, result

INPUT = (4, 16, 48, 48)
FILTERS = (32, 16, 3, 3)
MATRIX = (46, 40)
OUTPUT = (4, 32, 46, 40)
_TYPES = {"fp32": 1, "fp16": 10, "bf16": 16}  # TensorProto.DataType
_IR_VERSION = 8
_OPSET = {"fp32": 13, "fp16": 13, "bf16": 22}  # Conv takes bfloat16 since opset 22


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


def _node(operator: str, inputs: tuple[str, ...], output: str) -> bytes:
    return b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, output) + _text(4, operator)


def model(filters: bytes, matrix: bytes, precision: str) -> bytes:
    """The model's bytes; the weights are given as they lie in memory."""
    nodes = (
        _node("Conv", ("x", "w"), "convolved"),
        _node("Relu", ("convolved",), "positive"),
        _node("MatMul", ("positive", "m"), "y"),
    )
    graph = b"".join(_bytes(1, node) for node in nodes) + _text(2, "compatcheck")
    graph += _bytes(5, _tensor("w", FILTERS, precision, filters)) + _bytes(5, _tensor("m", MATRIX, precision, matrix))
    graph += _bytes(11, _value("x", INPUT, precision)) + _bytes(12, _value("y", OUTPUT, precision))
    opset = _text(1, "") + _number(2, _OPSET[precision])
    return _number(1, _IR_VERSION) + _text(2, "compatcheck") + _bytes(7, graph) + _bytes(8, opset)


def weights(numpy: Any) -> tuple[Any, Any, Any]:
    """Input, filters and matrix in float32."""
    source = numpy.random.RandomState(reference.SEED)
    first, second, third = (source.uniform(-1, 1, shape).astype(numpy.float32) for shape in (INPUT, FILTERS, MATRIX))
    return first, second, third


def raw(numpy: Any, array: Any, precision: str) -> bytes:
    """An array in the precision, as it lies in memory (bfloat16 is the upper half of a float32)."""
    if precision == "fp32":
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
    return numpy.frombuffer(data, numpy.float32 if precision == "fp32" else numpy.float16).reshape(shape).astype("f4")


def expected(numpy: Any, x: Any, filters: Any, matrix: Any) -> Any:
    """The result in double precision."""
    return numpy.maximum(reference.convolution(numpy, x, filters), 0) @ matrix.astype(numpy.float64)


def judge(numpy: Any, got: Any, want: Any, precision: str, device: str, **more: Any) -> dict[str, Any]:
    """The computation's entry; raises Wrong."""
    error = float(numpy.max(numpy.abs(got - want)) / numpy.max(numpy.abs(want)))
    return result.computation("small network", precision, error, result.NETWORK[precision], device, **more)
