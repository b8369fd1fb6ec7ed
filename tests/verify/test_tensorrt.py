"""The child for TensorRT against stand-ins that have the names of its releases, and its models against ONNX Runtime.

Which names each release has was read in NVIDIA/TensorRT, python/src/infer/pyCore.cpp at the tags v8.6.1, v9.3.0,
v10.9.0, v11.0 and v11.1.
"""

from __future__ import annotations

import enum
from types import SimpleNamespace
from typing import Any

import pytest

from compat.verify.child import network, with_tensorrt

NETWORK_FLAGS = {
    "8.6.1": ["EXPLICIT_BATCH"],
    "9.3.0": ["EXPLICIT_BATCH", "STRONGLY_TYPED"],
    "10.9.0.34": ["EXPLICIT_BATCH", "STRONGLY_TYPED"],
    "11.4.0.106": ["STRONGLY_TYPED", "PREFER_AOT_PYTHON_PLUGINS"],
}
BUILDER_FLAGS = {
    "8.6.1": ["FP16", "INT8", "TF32", "FP8"],
    "9.3.0": ["FP16", "BF16", "INT8", "TF32", "FP8"],
    "10.9.0.34": ["FP16", "BF16", "INT8", "TF32", "FP8", "INT4", "FP4"],
    "11.4.0.106": ["TF32"],
}


def stand_in(version: str, done: list[Any], parses: bool = True) -> Any:
    """A module with the names of a release; what is set goes into ``done``."""
    builder = SimpleNamespace(
        create_network=lambda flags: done.append(flags) or "network",
        create_builder_config=lambda: SimpleNamespace(
            set_memory_pool_limit=lambda pool, size: None, set_flag=lambda flag: done.append(flag.name)
        ),
        build_serialized_network=lambda definition, settings: b"engine",
    )
    parser = SimpleNamespace(parse=lambda model: parses, num_errors=1, get_error=lambda number: "no such type")
    return SimpleNamespace(
        __version__=version,
        NetworkDefinitionCreationFlag=enum.IntEnum("Kinds", NETWORK_FLAGS[version], start=0),
        BuilderFlag=enum.Enum("Flags", BUILDER_FLAGS[version]),
        MemoryPoolType=SimpleNamespace(WORKSPACE=0),
        Builder=lambda log: builder,
        OnnxParser=lambda definition, log: parser,
    )


@pytest.mark.parametrize(
    ("version", "precision", "done"),
    [
        ("8.6.1", "fp32", [1]),
        ("8.6.1", "fp16", [1, "FP16"]),
        ("8.6.1", "int8", [1, "INT8"]),
        ("9.3.0", "fp16", [3]),
        ("10.9.0.34", "fp16", [2]),
        ("10.9.0.34", "int8", [2]),
        ("11.4.0.106", "fp16", [1]),
        ("11.4.0.106", "fp8", [1]),
    ],
)
def test_flags_of_each_release(version: str, precision: str, done: list[Any]) -> None:
    """Bit 0 is EXPLICIT_BATCH up to 10, where it has no effect any more, and STRONGLY_TYPED in 11."""
    said: list[Any] = []
    assert with_tensorrt._build(stand_in(version, said), None, b"", precision) == b"engine"
    assert said == done


@pytest.mark.parametrize(
    ("version", "capability", "precisions"),
    [
        ("8.6.1", (6, 1), ["fp32", "fp16", "int8"]),
        ("8.6.1", (9, 0), ["fp32", "fp16", "int8"]),
        ("10.9.0.34", (7, 5), ["fp32", "fp16", "int8"]),
        ("10.9.0.34", (8, 9), ["fp32", "fp16", "bf16", "int8", "fp8"]),
        ("11.4.0.106", (12, 0), ["fp32", "fp16", "bf16", "int8", "fp8"]),
    ],
)
def test_precisions_of_gpu_and_release(version: str, capability: tuple[int, int], precisions: list[str]) -> None:
    device: Any = SimpleNamespace(capability=capability)
    assert with_tensorrt._precisions(stand_in(version, []), device) == precisions


def test_a_network_that_is_not_read_says_why() -> None:
    with pytest.raises(with_tensorrt.NotBuilt, match="no such type"):
        with_tensorrt._build(stand_in("10.9.0.34", [], parses=False), None, b"", "fp8")


@pytest.mark.parametrize(("precision", "largest"), [("int8", 2.0**-7), ("fp8", 2.0**-5)])
def test_quantizing_is_exact_where_it_has_to_be(precision: str, largest: float) -> None:
    numpy = pytest.importorskip("numpy")
    x, _, _ = network.weights(numpy)
    once = network.narrowed(numpy, x, precision)
    assert 0 < numpy.abs(once - x).max() <= largest
    assert (network.narrowed(numpy, once, precision) == once).all()
    assert (network.narrowed(numpy, x, "fp32") == x).all()


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8", "fp8"])
def test_the_models_compute_what_is_expected(precision: str) -> None:
    numpy, runtime = pytest.importorskip("numpy"), pytest.importorskip("onnxruntime")
    x, filters, matrix = network.weights(numpy)
    model = network.model(network.raw(numpy, filters, precision), network.raw(numpy, matrix, precision), precision)
    session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
    got = session.run(None, {"x": x.astype("f2") if precision == "fp16" else x})[0]
    seen = [network.narrowed(numpy, one, precision) for one in (x, filters)]
    network.judge(numpy, got, network.expected(numpy, *seen, matrix), precision, "CPU")
