"""ValueInfoProto: the inputs and outputs of an ONNX graph, and the types that stand between its nodes."""

from itertools import islice

from compat.artifacts.onnx.facts import Value, element_type
from compat.artifacts.onnx.types import UNKNOWN
from compat.artifacts.wire import VARINT, Field, Wire, signed

LONGEST_NAME = 1024
"""Bytes; a dimension of a YOLO export is a formula of several hundred."""
_MOST_DIMENSIONS = 64


def quick(wire: Wire, message: Field) -> tuple[Value, int, bytes] | None:
    """Name and element type of a ValueInfoProto as every exporter writes it; None for any other order of fields.

    Models have tens of thousands of them, and their shapes do not matter.
    """
    wire.spend(2)  # about what it costs
    data = wire.read(message.start, min(message.value, 300))
    if len(data) < 10 or data[0] != 10 or data[1] > 127:
        return None
    name, at = data[2 : 2 + data[1]], 2 + data[1]
    for tag in (0x12, 0x0A):  # type, tensor_type; both lengths have one or two bytes
        if data[at : at + 1] != bytes((tag,)):
            return None
        at += 2 if data[at + 1 : at + 2] < b"\x80" else 3
    return (Value(""), data[at + 1], name) if data[at : at + 1] == b"\x08" and data[at + 1 : at + 2] else None


def value(wire: Wire, message: Field) -> tuple[Value, int, bytes]:
    """A ValueInfoProto, with its element type's number and its name's bytes."""
    found, kind, name = Value(""), UNKNOWN, b""
    for one in wire.inner(message):
        if one.number == 1:
            name = wire.read(one.start, min(one.value, LONGEST_NAME))
            found.name = name.decode("utf-8", "replace")
        elif one.number == 2:
            kind = _type(wire, one, found) or kind
    return found, kind, name


def _type(wire: Wire, message: Field, into: Value) -> int:
    kind = UNKNOWN
    for one in wire.inner(message):
        if one.number in (4, 5, 9):
            into.type = {4: "sequence", 5: "map", 9: "optional"}[one.number]
        elif one.number in (1, 8):
            for part in wire.inner(one):
                if part.number == 1 and part.wire == VARINT:
                    kind, into.type = part.value, element_type(part.value)
                elif part.number == 2:
                    into.shape = _shape(wire, part)
    return kind


def _shape(wire: Wire, message: Field) -> list[int | str | None]:
    dims = (_dimension(wire, dim) for dim in wire.inner(message) if dim.number == 1)
    return list(islice(dims, 64))


def _dimension(wire: Wire, message: Field) -> int | str | None:
    for one in wire.inner(message):
        if one.number == 1 and one.wire == VARINT:
            return signed(one.value)
        if one.number == 2:
            return wire.text(one, LONGEST_NAME) or None
    return None
