"""A package without a version, of whose build something is told: what breaks each release of that build breaks it."""

from typing import Any

import pytest
from tried import errors, judge


def _rules(cuda: str, runtime: str, jax: str | None = None, jaxlib: str | None = None) -> set[str]:
    machine = {
        "os": "linux",
        "packages": {"jax": jax, "jaxlib": jaxlib},
        "builds": {"jaxlib": {"cuda": cuda}},
        "libraries": [{"name": "cudart", "version": runtime, "loaded": True}],
    }
    return set(errors(judge("use:jax", machine)))


@pytest.mark.parametrize(
    ("cuda", "runtime", "rules"),
    [
        ("12.2", "12.1", {"cuda-library-too-old"}),  # 0.4.17 to 0.4.23, which ask for the runtime of their build
        ("12.2", "12.2", set()),
        ("12.3", "12.2", set()),  # 0.4.24 and 0.4.25 refuse it, the later ones ask for 12.1
    ],
)
def test_a_build_that_every_release_of_is_affected_tells(cuda: str, runtime: str, rules: set[str]) -> None:
    assert _rules(cuda, runtime) == rules


def test_a_release_that_is_told_is_judged_by_itself() -> None:
    assert _rules("12.2", "12.1", jax="0.4.26") == set()
    assert _rules("12.2", "12.1", jax="0.4.23", jaxlib="0.4.23") == {"cuda-library-too-old"}


@pytest.mark.parametrize(
    ("machine", "verdict"),
    [
        ({"os": "linux", "gpus": [{"name": "Tesla V100-SXM2-16GB"}]}, "unknown"),  # 2.7 has no Volta, 2.8 has
        ({"os": "windows", "gpus": [{"name": "NVIDIA GeForce GTX 1070"}]}, "unknown"),  # until 2.8
        ({"gpus": [{"name": "NVIDIA GeForce GTX 1070"}]}, "unknown"),
        ({"os": "linux", "gpus": [{"name": "NVIDIA GeForce GTX 1070"}]}, "incompatible"),
        ({"os": "linux", "gpus": [{"name": "NVIDIA GeForce RTX 3090"}]}, "compatible"),
    ],
)
def test_where_some_builds_have_the_gpu_and_some_have_not_it_is_open(machine: dict[str, Any], verdict: str) -> None:
    torch = {"packages": {"torch": None}, "builds": {"torch": {"cuda": "12.8"}}}
    assert judge("use:torch", {**machine, **torch}).verdict == verdict


def test_of_a_package_of_which_nothing_is_told_a_driver_that_serves_the_gpu_tells_nothing() -> None:
    machine = {"os": "linux", "gpus": [{"name": "NVIDIA GeForce GTX 1080"}], "driver": {"version": "535.104.05"}}
    torch = {"packages": {"torch": None}, "toolkits": [{"version": "9.2", "origin": "system"}]}
    assert judge("use:torch", {**machine, **torch}).verdict == "unknown"
    assert judge("use:gpu", machine).verdict == "compatible"
    assert judge("start:container", machine).verdict == "compatible"
