"""CUDA images with packages inside: where NVIDIA's registry has no image of what is asked for."""

import json
from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.install.planfile import from_data
from compat.machine import Driver, Gpu, Libcuda
from compat.plan.asking.request import requests
from compat.plan.solve import plan
from compat.plan.ways.base_images import bases
from compat.records import replace
from compat.report.plan import render

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"
TOGETHER = {"torch": "2.6.0", "tensorflow": "2.18.1"}  # no image of the registry has both


def old_system():
    """A machine whose C library is too old for what is asked for."""
    machine = next(iter(load(str(DESCRIBED / "h100-driver535.toml"))))
    return replace(
        machine, distribution="centos", distribution_version="7", glibc="2.17", python="3.6.8", packages={}, builds={}
    )


def test_the_packages_go_into_the_image(real):
    machine = old_system()
    assert plan(machine, requests(TOGETHER), real).outcome == "impossible"
    answer = plan(machine, requests(TOGETHER), real, allow=["container"])
    container, *packages = answer.steps
    assert container.after == "nvcr.io/nvidia/cuda:12.9.1-base-ubuntu24.04"
    assert container.commands[0].shell == (
        "docker run --detach --interactive --tty --gpus all --name compatcheck " + container.after
    )
    assert all(one.installer == "docker" for step in answer.steps for one in step.commands)
    assert packages[-1].commands[0].shell.startswith("docker exec compatcheck /opt/venv/bin/python -m pip install ")
    assert (answer.result.glibc, answer.result.python) == ("2.39", "3.12")
    for goal in (parse("start:container"), *answer.goals):
        assert check(answer.result, goal, real).verdict == "compatible"


def test_install_leaves_it_to_a_person(real):
    answer = plan(old_system(), requests(TOGETHER), real, allow=["container"])
    read = from_data(json.loads("\n".join(render([answer], real, "json", "pip"))), lambda name: True)
    assert read.elsewhere
    assert not read.changes_environment


def test_an_image_that_has_it_is_preferred(real):
    answer = plan(old_system(), requests({"torch": "2.6"}), real, allow=["container"])
    assert answer.steps[0].after.startswith("nvcr.io/nvidia/pytorch:")


def test_one_image_for_each_ubuntu_and_none_that_the_driver_does_not_start(real):
    found = [scene.machine for scene in bases(old_system(), real)]
    assert [one.distribution_version for one in found] == ["24.04", "22.04", "20.04"]
    assert all(check(one, parse("start:container"), real).verdict == "compatible" for one in found)
    too_old = replace(old_system(), driver=replace(old_system().driver, version="470.82.01"))
    assert list(bases(too_old, real)) == []  # the driver does not know the GPU


@pytest.mark.parametrize("change", [{"environment": ("kubernetes",)}, {"os": "windows"}, {"arch": "ppc64le"}])
def test_none_where_no_such_image_runs(real, change):
    assert list(bases(replace(old_system(), **change), real)) == []


def test_as_a_dockerfile(real):
    answer = plan(old_system(), requests(TOGETHER), real, allow=["container"])
    lines = [line for line in render([answer], real, "dockerfile", "pip") if not line.startswith("#")]
    assert lines[0] == f"FROM {answer.steps[0].after}"
    runs = [json.loads(line.removeprefix("RUN ")) for line in lines[1:]]
    assert runs[0] == ["apt-get", "update"]
    assert any("torch==2.6.0+cu126" in argv for argv in runs)
    said = render([plan(old_system(), requests(TOGETHER), real)], real, "dockerfile", "pip")
    assert not any(line.startswith("FROM") for line in said)


def test_of_an_unknown_driver_no_newer_image_is_started_than_the_last_one_for_the_gpu_starts(real):
    machine = replace(old_system(), gpus=(Gpu(name="Tesla K80"),), driver=Driver(), libcuda=Libcuda())
    started = [scene.steps[0].after for scene in bases(machine, real)]
    assert started  # branch 470 is the last for Kepler, and offers CUDA 11.4
    assert all(":11." in image for image in started)
