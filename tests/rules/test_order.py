"""The order of lists is no fact, but what is said points into the list as it was written."""

import re

import pytest

from compat.check import check
from compat.description import from_dict
from compat.goals import parse
from compat.machine import Machine
from compat.matrix import Matrix
from compat.rules.base import Finding
from compat.rules.order import in_order


def _machine(*names: str) -> Machine:
    return from_dict(
        {
            "os": "linux",
            "arch": "x86_64",
            "glibc": "2.39",
            "driver": {"version": "580.95.05"},
            "gpus": [{"name": name} for name in names],
            "packages": {"torch": "2.5.1+cu124"},
        }
    )


def _violated(machine: Machine) -> Finding:
    (found,) = (
        one for one in check(machine, parse("use:torch"), Matrix.load()).findings if one.rule == "gpu-not-in-build"
    )
    return found


@pytest.mark.parametrize(
    "names",
    [
        ("NVIDIA GeForce RTX 5090", "NVIDIA A100-SXM4-80GB", "NVIDIA L4"),
        ("NVIDIA L4", "NVIDIA GeForce RTX 5090", "NVIDIA A100-SXM4-80GB"),
        ("NVIDIA L4", "NVIDIA A100-SXM4-80GB", "NVIDIA GeForce RTX 5090"),
    ],
)
def test_evidence_has_the_place_in_the_list_as_written(names: tuple[str, ...]) -> None:
    place = names.index("NVIDIA GeForce RTX 5090")
    facts = [one.fact for one in _violated(_machine(*names)).evidence]
    assert {int(index) for fact in facts for index in re.findall(r"gpus\[(\d+)\]", fact)} == {place}, facts


def test_of_two_items_that_are_alike_one_thing_is_told() -> None:
    """Of copies without a folder both may be there; evidence points at the first of those that are one."""
    kit = {"version": "11.4", "origin": "system"}
    copy = {"name": "cudnn", "version": "8.2.4", "origin": "system"}
    for described, kept in (([copy, copy], 2), ([{**copy, "path": "/opt/lib"}] * 2, 1)):
        machine = from_dict({"toolkits": [{"version": "12.4"}, kit, kit], "libraries": described})
        ordered, places = in_order(machine)
        assert [one.version for one in ordered.toolkits or ()] == ["11.4", "12.4"]
        assert places["toolkits"] == (1, 0)
        assert len(ordered.libraries or ()) == kept
