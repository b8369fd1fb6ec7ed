"""Make the ONNX files of tests/artifacts/data, and the facts that the onnx package itself reads in them.

    python -m scripts.onnx_fixtures [FOLDER]

Needs the onnx package (any release that writes opset 26), which compatcheck itself never does. The facts are
collected from onnx's own message classes, so the tests hold compatcheck's reader against an independent one.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto as T
from onnx import helper as h

FOLDER = Path(__file__).parent.parent / "tests" / "artifacts" / "data"
IR_OF_OPSET = {
    7: 3,
    8: 3,
    9: 4,
    10: 5,
    11: 6,
    12: 7,
    13: 7,
    14: 7,
    15: 8,
    16: 8,
    17: 8,
    18: 8,
    19: 9,
    20: 9,
    21: 10,
    22: 10,
    23: 11,
    24: 12,
    25: 12,
    26: 13,
}


def model(
    graph: onnx.GraphProto, opset: int, ir: int, extra: dict[str, int] | None = None, **more: Any
) -> onnx.ModelProto:
    imports = [h.make_opsetid("", opset), *(h.make_opsetid(name, version) for name, version in (extra or {}).items())]
    made = h.make_model(
        graph,
        opset_imports=imports,
        producer_name=more.pop("producer", "compatcheck-fixture"),
        producer_version=f"0.{opset}",
        **more,
    )
    made.ir_version = ir
    return made


def convolution(opset: int, ir: int) -> onnx.ModelProto:
    """A convolution, a resize and a cast, with a dynamic batch; initializers are inputs too up to IR 3."""
    weight = h.make_tensor("w", T.FLOAT, [2, 1, 3, 3], [0.5] * 18)
    nodes = [
        h.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], auto_pad="SAME_UPPER"),
        h.make_node("Relu", ["c"], ["r"]),
        h.make_node("Constant", [], ["k"], value=h.make_tensor("k", T.INT64, [1], [7])),
        h.make_node("Cast", ["k"], ["k32"], to=T.INT32),
        h.make_node(
            "Upsample" if opset < 9 else "Identity",
            ["r"],
            ["y"],
            **({"scales": [1.0, 1.0, 2.0, 2.0], "mode": "nearest"} if opset < 9 else {}),
        ),
    ]
    inputs = [h.make_tensor_value_info("x", T.FLOAT, ["batch", 1, 8, None])]
    if ir < 4:
        inputs.append(h.make_tensor_value_info("w", T.FLOAT, [2, 1, 3, 3]))
    graph = h.make_graph(
        nodes, "convolution", inputs, [h.make_tensor_value_info("y", T.FLOAT, ["batch", 2, 8, None])], [weight]
    )
    return model(graph, opset, ir)


def branches() -> onnx.ModelProto:
    """An If with subgraphs that hold weights of other types, inside a Loop-free graph."""
    then = h.make_graph(
        [h.make_node("Add", ["x", "one"], ["t"])],
        "then",
        [],
        [h.make_tensor_value_info("t", T.FLOAT, [4])],
        [h.make_tensor("one", T.FLOAT, [1], [1.0])],
    )
    inner = h.make_graph(
        [h.make_node("Sub", ["x", "x"], ["i"])], "inner", [], [h.make_tensor_value_info("i", T.FLOAT, [4])]
    )
    other = h.make_graph(
        [h.make_node("If", ["c"], ["e"], then_branch=inner, else_branch=inner)],
        "else",
        [],
        [h.make_tensor_value_info("e", T.FLOAT, [4])],
        [h.make_tensor("unused", T.DOUBLE, [1], [1.0])],
    )
    graph = h.make_graph(
        [h.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)],
        "branches",
        [h.make_tensor_value_info("c", T.BOOL, []), h.make_tensor_value_info("x", T.FLOAT, [4])],
        [h.make_tensor_value_info("y", T.FLOAT, [4])],
    )
    return model(graph, 17, 8)


def functions() -> onnx.ModelProto:
    """A model-local function of a domain of its own, and a plugin of another."""
    twice = h.make_function(
        "local",
        "Twice",
        ["a"],
        ["b"],
        [h.make_node("Mul", ["a", "two"], ["b"]), h.make_node("Constant", [], ["two"], value_float=2.0)][::-1],
        [h.make_opsetid("", 18)],
    )
    nodes = [
        h.make_node("Twice", ["x"], ["t"], domain="local"),
        h.make_node("Plug", ["t"], ["y"], domain="com.example"),
    ]
    graph = h.make_graph(
        nodes,
        "functions",
        [h.make_tensor_value_info("x", T.FLOAT16, [2])],
        [h.make_tensor_value_info("y", T.FLOAT16, [2])],
    )
    return model(graph, 18, 9, {"local": 1, "com.example": 3}, functions=[twice])


def quantized() -> onnx.ModelProto:
    """Q/DQ nodes with per-channel scales."""
    scale, zero = h.make_tensor("s", T.FLOAT, [2], [0.1, 0.2]), h.make_tensor("z", T.INT8, [2], [0, 0])
    nodes = [
        h.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=1),
        h.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], axis=1),
    ]
    graph = h.make_graph(
        nodes,
        "quantized",
        [h.make_tensor_value_info("x", T.FLOAT, [1, 2])],
        [h.make_tensor_value_info("y", T.FLOAT, [1, 2])],
        [scale, zero],
    )
    return model(graph, 19, 9)


def external() -> onnx.ModelProto:
    """Weights in another file."""
    weight = onnx.TensorProto(name="w", data_type=T.BFLOAT16, dims=[64], data_location=T.EXTERNAL)
    for key, value in (("location", "external.bin"), ("offset", "4096"), ("length", "128")):
        weight.external_data.add(key=key, value=value)
    graph = h.make_graph(
        [h.make_node("Add", ["x", "w"], ["y"])],
        "external",
        [h.make_tensor_value_info("x", T.BFLOAT16, [64])],
        [h.make_tensor_value_info("y", T.BFLOAT16, [64])],
        [weight],
    )
    return model(graph, 21, 10)


def classical() -> onnx.ModelProto:
    """An ai.onnx.ml model with long lists of numbers in an attribute, and sequence and map types."""
    node = h.make_node(
        "LinearClassifier",
        ["x"],
        ["l", "p"],
        domain="ai.onnx.ml",
        coefficients=[0.25] * 400,
        classlabels_ints=list(range(4)),
    )
    zipped = h.make_node("ZipMap", ["p"], ["y"], domain="ai.onnx.ml", classlabels_int64s=list(range(4)))
    output = h.make_value_info(
        "y", h.make_sequence_type_proto(h.make_map_type_proto(T.INT64, h.make_tensor_type_proto(T.FLOAT, None)))
    )
    graph = h.make_graph([node, zipped], "classical", [h.make_tensor_value_info("x", T.DOUBLE, [None, 100])], [output])
    return model(graph, 15, 8, {"ai.onnx.ml": 3}, producer="skl2onnx")


def small_types() -> onnx.ModelProto:
    """Float8, int4 and float4 tensors."""
    weights = [
        h.make_tensor("a", T.FLOAT8E4M3FN, [2], [1.0, 2.0]),
        h.make_tensor("b", T.INT4, [2], [1, 2]),
        h.make_tensor("c", T.FLOAT4E2M1, [2], [1.0, 2.0]),
    ]
    nodes = [h.make_node("Cast", [one.name], [f"f{one.name}"], to=T.FLOAT) for one in weights]
    graph = h.make_graph(
        nodes, "small", [], [h.make_tensor_value_info(f"f{one.name}", T.FLOAT, [2]) for one in weights], weights
    )
    return model(graph, 23, 11)


def limited() -> onnx.ModelProto:
    """What TensorRT's parser refuses or does not list, of operators that it takes."""
    weights = [
        h.make_tensor("zero", T.UINT8, [], [128]),
        h.make_tensor("scale", T.FLOAT, [], [0.5]),
        h.make_tensor("axis", T.INT64, [], [0]),
        h.make_tensor("sizes", T.INT64, [4], [1, 1, 2, 2]),
    ]
    nodes = [
        h.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        h.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        h.make_node("MaxPool", ["d"], ["p", "places"], kernel_shape=[1, 1], dilations=[2, 2]),
        h.make_node("Resize", ["p", "", "", "sizes"], ["r"], antialias=1, mode="linear"),
        h.make_node("Cast", ["r"], ["c"], to=T.UINT16),
        h.make_node("Shape", ["picture"], ["s"]),
        h.make_node("CumSum", ["s", "axis"], ["y"]),
    ]
    inputs = [
        h.make_tensor_value_info("x", T.FLOAT, [1, 1, 4, 4]),
        h.make_tensor_value_info("picture", T.UINT8, [1, 3, 8, 8]),
    ]
    outputs = [h.make_tensor_value_info("y", T.INT64, [4]), h.make_tensor_value_info("c", T.UINT16, None)]
    return model(h.make_graph(nodes, "limited", inputs, outputs, weights), 19, 9)


def every_graph(graph: onnx.GraphProto) -> list[onnx.GraphProto]:
    return [graph, *nested(graph.node)]


def nested(nodes: Any) -> list[onnx.GraphProto]:
    found = []
    for node in nodes:
        for attribute in node.attribute:
            for graph in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                found += every_graph(graph)
    return found


def qualified(domain: str, name: str) -> str:
    return name if domain in ("", "ai.onnx") else f"{domain}::{name}"


def value(info: onnx.ValueInfoProto) -> dict[str, Any]:
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        return {"name": info.name, "type": str(kind).removesuffix("_type"), "shape": None}
    tensor = info.type.tensor_type
    shape = [dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None for dim in tensor.shape.dim]
    return {
        "name": info.name,
        "type": T.DataType.Name(tensor.elem_type).lower(),
        "shape": shape if tensor.HasField("shape") else None,
    }


def facts(made: onnx.ModelProto) -> dict[str, Any]:
    """What the onnx package reads in a model."""
    graphs = every_graph(made.graph)
    nodes = [node for graph in graphs for node in graph.node] + [node for one in made.functions for node in one.node]
    local = {qualified(one.domain, one.name) for one in made.functions}
    operators = Counter(qualified(node.domain, node.op_type) for node in nodes)
    tensors = [tensor for graph in graphs for tensor in graph.initializer]
    names = {tensor.name for tensor in made.graph.initializer}
    outside = {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}
    return {
        "ir_version": made.ir_version,
        "producer": f"{made.producer_name} {made.producer_version}",
        "opsets": {one.domain or "ai.onnx": one.version for one in made.opset_import},
        "operators": {name: count for name, count in sorted(operators.items()) if name not in local},
        "initializer_types": dict(sorted(Counter(T.DataType.Name(one.data_type).lower() for one in tensors).items())),
        "inputs": [value(one) for one in made.graph.input if one.name not in names],
        "outputs": [value(one) for one in made.graph.output],
        "external": sorted(outside),
        "functions": sorted(local),
        "subgraphs": len(graphs) - 1,
        "quantized": any(name.rpartition("::")[2] in ("QuantizeLinear", "DequantizeLinear") for name in operators),
    }


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    models = {f"opset{opset:02d}": convolution(opset, ir) for opset, ir in IR_OF_OPSET.items()}
    for make in (branches, functions, quantized, external, classical, small_types, limited):
        models[make.__name__] = make()
    expected = {}
    for name, made in models.items():
        (folder / f"{name}.onnx").write_bytes(made.SerializeToString())
        expected[name] = facts(made)
    text = json.dumps({"onnx": onnx.__version__, "models": expected}, indent=1, sort_keys=True)
    (folder / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
