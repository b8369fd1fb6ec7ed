"""Why a step is made: the request, what is wrong with what is there, what a new environment escapes from."""

from __future__ import annotations

import pytest

from compat.machine import Driver, Gpu, Machine
from compat.plan.asking.request import requests
from compat.plan.model import Plan, Reason, Step
from compat.plan.solve import plan
from compat.plan.steps.why import _tells
from compat.records import replace
from scripts.fixtures.described import UBUNTU

MACHINE = replace(
    UBUNTU,
    name="box",
    python="3.10.12",
    gpus=(Gpu(name="NVIDIA A100-SXM4-40GB"),),
    driver=Driver(version="535.183.06", kernel_module_version="535.183.06", kernel_module_loaded=True),
    toolkits=None,
    libraries=None,
    packages={"torch": "2.1.0+cu118", "torchvision": "0.16.0+cu118", "tensorflow": "2.10.0", "numpy": "1.26.4"},
)


def made(real, wanted: dict[str, str], machine: Machine = MACHINE, **options) -> Plan:
    answer = plan(machine, requests(wanted), real, **options)
    assert answer.outcome == "planned"
    return answer


def why(answer: Plan, component: str, role: str = "needed") -> list[Reason]:
    step: Step = next(one for one in answer.steps if one.component == component)
    return [one for one in step.why if one.role == role]


def test_a_release_outside_the_request_is_replaced_because_of_it(real):
    (said,) = why(made(real, {"torch": "2.6"}), "torch")
    assert said.rule == "request"
    assert "2.1.0+cu118" in said.message
    assert "2.6" in said.message
    assert said.source.startswith("--torch")


def test_a_companion_goes_with_what_it_was_built_for(real):
    answer = made(real, {"torch": "2.6"})
    (said,) = why(answer, "torchvision")
    assert said.rule == "package-versions-mismatch"
    assert "0.16.0+cu118" in said.message
    assert why(answer, "torchvision", "passed over") == []


def test_what_comes_new_is_asked_for(real):
    answer = made(real, {"onnxruntime": "*"})
    assert [one.rule for one in why(answer, "onnxruntime")] == ["request"]
    named = [one for one in why(answer, "onnxruntime", "passed over") if one.message.startswith("onnxruntime-gpu")]
    assert named
    assert named[0].source


def test_a_cpu_build_is_replaced_because_it_is_one(real):
    machine = replace(MACHINE, packages={"onnxruntime": "1.17.0", "numpy": "1.26.4"})
    answer = made(real, {"onnxruntime": "*"}, machine)
    rules = [one.rule for step in answer.steps for one in step.why if one.role == "needed"]
    assert "cpu-only-build" in rules
    assert "duplicate-install" in rules


def test_a_new_environment_says_what_it_escapes_from(real):
    answer = made(real, {"torch": "2.14"})
    assert answer.steps[0].kind == "environment"
    said = why(answer, "environment")
    assert [one.rule for one in said if "tensorflow 2.10.0" in one.message] == ["cuda-major-mismatch"]
    assert all(one.source for one in said)
    assert all(step.before is None for step in answer.steps)  # nothing is there that could be replaced


def test_a_preference_is_a_reason(real):
    machine = replace(MACHINE, packages={"torch": "2.4.0+cu121"})
    (said,) = why(made(real, {"torch": "2.x"}, machine, prefer="newest"), "torch")
    assert (said.rule, said.source) == ("request", "--prefer newest")


@pytest.mark.parametrize("wanted", [{"torch": "2.6"}, {"tensorflow": "2.18"}, {"onnxruntime": "*"}, {"jax": "*"}])
def test_a_mechanism_that_holds_is_said_once(real, wanted):
    for step in made(real, wanted).steps:
        held = [one.rule for one in step.why if one.role == "holds"]
        assert len(held) == len(set(held))
        assert all(one.source for one in step.why if one.role == "holds")


def test_where_a_drivers_command_is_from_is_no_reason_for_it(real):
    old = replace(MACHINE, packages={}, driver=Driver(version="470.256.02", kernel_module_version="470.256.02"))
    answer = made(real, {"tensorflow": "2.15"}, old, allow=("driver",))
    driver = next(step for step in answer.steps if step.kind == "driver")
    assert [one.rule for one in driver.why if one.role == "needed"] == ["driver-too-old"]
    assert [one.rule for one in driver.why if one.role == "how"] == ["driver-installation"]


def test_what_holds_for_several_is_told_where_its_name_stands_or_first():
    named = Reason("cudnn-mismatch", "cuDNN 9.1.0 serves torch 2.6.0.", "s", role="holds")
    plain = Reason("driver-too-old", "the driver serves CUDA 12.4.", "s", role="holds")
    said = {name: {"cudnn-mismatch": named, "driver-too-old": plain} for name in ("onnxruntime", "torch")}
    assert [name for name in said if _tells(named, name, said)] == ["torch"]
    assert [name for name in said if _tells(plain, name, said)] == ["onnxruntime"]
