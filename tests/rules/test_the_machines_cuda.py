"""What takes CUDA, cuDNN or TensorRT from the machine: which release it can get, and what of it is not found."""

from typing import Any

import pytest

from compat import description, goals
from compat.check import check
from compat.matrix import Matrix

MATRIX = Matrix.load()
H100, ADA, BLACKWELL = ([{"name": name}] for name in ("NVIDIA H100 PCIe", "GeForce RTX 3080", "GeForce RTX 5090"))


def errors(goal: str, machine: dict[str, Any]) -> list[str]:
    report = check(description.from_dict({"os": "linux", "arch": "x86_64", **machine}), goals.parse(goal), MATRIX)
    return [one.rule for one in report.errors]


@pytest.mark.parametrize(
    ("toolkits", "expected"),
    [
        ([{"version": "11.8"}], []),  # the machine's CUDA 11.8 knows the H100, whatever TensorFlow was built with
        ([{"version": "12.1"}, {"version": "11.8"}], []),
        ([{"version": "11.2"}], ["cuda-older-than-gpu"]),
        (None, ["cuda-older-than-gpu"]),
    ],
)
def test_the_newest_toolkit_of_the_major_is_what_tensorflow_gets(toolkits: Any, expected: list[str]) -> None:
    machine = {"gpus": H100, "packages": {"tensorflow": "2.10.0"}, "toolkits": toolkits}
    assert errors("use:tensorflow", machine) == expected


@pytest.mark.parametrize(
    ("cuda", "gpus", "expected"),
    [
        ("10.2", ADA, ["cuda-older-than-gpu"]),  # the last CUDA 10 has nothing for an Ampere
        ("11.2", ADA, []),
        ("11.2", H100, []),  # 11.8, which it can get, has
        ("11.2", BLACKWELL, ["cuda-older-than-gpu"]),
        ("12.2", BLACKWELL, []),
    ],
)
def test_the_last_release_of_a_major_bounds_what_onnx_runtime_gets(cuda: str, gpus: Any, expected: list[str]) -> None:
    machine = {"gpus": gpus, "packages": {"onnxruntime-gpu": None}, "builds": {"onnxruntime-gpu": {"cuda": cuda}}}
    assert errors("use:onnxruntime-cuda", machine) == expected


def test_a_withdrawn_release_of_which_only_a_jetson_wheel_is_left() -> None:
    assert errors("use:onnxruntime-cuda", {"packages": {"onnxruntime-gpu": "1.10.0"}}) == []
    with_cuda = {"packages": {"onnxruntime-gpu": "1.10.0"}, "toolkits": [{"version": "12.1"}]}
    assert errors("use:onnxruntime-cuda", with_cuda) == ["cuda-major-mismatch"]


@pytest.mark.parametrize(
    ("version", "soname", "expected"),
    [
        ("8.6.1", "libnvinfer.so.8", ["library-not-found"]),
        ("8.6.1", "libnvinfer.so.7", []),
        ("8.6.1", "libnvonnxparser.so.8", ["library-not-found"]),
        ("8.4.1", "libcudnn.so.8", ["library-not-found"]),
        ("8.4.1", "libcudnn.so.9", []),
        ("8.2.1", "libcublas.so.11", ["library-not-found"]),
        ("10.3.0", "libcudnn.so.8", []),  # optional since
    ],
)
def test_what_tensorrt_opens(version: str, soname: str, expected: list[str]) -> None:
    machine = {"libraries": [{"name": "tensorrt", "version": version}], "missing_libraries": [soname]}
    assert errors("convert:onnx-tensorrt", machine) == expected


def test_pips_tensorrt_finds_its_own_libraries() -> None:
    copy = {"name": "tensorrt", "version": "8.6.1", "origin": "pip"}
    assert errors("use:tensorrt", {"libraries": [copy], "missing_libraries": ["libnvinfer.so.8"]}) == []


@pytest.mark.parametrize(
    ("release", "expected"),
    [("1.15.1", ["library-not-found"]), ("1.20.1", ["library-not-found"]), ("1.23.0", [])],  # 1.20's for CUDA 11 has it
)
def test_the_zlib_of_cudnn_8_for_windows(release: str, expected: list[str]) -> None:
    machine = {"os": "windows", "missing_libraries": ["zlibwapi.dll"], "packages": {"onnxruntime-gpu": release}}
    assert errors("use:onnxruntime-cuda", machine) == expected


@pytest.mark.parametrize(("cudnn", "expected"), [("8.9.7", ["cudnn-mismatch"]), ("9.1.1", [])])
def test_the_least_cudnn_of_a_jax_that_only_its_jaxlib_tells(cudnn: str, expected: list[str]) -> None:
    machine = {"libraries": [{"name": "cudnn", "version": cudnn}], "packages": {"jaxlib": "0.4.30"}}
    assert errors("use:jax", machine) == expected


@pytest.mark.parametrize(("opset", "expected"), [("2", []), ("3", ["onnx-version-unsupported"])])
def test_the_opset_of_classic_operators(opset: str, expected: list[str]) -> None:
    machine = {"packages": {"onnxruntime": "1.10.0"}, "model": {"format": "onnx", "domains": {"ai.onnx.ml": opset}}}
    assert errors("run:onnx", machine) == expected


@pytest.mark.parametrize(("loads", "expected"), [("8.6.1", ["package-versions-mismatch"]), ("9.3.0", [])])
def test_bindings_beside_the_libraries_of_another_major(loads: str, expected: list[str]) -> None:
    copy = {"name": "tensorrt", "version": loads, "loaded": True}
    assert errors("use:tensorrt", {"libraries": [copy], "packages": {"tensorrt": "9.3.0.post12.dev1"}}) == expected


@pytest.mark.parametrize(
    ("jaxlib", "toolkit", "expected"),
    [
        ("0.3.25+cuda11.cudnn82", "12.0", ["cuda-major-mismatch"]),
        ("0.3.25+cuda11.cudnn82", "11.8", []),
        ("0.4.25+cuda11.cudnn86", "12.2", []),  # an extra of its own may have brought CUDA 11
    ],
)
def test_a_jaxlib_with_cuda_inside_opens_the_machines(jaxlib: str, toolkit: str, expected: list[str]) -> None:
    assert errors("use:jax", {"packages": {"jaxlib": jaxlib}, "toolkits": [{"version": toolkit}]}) == expected


@pytest.mark.parametrize(("cudnn", "expected"), [("8.5.0", ["cudnn-mismatch"]), ("8.6.0", [])])
def test_the_cudnn_that_the_local_part_of_a_jaxlib_tells(cudnn: str, expected: list[str]) -> None:
    """No such build of this release is listed: its version says what it is made with."""
    machine = {"packages": {"jaxlib": "0.4.1+cuda11.cudnn86"}, "libraries": [{"name": "cudnn", "version": cudnn}]}
    assert errors("use:jax", machine) == expected


def test_a_jaxlib_whose_least_cudnn_is_met() -> None:
    machine = {"packages": {"jaxlib": "0.5.0"}, "libraries": [{"name": "cudnn", "version": "9.5.1", "loaded": True}]}
    told = description.from_dict({"os": "linux", "arch": "x86_64", **machine})
    assert check(told, goals.parse("use:jax"), MATRIX).verdict == "compatible"
