"""The walk through an ONNX model's graph: nodes, tensors, subgraphs and functions (onnx.proto)."""

from collections import Counter
from typing import Any

from compat.artifacts.artifact import Malformed
from compat.artifacts.onnx.attributes import COUNTED, MAKES, MATTER, PLAIN
from compat.artifacts.onnx.facts import Graph, element_type, qualified
from compat.artifacts.onnx.types import FLOAT, INT64, UNKNOWN, Types
from compat.artifacts.onnx.values import LONGEST_NAME, quick, value
from compat.artifacts.wire import FIXED32, LENGTH, VARINT, Field, Wire, signed

_DEEPEST = 24  # graphs in graphs
_MOST_NAMES = 100_000
_MOST_VALUES = 2_000  # inputs, and outputs
_MOST_KINDS = 10_000
_LONGEST_LIST = 64  # numbers in an attribute that matters
_MOST_DIMENSIONS = 64
_INTEGERS = frozenset((2, 3, 6, 17, 18, 19, 20, 21, 22, 23))  # element types that a zero point can have
_LARGEST_ZERO_POINT = 1 << 16  # bytes


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
        brief = quick(self.wire, one) if one.number == 13 else None
        found, kind, name = brief or value(self.wire, one)
        self._types.put(name, kind)
        into = {11: self.graph.inputs, 12: self.graph.outputs}.get(one.number)
        if depth == 0 and into is not None and len(into) < _MOST_VALUES:
            into.append(found)

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
                    inputs.append(read(one.start, min(one.value, LONGEST_NAME)))
            elif number == 2:
                if len(outputs) < _MOST_KINDS:
                    outputs.append(read(one.start, min(one.value, LONGEST_NAME)))
            elif number == 4:
                kind = self.wire.text(one)
            elif number == 7:
                domain = self.wire.text(one)
            elif number == 5:
                attributes.append(one)
        name = qualified(domain, kind)
        if name in self.graph.operators or len(self.graph.operators) < _MOST_KINDS:
            self.graph.operators[name] += 1
        watched = MATTER.get(name, ())
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
        if name in COUNTED:
            self._note(name, "outputs", sum(map(bool, outputs)))
        elif name in ("QuantizeLinear", "DequantizeLinear") and len(inputs) > 2 and inputs[2]:
            kind = self._types.of(inputs[2])
            if kind:
                self._note(name, "zero_point_type", element_type(kind))
            if inputs[2] in self._zero:
                self._note(name, "zero_point", "zero" if self._zero[inputs[2]] else "other")

    def _is_plain(self, message: Field, watched: tuple[str, ...]) -> bool:
        head = self.wire.read(message.start, min(message.value, 24))
        return head.startswith(PLAIN) and head[2 : 2 + head[1]].decode() not in watched

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
                if name in MATTER.get(operator, ()) and seen < _LONGEST_LIST:
                    self._matters(operator, name, one)
                    continue
                break  # a list of numbers or texts, one field each; nothing else follows that matters
        return {"value_float": FLOAT, "value_int": INT64}.get(name, made)

    def _matters(self, operator: str, name: str, found: Field) -> int:
        """Note an attribute's value if it matters; the element type that it names, UNKNOWN for most."""
        made = UNKNOWN
        if name in MAKES and found.wire == VARINT and "::" not in operator:
            made = found.value
        if name not in MATTER.get(operator, ()):
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
                called = self.wire.read(one.start, min(one.value, LONGEST_NAME))
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

    def _remark(self, text: str) -> None:
        if text not in self.graph.remarks:
            self.graph.remarks.append(text)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else 0
