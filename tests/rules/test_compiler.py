"""PTX is compiled by the libcuda that loads: the driver's own, or cuda-compat's."""

import pytest
from tried import Facts, errors, judge

_PROGRAM: Facts = {
    "os": "linux",
    "gpus": [{"name": "NVIDIA H100 80GB HBM3"}],
    "driver": {"version": "535.183.01"},
    "toolkits": [{"version": "12.8"}],
}


@pytest.mark.parametrize(
    ("libcuda", "expected"),
    [
        ({}, ["ptx-newer-than-driver"]),
        ({"compat": False}, ["ptx-newer-than-driver"]),
        ({"compat": True, "version": "570.86.10"}, []),
        ({"compat": True, "version": "550.54.15"}, ["ptx-newer-than-driver"]),
    ],
)
def test_the_compiler_is_that_of_the_libcuda_that_loads(libcuda: Facts, expected: list[str]) -> None:
    """Driver 535 takes PTX of CUDA 12.2; cuda-compat of 12.8 that of 12.8, cuda-compat of 12.4 no newer than that."""
    assert errors(judge("run:cuda-binary", {**_PROGRAM, "libcuda": libcuda})) == expected


@pytest.mark.parametrize(
    ("gpu", "driver", "expected"),
    [
        ("NVIDIA A100-PCIE-40GB", {"version": "470.256.02"}, []),
        ("NVIDIA A100-PCIE-40GB", {"cuda": "11.4"}, []),
        ("NVIDIA RTX A6000", {"version": "470.256.02"}, []),
        ("NVIDIA GeForce RTX 3090", {"version": "470.256.02"}, ["driver-too-old", "ptx-newer-than-driver"]),
    ],
)
def test_the_compiler_in_an_image_is_that_of_its_cuda_compat(gpu: str, driver: Facts, expected: list[str]) -> None:
    """The image's start script puts cuda-compat of its CUDA 12.0 in front, where the GPU is one that it may serve."""
    image = {"image": "nvcr.io/nvidia/pytorch:23.02-py3"}
    machine = {"gpus": [{"name": gpu}], "driver": driver, "container": image}
    assert errors(judge("run:cuda-binary", machine)) == expected


def test_a_compat_library_of_unknown_release_leaves_it_open() -> None:
    report = judge("run:cuda-binary", {**_PROGRAM, "libcuda": {"compat": True}})
    assert errors(report) == []
    needs = [one.needs for one in report.untold if one.rule == "ptx-newer-than-driver"]
    assert needs == [("libcuda.version",)]


def test_another_libcuda_is_said_to_be_taken_for_a_driver_s() -> None:
    machine = {"driver": {"kernel_module_version": "410.48"}, "libcuda": {"version": "465.24.02"}}
    finding = judge("use:gpu", machine).errors[0]
    taken = [one.fact.partition(":")[0] for one in finding.evidence if one.source == "default"]
    assert (finding.rule, taken) == (
        "driver-library-mismatch",
        ["not stated, libcuda.compat", "not stated, libcuda.stub"],
    )
    assert errors(judge("use:gpu", {**machine, "libcuda": {"version": "465.24.02", "stub": True}})) == ["stub-library"]


def test_a_compiler_that_nobody_named_is_said_to_be_the_framework_s() -> None:
    machine = {"os": "windows", "packages": {"torch": "2.1.2+cu118"}, "model": {"target": "sm_120"}}
    finding = judge("build:cuda-extension", machine).errors[0]
    assert finding.rule == "cuda-older-than-gpu"
    assert "not stated, toolkits: nvcc is of that CUDA" in [one.fact for one in finding.evidence]
