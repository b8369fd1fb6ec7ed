"""The CUDA that a Windows driver offers: the toolkit's table ends with 12.9 there, the branches go on."""

from __future__ import annotations

import pytest

from compat.check import check
from compat.goals import parse
from compat.machine import Driver, Machine
from compat.matrix import Matrix

MATRIX = Matrix.load()


@pytest.mark.parametrize(
    ("driver", "cuda"),
    [
        ("425.25", "10.1"),
        ("441.22", "10.2"),
        ("452.39", "11.0"),
        ("516.94", "11.7"),
        ("528.02", "12.0"),
        ("551.23", "12.4"),
        ("566.03", "12.7"),
        ("576.57", "12.9"),
        ("581.15", "13.0"),
        ("591.59", "13.1"),
        ("596.36", "13.2"),
        ("610.88", "13.3"),
    ],
)
def test_the_cuda_that_a_windows_driver_offers(driver: str, cuda: str) -> None:
    claim = MATRIX.cuda.offered_by(driver, "windows")
    assert claim is not None
    assert claim.value == cuda


@pytest.mark.parametrize(("driver", "verdict"), [("566.03", "incompatible"), ("581.15", "compatible")])
def test_cuda_13_on_windows(driver: str, verdict: str) -> None:
    machine = Machine(os="windows", arch="x86_64", driver=Driver(version=driver), packages={"torch": "2.11.0+cu130"})
    assert check(machine, parse("use:torch"), MATRIX).verdict == verdict
