"""A Jetson wheel is made for one Python: that of its JetPack."""

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
    ("jetpack", "source", "rules"),
    [("5.1.2", "pypi", ["jetson-build-mismatch"]), ("6.1", "pypi", []), ("5.1.2", "jetson", [])],
)
def test_the_public_indexes_have_nothing_for_an_old_jetpack(jetpack: str, source: str, rules: list[str]) -> None:
    machine = from_dict(
        {"jetson": {"jetpack": jetpack}, "packages": {"torch": None}, "builds": {"torch": {"source": source}}}
    )
    report = check(machine, parse("use:torch"), Matrix.load())
    assert [one.rule for one in report.errors] == rules
