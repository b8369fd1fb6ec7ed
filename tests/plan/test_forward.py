"""cuda-compat as a way out: on data center GPUs, on the branches that it serves, with the driver where it is."""

import pytest
import small_matrix

from compat.check import check
from compat.machine import Driver, Gpu
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


def a100_of_450(python: str):
    return replace(box("NVIDIA A100-SXM4-40GB", "8.0", "450.80.02"), python=python)


def test_another_python_beside_it_is_a_plan_and_a_lift(real):
    machine, asked = a100_of_450("3.8"), requests({"torch": "2.9"})
    answer = plan(machine, asked, real, allow=("python", "cuda-compat"))
    assert answer.outcome == "planned"
    assert answer.result.python == "3.10"
    assert answer.result.libcuda.compat is True
    assert all(check(answer.result, goal, real).verdict == "compatible" for goal in answer.goals)
    lifts = {lift.allow: lift for lift in plan(machine, asked, real).lifts}
    both = lifts[("python", "cuda-compat")]
    assert both.needs.startswith("Python 3.10 and cuda-compat-12-0")
    # Neither does by itself.
    assert ("python",) not in lifts
    assert ("cuda-compat",) not in lifts


def test_where_no_python_does_the_driver_is_named(real):
    # A branch that no cuda-compat serves: no Python mends it.
    machine = replace(a100_of_450("3.8"), driver=Driver("455.32.00", kernel_module_version="455.32.00"))
    answer = plan(machine, requests({"torch": "2.9"}), real, allow=("python", "cuda-compat"))
    assert answer.outcome == "impossible"
    assert {one.rule for one in answer.conflict} == {"driver-too-old", "request"}


def test_an_image_on_another_driver_is_a_plan_and_a_lift(real):
    machine, asked = a100_of_450("3.8"), requests({"torch": "2.9"})
    lift = next(one for one in plan(machine, asked, real).lifts if one.allow == ("container", "driver"))
    assert [step.kind for step in lift.steps] == ["driver", "container"]
    answer = plan(machine, asked, real, allow=("container", "driver"))
    assert answer.outcome == "planned"
    assert answer.result.environment == ("docker",)
    assert answer.result.driver.version != machine.driver.version
    assert all(check(answer.result, goal, real).verdict == "compatible" for goal in answer.goals)
