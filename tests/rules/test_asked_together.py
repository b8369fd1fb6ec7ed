"""What is asked for in one request: together, apart, or open; and a package of which its index alone is told."""

from typing import Any

import pytest
from tried import errors, judge
from tried.base import LINUX

_ON_LINUX = {**LINUX, "python": "3.10"}


def _asked(**request: str) -> dict[str, Any]:
    return {**_ON_LINUX, "request": {name.replace("_", "-"): spec for name, spec in request.items()}}


@pytest.mark.parametrize(
    ("goal", "machine"),
    [
        ("install:torchvision", _asked(torch="==1.11.0+cu113", torchvision="==0.11.0+cu113")),
        ("install:torch", _asked(torch="==1.11.0", torchvision="==0.11.0")),
        ("install:torch", _asked(torch="==2.4.0", nvidia_cuda_nvrtc_cu12="==12.4.99")),
        ("install:torch", _asked(torch="==2.6.0", nvidia_cudnn_cu12=">=9.3")),
        ("install:torchaudio", _asked(torch=">=2.6", torchaudio="==2.5.1")),
    ],
)
def test_two_that_exclude_each_other_cannot_be_installed(goal: str, machine: dict[str, Any]) -> None:
    assert "package-versions-mismatch" in errors(judge(goal, machine))


@pytest.mark.parametrize(
    "machine",
    [
        _asked(torch="==2.4.0"),
        _asked(torch="==2.4.0", torchvision="==0.19.0"),
        _asked(torch=">=2.4", torchvision="*"),
        _asked(torch="==2.4.*", torchvision="==0.19.0"),
        _asked(torch="==2.4.0", nvidia_cuda_nvrtc_cu12="==12.1.105"),
        _asked(torch="==2.5.1+cu121", torchvision="==0.20.1+cu121"),
        _asked(torch="==2.4.0", numpy="==1.26.4", a_package_of_our_own="==1.0"),
        {**_asked(torch="==2.4.0", nvidia_cuda_nvrtc_cu12="==12.4.99"), "os": "windows"},  # pinned on Linux alone
    ],
)
def test_two_that_go_together_are_left_alone(machine: dict[str, Any]) -> None:
    assert "package-versions-mismatch" not in errors(judge("install:torch", machine))


def test_a_pin_whose_condition_is_open_is_no_fault() -> None:
    request = _asked(torch="==2.4.0", nvidia_cuda_nvrtc_cu12="==12.4.99")
    assert errors(judge("install:torch", {name: told for name, told in request.items() if name != "os"})) == []


def test_of_an_index_whose_every_build_fails_the_version_does_not_matter() -> None:
    old = {"os": "linux", "arch": "aarch64", "gpus": [{"name": "NVIDIA GH200 480GB"}]}
    bare = {**old, "packages": {"torch": None}, "driver": {"version": "550.54.15"}}
    known = {**bare, "builds": {"torch": {"source": "pypi"}}}
    assert errors(judge("use:torch", known)) == ["cpu-only-build"]
    assert errors(judge("use:torch", bare)) == []  # PyTorch's own index has builds for it
    assert errors(judge("use:torch", {**known, "driver": {"version": "590.48.01"}})) == []


@pytest.mark.parametrize(
    ("packages", "built", "expected"),
    [
        ({"nvidia-cudnn-cu12": "9.1.0.70"}, "9.8.0", ["cudnn-mismatch"]),
        ({"nvidia-cudnn-cu12": "9.10.2.21"}, "9.8.0", []),
        ({"nvidia-cudnn-cu12": "9.1.0.70", "nvidia-cudnn-cu13": "9.10.1.4"}, "9.8.0", []),  # which one is open
        ({"nvidia-cudnn-cu12": "8.5.0"}, "8.6.0", []),  # nor is it told whether that release looks for it
    ],
)
def test_jax_of_unknown_release_takes_the_cudnn_that_pip_has(
    packages: dict[str, str], built: str, expected: list[str]
) -> None:
    machine = {"os": "linux", "packages": {"jax": None, "jaxlib": None, **packages}}
    assert errors(judge("use:jax", {**machine, "builds": {"jaxlib": {"cudnn": built}}})) == expected


def test_pips_cudnn_of_another_major_leaves_the_systems_to_an_old_jax() -> None:
    packages = {"jax": "0.4.25", "jaxlib": "0.4.25+cuda12.cudnn89", "nvidia-cudnn-cu12": "9.1.0.70"}
    machine = {"os": "linux", "packages": packages}
    assert errors(judge("use:jax", machine)) == ["cudnn-mismatch"]
    assert errors(judge("use:jax", {**machine, "toolkits": [{"version": "12.3", "origin": "system"}]})) == []


@pytest.mark.parametrize(
    ("jaxlib", "toolkit", "more", "expected"),
    [
        ("0.1.62+cuda110", "11.0", {}, ["ptxas-too-old"]),
        ("0.1.62+cuda110", "11.1", {}, []),
        ("0.4.35", "11.0", {"jax-cuda12-plugin": "0.4.35"}, []),  # with the ptxas of jax[cuda12], perhaps
        ("0.4.14+cuda11.cudnn86", "11.0", {"nvidia-cuda-nvcc-cu11": "11.8.89"}, []),
    ],
)
def test_an_old_jaxlib_assembles_with_the_toolkit(
    jaxlib: str, toolkit: str, more: dict[str, str], expected: list[str]
) -> None:
    machine = {"os": "linux", "gpus": [{"name": "GeForce RTX 3090"}], "packages": {"jaxlib": jaxlib, **more}}
    kits = [{"version": toolkit, "origin": "system"}]
    assert errors(judge("use:jax", {**machine, "toolkits": kits})) == expected


def test_libstdcxx_of_conda_forges_builds() -> None:
    machine = {"os": "linux", "environment": ["conda"], "packages": {"pytorch": "1.12.1"}}
    forge = {**machine, "builds": {"pytorch": {"source": "conda-forge"}}}
    assert errors(judge("import:torch", {**forge, "glibcxx": "3.4.28"})) == ["libstdcxx-too-old"]
    assert errors(judge("import:torch", {**forge, "glibcxx": "3.4.30"})) == []
    assert errors(judge("import:torch", {**machine, "glibcxx": "3.4.28"})) == []  # PyTorch's own channel, perhaps
