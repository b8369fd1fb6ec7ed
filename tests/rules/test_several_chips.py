"""A product name that was given to several chips: what holds for each of them is said, and nothing else."""

from typing import Any

import pytest

from compat import description, goals
from compat.check import Report, check
from compat.matrix import Matrix

MATRIX = Matrix.load()
GT_730 = [{"name": "NVIDIA GeForce GT 730"}]  # GK208 (3.5), GK107 (3.0), GF108 (2.1)


def judged(goal: str, **machine: Any) -> Report:
    return check(description.from_dict({"gpus": GT_730, **machine}), goals.parse(goal), MATRIX)


def told(report: Report, rule: str) -> tuple[bool, bool, bool]:
    """Is the rule violated, does it hold, is it open?"""
    return (
        rule in {one.rule for one in report.errors},
        rule in {one.rule for one in report.holds},
        rule in {one.rule for one in report.untold},
    )


@pytest.mark.parametrize(
    ("torch", "answer"),
    [
        ("1.13.1+cu117", (True, False, False)),  # starts at 3.7: no chip of the name
        ("1.2.0", (False, False, True)),  # starts at 3.5: one of them
    ],
)
def test_code_for_each_chip(torch: str, answer: tuple[bool, bool, bool]) -> None:
    report = judged("use:torch", os="linux", arch="x86_64", packages={"torch": torch})
    assert told(report, "gpu-not-in-build") == answer


@pytest.mark.parametrize(
    ("driver", "answer"),
    [
        ("535.183.01", (True, False, False)),  # neither Kepler nor Fermi
        ("470.82.01", (False, False, True)),  # Kepler, not Fermi
        ("390.157", (False, True, False)),  # both
    ],
)
def test_a_driver_for_each_chip(driver: str, answer: tuple[bool, bool, bool]) -> None:
    report = judged("use:gpu", os="linux", driver={"version": driver})
    assert told(report, "driver-dropped-gpu") == answer


def test_the_evidence_names_the_chips() -> None:
    report = judged("use:gpu", os="linux", driver={"version": "535.183.01"})
    assert any("one of several chips" in one.fact for one in report.errors[0].evidence)


def test_a_stated_capability_settles_it() -> None:
    known = [{**GT_730[0], "compute_capability": "3.5"}]
    report = judged("use:gpu", os="linux", gpus=known, driver={"version": "470.82.01"})
    assert told(report, "driver-dropped-gpu") == (False, True, False)


@pytest.mark.parametrize("name", ["GeForce GT 730", "GT 730", "GT730", "gt730"])
def test_the_brand_and_the_blank_are_left_out(name: str) -> None:
    report = judged("use:tensorrt", gpus=[{"name": name}], packages={"tensorrt": "8.6.1"})
    assert told(report, "gpu-unsupported-by-tensorrt") == (True, False, False)
