"""Which compiler a build takes, and for which targets torch's builder calls it where none is named."""

import pytest
from tried import Facts, errors, judge

_BUILD = "build:cuda-extension"
_TOLD: Facts = {"os": "linux", "driver": {"version": "580.65.06"}, "variables": {}}
_TWO = [{"version": "12.3", "path": "/usr/local/cuda-12.3"}, {"version": "11.8", "origin": "conda"}]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CUDA_PATH": "/usr/local/cuda-12.3"}, ["toolkit-mismatch-for-build"]),
        ({"CUDA_HOME": "/opt/conda", "CUDA_PATH": "/usr/local/cuda-12.3"}, []),  # CUDA_HOME is asked first
        ({"CUDA_HOME": "/opt/cuda-11.8"}, []),  # its folder names the CUDA of a toolkit whose place is not told
        ({}, []),
    ],
)
def test_a_variable_leads_to_the_compiler(variables: Facts, expected: list[str]) -> None:
    machine = {**_TOLD, "toolkits": _TWO, "packages": {"torch": "2.1.0+cu118"}, "variables": variables}
    assert errors(judge(_BUILD, machine)) == expected


@pytest.mark.parametrize(("goal", "expected"), [(_BUILD, ["toolkit-mismatch-for-build"]), ("use:torch", [])])
def test_without_a_toolkit_nothing_is_compiled(goal: str, expected: list[str]) -> None:
    machine = {**_TOLD, "toolkits": [], "packages": {"torch": "2.1.0+cu118"}}
    assert errors(judge(goal, machine)) == expected
    assert judge(_BUILD, {**_TOLD, "packages": {"torch": "2.1.0+cu118"}}).verdict == "unknown"


@pytest.mark.parametrize(
    ("torch", "gpu", "toolkit", "expected"),
    [
        ("1.7.1+cu110", "NVIDIA GeForce RTX 3090", "11.0", ["cuda-older-than-gpu"]),  # for the GPU itself
        ("1.7.1+cu110", "NVIDIA GeForce RTX 3090", "11.1", []),
        ("2.1.0+cu118", "NVIDIA GeForce RTX 4090", "11.1", ["cuda-older-than-gpu"]),  # sm_89 begins with CUDA 11.8
        ("1.10.0+cu113", "NVIDIA GeForce RTX 4090", "11.3", []),  # for sm_86, the newest that torch has
        ("1.10.0+cu113", "NVIDIA GeForce RTX 3090", "11.0", ["cuda-older-than-gpu"]),
    ],
)
def test_the_builder_compiles_for_the_gpu_as_far_as_torch_does(
    torch: str, gpu: str, toolkit: str, expected: list[str]
) -> None:
    machine = {**_TOLD, "gpus": [{"name": gpu}], "toolkits": [{"version": toolkit}], "packages": {"torch": torch}}
    assert errors(judge(_BUILD, machine)) == expected


@pytest.mark.parametrize(
    "facts",
    [
        {"variables": {"TORCH_CUDA_ARCH_LIST": "8.0+PTX"}},
        {"toolkits": None},
        {"gpus": [{"name": "NVIDIA GeForce RTX 3090"}, {"name": "Tesla V100"}]},  # which is the first is CUDA's to say
    ],
)
def test_what_names_other_targets_or_leaves_them_open_is_not_found(facts: Facts) -> None:
    machine = {
        **_TOLD,
        "gpus": [{"name": "NVIDIA GeForce RTX 3090"}],
        "toolkits": [{"version": "11.0"}],
        "packages": {"torch": "1.7.1+cu110"},
        **facts,
    }
    assert "cuda-older-than-gpu" not in errors(judge(_BUILD, machine))


_BOARD: Facts = {"os": "linux", "arch": "aarch64", "environment": ["jetson"], "jetson": {"jetpack": "4.4"}}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ["engine-from-other-tensorrt"]),  # JetPack 4.4 has TensorRT 7.1.3, and it stays
        ({"engine": {"tensorrt": "7.1.3"}}, []),
        ({"jetson": {"jetpack": "5.1.2"}}, []),  # may have got a newer one
        ({"libraries": [{"name": "tensorrt", "version": "5.1.6"}]}, []),
        ({"environment": ["jetson", "docker"]}, []),  # whatever the image has
        ({"environment": ["jetson", "docker"], "container": {"image": "any:r32.4.3"}}, ["engine-from-other-tensorrt"]),
        ({"environment": ["jetson", "docker"], "container": {"image": "any:r35.1.0"}}, []),
    ],
)
def test_the_board_has_its_jetpacks_tensorrt(facts: Facts, expected: list[str]) -> None:
    machine = {**_BOARD, "engine": {"tensorrt": "5.1.6"}, **facts}
    assert [rule for rule in errors(judge("run:engine", machine)) if rule.startswith("engine")] == expected


@pytest.mark.parametrize(
    ("soname", "tensorrt", "expected"),
    [
        ("libnvrtc.so.11.1", "7.2.2", ["library-not-found"]),
        ("libnvrtc.so.11.2", "7.2.2", []),  # not the one that it is linked to
        ("libnvrtc.so.11.1", "7.0.0", []),  # links to none
    ],
)
def test_a_tensorrt_linked_to_nvrtc_wants_it(soname: str, tensorrt: str, expected: list[str]) -> None:
    machine = {
        "os": "linux",
        "libraries": [{"name": "tensorrt", "version": tensorrt}],
        "missing_libraries": [soname],
        "packages": {"tensorflow": None},
    }
    assert errors(judge("use:tf-trt", machine)) == expected


@pytest.mark.parametrize(
    ("image", "gpu", "expected"),
    [
        ("nvcr.io/nvidia/inferenceserver:18.08-py3", "Tesla K80", ["gpu-not-in-build"]),
        ("nvcr.io/nvidia/inferenceserver:18.08.1-py3", "Tesla P100", []),
        ("nvcr.io/nvidia/tritonserver:99.01-py3", "Tesla K80", []),
    ],
)
def test_triton_serves_from_its_least_capability(image: str, gpu: str, expected: list[str]) -> None:
    machine = {"os": "linux", "environment": ["docker"], "gpus": [{"name": gpu}], "container": {"image": image}}
    assert errors(judge("use:tritonserver", machine)) == expected
