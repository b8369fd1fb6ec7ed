"""Extensions that name their torch in their version."""

from __future__ import annotations

import pytest

from compat.check import check
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.rules.packages.extensions import torch_of

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("version", "torch"),
    [
        ("0.5.0+pt28cu128", "2.8"),
        ("0.4.0+pt113cu116", "1.13"),
        ("2.1.2+pt20cpu", "2.0"),
        ("0.8.0+pt213cu132", "2.13"),
        ("0.14.6+torch200cu117", "2.0"),
        ("0.21.0+torch2100cu128", "2.10"),
        ("2.5.5+cu122torch2.2cxx11abiFALSE", "2.2"),
        ("1.2.1+torch1.7.0cu102", "1.7"),
        ("0.2.0.post2+cu124torch2.6", "2.6"),
        ("2.8.0+cu128", None),
        ("0.6+cu113", None),
        ("2.1.0+cpu", None),
        ("2.9.0", None),
        (None, None),
    ],
)
def test_the_torch_of_a_version(version: str | None, torch: str | None) -> None:
    assert torch_of(version) == torch


@pytest.mark.parametrize(
    ("extension", "torch", "verdict", "rules"),
    [
        ({"torch-scatter": "2.1.2+pt21cu121"}, "2.2.0+cu121", "incompatible", {"package-versions-mismatch"}),
        ({"torch-scatter": "2.1.2+pt22cu121"}, "2.2.2+cu121", "compatible", set()),
        ({"torch-scatter": "2.1.2+pt21cu121"}, "2.1.0+cu118", "incompatible", {"mixed-cuda-majors"}),
        ({"flash_attn": "2.5.5+cu122torch2.2cxx11abiFALSE"}, "2.3.0", "incompatible", {"package-versions-mismatch"}),
        (
            {"flash_attn": "2.8.2+cu12torch2.6cxx11abiFALSE"},
            "2.6.0+cu124",
            "incompatible",
            {"package-versions-mismatch"},
        ),
        ({"flash_attn": "2.8.2+cu12torch2.6cxx11abiFALSE"}, "2.6.0+cu126", "compatible", set()),
        ({"flash_attn": "2.8.2+cu12torch2.7cxx11abiFALSE"}, "2.7.1+cu128", "compatible", set()),
        ({"flash_attn": "2.7.4+cu12torch2.6cxx11abiFALSE"}, "2.6.0+cu124", "compatible", set()),
        (
            {"flash_attn": "2.7.4+cu12torch2.6cxx11abiFALSE"},
            "2.6.0+cu126",
            "incompatible",
            {"package-versions-mismatch"},
        ),
        ({"xformers": "0.0.27.post2"}, "2.5.1", "incompatible", {"package-versions-mismatch"}),
        ({"xformers": "0.0.28.post3"}, "2.5.1", "compatible", set()),
    ],
)
def test_an_extension_goes_with_the_torch_that_it_names(
    extension: dict[str, str], torch: str, verdict: str, rules: set[str]
) -> None:
    (name,) = extension
    machine = Machine(os="linux", arch="x86_64", packages={**extension, "torch": torch})
    report = check(machine, parse(f"import:{name}"), MATRIX)
    assert report.verdict == verdict
    assert {finding.rule for finding in report.findings if finding.severity == "error"} == rules


def test_without_a_torch_it_cannot_be_told() -> None:
    machine = Machine(packages={"torch-scatter": "2.1.2+pt21cu121"})
    report = check(machine, parse("import:torch-scatter"), MATRIX)
    assert report.verdict == "unknown"


def test_the_libcudart_that_is_found_may_be_another_than_torchs() -> None:
    """bitsandbytes opened the library for that one before it asked torch: of which CUDA it is, is open."""
    packages = {"bitsandbytes": "0.40.0", "torch": "2.7.1+cu126"}
    report = check(Machine(os="linux", arch="x86_64", packages=packages), parse("use:bitsandbytes"), MATRIX)
    assert "library-not-found" in {one.rule for one in report.untold if one.decides}
