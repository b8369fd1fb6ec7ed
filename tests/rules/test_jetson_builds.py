"""A Jetson wheel is made for one Python: that of its JetPack."""

from typing import Any

import pytest

from compat.check import check
from compat.description import from_dict
from compat.goals import parse
from compat.matrix import Matrix


@pytest.mark.parametrize(("python", "rules"), [("3.8.10", []), ("3.10.12", ["jetson-build-mismatch"])])
def test_the_wheels_python_is_held_against_the_environments(python: str, rules: list[str]) -> None:
    machine = from_dict(
        {
            "os": "linux",
            "arch": "aarch64",
            "jetson": {"module": "Jetson AGX Orin", "l4t": "35.4.1", "jetpack": "5.1.2"},
            "gpus": [{"name": "Orin"}],
            "python": python,
            "packages": {"torch": "2.1.0a0+41361538.nv23.6"},
            "builds": {"torch": {"source": "jetson", "cuda": "11.4", "python_tag": "cp38"}},
        }
    )
    report = check(machine, parse("use:torch"), Matrix.load())
    assert [one.rule for one in report.errors] == rules


@pytest.mark.parametrize(
    ("system", "name", "source", "foreign"),
    [
        ({"jetson": {"jetpack": "5.1.2"}}, "torch", "pypi", True),
        ({"jetson": {"jetpack": "6.1"}}, "torch", "pypi", False),
        ({"jetson": {"jetpack": "5.1.2"}}, "torch", "jetson", False),
        ({"jetson": {"jetpack": "5.1.2"}}, "jax", "pypi", True),
        ({"jetson": {"jetpack": "5.1.2"}}, "cupy-cuda11x", "pypi", False),
        ({"jetson": {"module": "unheard of"}, "gpus": [{"name": "Jetson TX2"}]}, "torch", "pypi", True),
        ({"jetson": {"module": "unheard of"}, "gpus": [{"name": "Jetson AGX Thor"}]}, "torch", "pypi", False),
    ],
)
def test_the_public_indexes_have_nothing_for_a_jetpack_of_an_older_cuda(
    system: dict[str, Any], name: str, source: str, foreign: bool, matrix: Matrix
) -> None:
    machine = from_dict({**system, "packages": {name: None}, "builds": {name: {"source": source}}})
    report = check(machine, parse(f"use:{matrix.packages.component(name)}"), matrix)
    assert ("jetson-build-mismatch" in [one.rule for one in report.errors]) == foreign


@pytest.mark.parametrize(
    ("version", "build", "verdict"),
    [
        ("2.5.0+cu124", {}, "unknown"),  # published for x86_64 alone: who made this one is in no list
        ("2.5.0+cu124", {"architectures": ["sm_87"]}, "compatible"),
        ("2.5.0+cu124", {"architectures": ["sm_90"]}, "incompatible"),
        ("2.5.0+cu124", {"source": "jetson"}, "compatible"),  # made for it
        ("2.9.1+cu126", {}, "incompatible"),  # for servers on aarch64, whose code is listed
        ("2.3.0+cu122", {}, "compatible"),  # a tag that no index has: one's own, made here
    ],
)
@pytest.mark.parametrize("jetson", [{"jetpack": "6.0"}, {"module": "Jetson AGX Orin"}])
def test_a_tag_of_other_platforms_tells_nothing_of_the_code(
    version: str, build: dict[str, Any], verdict: str, jetson: dict[str, str], matrix: Matrix
) -> None:
    machine = from_dict(
        {
            "os": "linux",
            "arch": "aarch64",
            "python": "3.10",
            "jetson": jetson,
            "gpus": [{"name": "Orin", "compute_capability": "8.7"}],
            "packages": {"torch": version},
            "builds": {"torch": build},
        }
    )
    report = check(machine, parse("use:torch"), matrix)
    assert report.verdict == verdict
    warned = [one.rule for one in report.findings if one.severity == "warning"]
    assert warned == (["jetson-build-mismatch"] if verdict == "unknown" else [])
