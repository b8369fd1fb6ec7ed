"""cuda-compat as a way out: on data center GPUs, on the branches that it serves, with the driver where it is."""

import pytest
import small_matrix

from compat.check import check
from compat.machine import Gpu
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.records import replace

NEWEST = {"torch": "2.15"}


def box(name: str, capability: str, driver: str, **fields):
    machine = small_matrix.machine(driver=driver, capability=capability, python="3.12", **fields)
    return replace(machine, gpus=(Gpu(name, capability),), distribution="ubuntu", distribution_version="22.04")


H100 = box("NVIDIA H100 80GB HBM3", "9.0", "535.183.06")


def test_the_driver_stays_and_the_machine_passes(real):
    answer = plan(H100, requests(NEWEST), real, allow=("cuda-compat",))
    assert answer.outcome == "planned"
    assert [step.component for step in answer.steps] == ["cuda-compat", "cuda-compat", "torch"]
    assert answer.steps[0].commands[0].argv[-1].startswith("cuda-compat-13-")
    assert answer.result.driver == H100.driver
    assert answer.result.libcuda.compat is True
    assert all(check(answer.result, goal, real).verdict == "compatible" for goal in answer.goals)


def test_it_is_named_as_a_lift(real):
    answer = plan(H100, requests(NEWEST), real)
    assert answer.outcome == "impossible"
    assert [lift.allow for lift in answer.lifts] == [("cuda-compat",), ("driver",), ("versions",)]


@pytest.mark.parametrize(
    "machine",
    [
        box("NVIDIA GeForce RTX 3090", "8.6", "535.183.06"),
        box("NVIDIA H100 80GB HBM3", "9.0", "545.29.06"),  # a branch that no package serves
        replace(H100, environment=("wsl2",)),
    ],
)
def test_where_it_does_not_serve_it_is_no_way(real, machine):
    answer = plan(machine, requests(NEWEST), real, allow=("cuda-compat",))
    assert answer.outcome == "impossible"
