"""The ptxas that XLA finds, and the PTX that it is given."""

import pytest
from tried import errors, judge
from tried.base import LINUX, lib


@pytest.mark.parametrize(
    ("version", "ptxas", "fails"),
    [("0.4.34", "12.2", True), ("0.4.38", "12.1", True), ("0.4.34", "12.4", False), ("0.4.31", "12.2", False)],
)
def test_xla_writes_ptx_that_an_older_assembler_refuses(version: str, ptxas: str, fails: bool) -> None:
    packages = {"jax": version, "jaxlib": version, "jax-cuda12-plugin": version, "jax-cuda12-pjrt": version}
    machine = {**LINUX, "python": "3.12", "packages": packages, "libraries": [lib("ptxas", ptxas, loaded=True)]}
    found = [one.component for one in judge("use:jax", machine).errors if one.rule == "cuda-library-too-old"]
    assert found == (["ptxas"] if fails else [])


@pytest.mark.parametrize(("nvcc", "wrong"), [("12.6.85", ["ptxas-too-old"]), ("13.0.48", [])])
def test_pips_own_of_cuda_13_has_no_suffix(nvcc: str, wrong: list[str]) -> None:
    packages = {"jax": "0.7.2", "jaxlib": "0.7.2", "jax-cuda13-plugin": "0.7.2", "jax-cuda13-pjrt": "0.7.2"}
    machine = {**LINUX, "gpus": [{"name": "NVIDIA GeForce RTX 5090"}], "driver": {"version": "580.65.06"}}
    assert errors(judge("use:jax", {**machine, "packages": {**packages, "nvidia-cuda-nvcc": nvcc}})) == wrong


@pytest.mark.parametrize(
    ("packages", "verdict"),
    [
        ({"jax": "0.5.0"}, "unknown"),  # its plugin came with a ptxas of any release from then to today
        ({"jax": "0.5.0", "jax-cuda12-plugin": None}, "unknown"),
        ({"jax": "0.5.0", "nvidia-cuda-nvcc-cu12": "12.9.86"}, "compatible"),
        ({"jax": "0.6.0"}, "compatible"),  # the plugin is of CUDA 12.8 and later
    ],
)
def test_of_an_untold_plugin_the_releases_own_cuda_is_asked(packages: dict[str, str | None], verdict: str) -> None:
    machine = {"gpus": [{"name": "NVIDIA GeForce RTX 5090"}], "driver": {"version": "570.124.06"}}
    assert judge("use:jax", {"os": "linux", "arch": "x86_64", **machine, "packages": packages}).verdict == verdict
