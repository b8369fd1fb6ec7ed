"""What a package requires and runs beside it, and a CUDA plugin of two packages: there, said to be absent, not told."""

import pytest
from tried import Facts, errors, judge
from tried.base import LINUX, PLUGIN

_JAX: Facts = {**LINUX, "python": "3.12.3", "packages": PLUGIN}


def _with(**packages: str | bool | None) -> Facts:
    """The machine with JAX and its plugin, and these packages as said (None: of an unknown release)."""
    return {**_JAX, "packages": {**PLUGIN, **{name.replace("_", "-"): told for name, told in packages.items()}}}


def _without(*names: str) -> Facts:
    """The machine with JAX and its plugin, of which these are not mentioned."""
    return {**_JAX, "packages": {name: told for name, told in PLUGIN.items() if name not in names}}


@pytest.mark.parametrize("goal", ["use:jax", "import:jax"])
@pytest.mark.parametrize("release", ["0.4.13", "0.4.35", None])
def test_jax_without_its_jaxlib_does_not_load(goal: str, release: str | None) -> None:
    """The metadata asks for it since some release, and each release looks for the oldest jaxlib that it takes."""
    assert "package-missing" in errors(judge(goal, _with(jax=release, jaxlib=False)))


def test_a_jaxlib_that_is_there_or_not_spoken_of_is_not_missed() -> None:
    assert errors(judge("use:jax", _JAX)) == []
    assert errors(judge("use:jax", _without("jaxlib"))) == []


@pytest.mark.parametrize(
    ("goal", "package", "release"),
    [
        ("use:vllm", "vllm", "0.8.0"),
        ("use:torchvision", "torchvision", "0.21.0"),
        ("use:xformers", "xformers", "0.0.29"),
    ],
)
def test_what_extends_torch_needs_torch(goal: str, package: str, release: str) -> None:
    report = judge(goal, {**LINUX, "packages": {package: release, "torch": False}})
    assert [(one.rule, one.component) for one in report.errors] == [("package-missing", "torch")]
    assert errors(judge(goal, {**LINUX, "packages": {package: release, "torch": None}})) == []


def test_torch_of_another_name_and_a_tensorrt_of_the_system_are_there() -> None:
    assert errors(judge("use:torchvision", {"packages": {"torchvision": None, "torch": False, "pytorch": None}})) == []
    there = {**LINUX, "libraries": [{"name": "tensorrt", "version": "10.3.0", "origin": "system"}]}
    packages = {"torch-tensorrt": "2.5.0", "torch": "2.5.0", "tensorrt": False}
    assert "package-missing" not in errors(judge("use:torch-tensorrt", {**there, "packages": packages}))


def test_what_an_extra_asks_for_or_code_does_without_is_not_missed() -> None:
    packages = {"onnxruntime-gpu": "1.20.1", "sympy": False, "coloredlogs": False}
    assert errors(judge("use:onnxruntime-cuda", {**LINUX, "packages": packages})) == []
    assert errors(judge("import:torch", {**LINUX, "packages": {"torch": "2.6.0", "triton": False}})) == []


@pytest.mark.parametrize(
    ("there", "gone"), [("jax-cuda12-plugin", "jax-cuda12-pjrt"), ("jax-cuda12-pjrt", "jax-cuda12-plugin")]
)
def test_half_a_plugin_is_none(there: str, gone: str) -> None:
    report = judge("use:jax", {**_JAX, "packages": {**PLUGIN, gone: False}})
    assert errors(report) == ["cpu-only-build"]
    assert there in report.errors[0].message
    assert errors(judge("import:jax", {**_JAX, "packages": {**PLUGIN, gone: False}})) == []


def test_a_whole_plugin_beside_half_of_another_one_serves() -> None:
    assert errors(judge("use:jax", _JAX)) == []
    assert errors(judge("use:jax", _with(jax_cuda13_plugin=False, jax_cuda13_pjrt=False))) == []


def test_a_half_of_which_nothing_is_said_is_not_missed() -> None:
    assert errors(judge("use:jax", _without("jax-cuda12-pjrt"))) == []
    assert errors(judge("use:jax", _without("jax-cuda12-plugin"))) == []


def test_a_jaxlib_with_cuda_in_it_needs_no_plugin() -> None:
    told = {**_with(jax_cuda12_plugin=False), "builds": {"jaxlib": {"cuda": "12.3"}}}
    assert "cpu-only-build" not in errors(judge("use:jax", told))


@pytest.mark.parametrize(("arch", "counts"), [("x86_64", True), (None, True), ("aarch64", False)])
def test_a_pin_counts_where_its_conditions_are_met(arch: str | None, counts: bool) -> None:
    """vLLM 0.6.5 asks for its torch everywhere but on Arm, where it takes the one that is there."""
    told = errors(judge("use:vllm", {"os": "linux", "arch": arch, "packages": {"vllm": "0.6.5", "torch": "2.6.0"}}))
    assert ("package-versions-mismatch" in told) is counts
