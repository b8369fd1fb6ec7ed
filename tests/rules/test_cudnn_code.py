"""A cuDNN without code for the GPU, by its support matrices: 9.11 begins with Turing, 9.7 knows Blackwell."""

from typing import Any

import pytest
from tried import Facts, errors, judge
from tried.base import LINUX, PLUGIN, lib

V100 = {"gpus": [{"name": "Tesla V100-SXM2-16GB"}]}
RTX_5090 = {"gpus": [{"name": "NVIDIA GeForce RTX 5090"}]}
RTX_4090 = {"gpus": [{"name": "NVIDIA GeForce RTX 4090"}]}


def _pip(cudnn: str | bool | None, **more: Any) -> Facts:
    return {**LINUX, "packages": {"torch": "2.8.0+cu126", "nvidia-cudnn-cu12": cudnn}, **more}


def _system(cudnn: str, **more: Any) -> Facts:
    packages = {"onnxruntime-gpu": "1.22.0"}
    return {
        **LINUX,
        "packages": packages,
        "toolkits": [{"version": "12.8"}],
        "libraries": [lib("cudnn", cudnn)],
        **more,
    }


@pytest.mark.parametrize(
    ("goal", "machine", "fix"),
    [
        ("use:torch", _pip("9.11.0", **V100), "9.10.2 or older"),
        ("use:torch", _pip("9.99.0.1", **V100), ""),  # of a release that nobody listed yet nothing is said
        ("use:torch", _pip("9.10.2.21", **V100), ""),
        ("use:torch", _pip(None, **V100), ""),
        ("use:torch", _pip("9.13.0.50", gpus=[{"name": "Tesla T4"}]), ""),
        ("use:torch", _pip("9.13.0.50"), ""),
        ("use:torch", _pip("9.13.0.50", gpus=[{"name": "Tesla T4"}, *V100["gpus"]]), "9.10.2 or older"),
        ("import:torch", _pip("9.13.0.50", **V100), ""),
        ("use:jax", {**LINUX, **V100, "packages": {**PLUGIN, "nvidia-cudnn-cu12": "9.12.0.46"}}, "9.10.2 or older"),
        ("use:onnxruntime-cuda", _system("9.14.0", gpus=[{"name": "NVIDIA GeForce GTX 1080 Ti"}]), "9.10.2 or older"),
        ("use:onnxruntime-cuda", _system("9.1.0", **RTX_5090), "9.7.0 or newer of its major"),
        ("use:onnxruntime-cuda", _system("9.7.0", **RTX_5090), ""),
        ("use:onnxruntime-cuda", _system("9.1.0", **RTX_4090), ""),
    ],
)
def test_the_cudnn_that_loads_has_code_for_the_gpu(goal: str, machine: Facts, fix: str) -> None:
    found = [one for one in judge(goal, machine).errors if one.component == "cudnn"]
    assert [one.rule for one in found] == (["gpu-not-in-build"] if fix else [])
    assert [remedy.text for one in found for remedy in one.remedies] == ([f"install cuDNN {fix}"] if fix else [])


def test_machine_code_of_the_same_major_runs() -> None:
    """cuDNN 8.2 to 8.5 name 8.6 as their last, and the RTX 4090 (8.9) runs on them."""
    machine = {**LINUX, **RTX_4090, "packages": {"torch": "1.12.1+cu116"}, "libraries": [lib("cudnn", "8.5.0", "pip")]}
    assert [one for one in judge("use:torch", machine).errors if one.component == "cudnn"] == []


def test_without_a_release_of_its_major_another_build_is_the_way_out() -> None:
    packages = {"tensorflow": "2.15.1"}
    machine = {**LINUX, **RTX_5090, "packages": packages, "libraries": [lib("cudnn", "8.9.7")]}
    (found,) = [one for one in judge("use:tensorflow", machine).errors if one.component == "cudnn"]
    assert found.remedies[0].text.startswith("use a build for another cuDNN")


@pytest.mark.parametrize(
    ("local", "verdict"), [("rocm6.1", "incompatible"), ("xpu", "incompatible"), ("cu124", "compatible")]
)
def test_builds_for_other_makers_gpus_have_no_cuda(local: str, verdict: str) -> None:
    report = judge("use:torch", {**LINUX, **RTX_4090, "packages": {"torch": f"2.5.1+{local}"}})
    assert report.verdict == verdict
    assert errors(report) == (["cpu-only-build"] if verdict == "incompatible" else [])
