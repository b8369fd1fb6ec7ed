"""TensorFlow's SavedModel (saved_model.pb, alone or in its folder) and frozen graph, by the wire format of their
messages.

Field numbers: saved_model.proto, meta_graph.proto, graph.proto, node_def.proto and function.proto of TensorFlow.
"""

from collections import Counter
from typing import Any

from compat.artifacts.artifact import Artifact, Bytes, Malformed
from compat.artifacts.wire import LENGTH, VARINT, Field, TooLong, Wire, read_field
from compat.probe.host import Host, Unreadable
from compat.records import dataclass, field

FILE = "saved_model.pb"
_MOST_KINDS = 10_000


def recognise(head: bytes, size: int, name: str) -> bool:
    """A SavedModel's version and first graph, or a GraphDef's first node."""
    return _is_saved_model(head) or _is_graph(head)


def recognise_folder(names: tuple[str, ...]) -> bool:
    """Does the folder hold a SavedModel?"""
    return FILE in names


def _is_saved_model(head: bytes) -> bool:
    try:
        version, after = read_field(head, 0)
        graph, inner = read_field(head, after)
        first, _ = read_field(head, inner)
    except (Malformed, IndexError):
        return False
    return (
        version[:2] == (1, VARINT)
        and version.value in (0, 1)
        and graph[:2] == (2, LENGTH)
        and first.number in (1, 2)
        and first.wire == LENGTH
        and graph.value > first.value
    )


def _is_graph(head: bytes) -> bool:
    """GraphDef.node[0] = {name, op}: both printable, the operator begins with a capital (or _ for internal ones)."""
    try:
        node, at = read_field(head, 0)
        name, at = read_field(head, at)
        kind, after = read_field(head, at + name.value)
    except (Malformed, IndexError):
        return False
    text = head[after : after + kind.value]
    return (
        node[:2] == (1, LENGTH)
        and name[:2] == (1, LENGTH)
        and kind[:2] == (2, LENGTH)
        and 0 < kind.value < 100
        and len(text) == kind.value
        and text[:1] in b"_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        and text.isascii()
        and text.decode().isprintable()
    )


@dataclass
class _Found:
    facts: dict[str, Any] = field(default_factory=dict)
    operators: Counter[str] = field(default_factory=Counter)
    tags: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)


def read(source: Bytes) -> Artifact:
    """The release that wrote it (SavedModel only), tags, signatures, operators."""
    wire = Wire(source)
    found = _Found()
    saved = _is_saved_model(source.read(0, 64))
    damaged = None
    try:
        for one in wire.fields(0, wire.size):
            if saved and one.number == 2:
                _meta_graph(wire, one, found)
            elif not saved:
                _graph_field(wire, one, found)
    except TooLong:
        found.facts["incomplete"] = True
    except Malformed as error:
        damaged = str(error)
    facts = {**found.facts, "operators": dict(sorted(found.operators.items()))}
    if saved:
        facts |= {"tags": sorted(set(found.tags)), "signatures": sorted(set(found.signatures))}
    damaged = damaged or ("cut short" if wire.cut_short else None)
    release = f" of TensorFlow {facts['tensorflow']}" if "tensorflow" in facts else ""
    title, remark = (
        (f"TensorFlow SavedModel{release}", "tf2onnx converts it: python -m tf2onnx.convert --saved-model FOLDER")
        if (saved)
        else ("TensorFlow frozen graph", "tf2onnx converts it with --graphdef and the names of its inputs and outputs")
    )
    return Artifact(
        "model", "saved-model" if saved else "frozen-graph", title, facts=facts, remarks=(remark,), damaged=damaged
    )


def read_folder(host: Host, path: str) -> Artifact:
    """A SavedModel's folder. Raises Malformed where its file cannot be read."""
    source = host.open_at(f"{path}/{FILE}")
    if isinstance(source, Unreadable):
        raise Malformed(f"{FILE}: {source.reason}")
    with source:
        return read(source)


def _meta_graph(wire: Wire, message: Field, found: _Found) -> None:
    for one in wire.inner(message):
        if one.number == 1:
            for part in wire.inner(one):
                if part.number == 4:
                    found.tags.append(wire.text(part))
                elif part.number == 5:
                    found.facts["tensorflow"] = wire.text(part, 64)
        elif one.number == 2:
            for part in wire.inner(one):
                _graph_field(wire, part, found)
        elif one.number == 5 and len(found.signatures) < 1000:
            found.signatures += [wire.text(part) for part in wire.inner(one) if part.number == 1]


def _graph_field(wire: Wire, part: Field, found: _Found) -> None:
    if part.number == 1:
        _node(wire, part, found)
    elif part.number == 2:
        for function in wire.inner(part):
            if function.number == 1:
                for one in wire.inner(function):
                    if one.number == 3:
                        _node(wire, one, found)
    elif part.number == 4:
        for one in wire.inner(part):
            if one.number == 1 and one.wire == VARINT:
                found.facts["graph_producer"] = one.value


def _node(wire: Wire, message: Field, found: _Found) -> None:
    for one in wire.inner(message):
        if one.number == 2:
            name = wire.text(one)
            if name in found.operators or len(found.operators) < _MOST_KINDS:
                found.operators[name] += 1
            return
