"""What a driver's step says goes with the driver that it installs."""

import re
from itertools import product
from pathlib import Path

import pytest

from compat import versions
from compat.check import check
from compat.description import load
from compat.goals import parse
from compat.machine import Driver, Gpu, Machine
from compat.plan.asking.request import requests
from compat.plan.commands import driver
from compat.plan.solve import plan
from compat.plan.ways.moves import driver_floors, with_driver
from compat.records import replace
from scripts.fixtures.described import with_gpu

DESCRIBED = sorted((Path(__file__).parent.parent / "machines" / "described").glob("*.toml"))
ASKED = ({"jax": "*"}, {"torch": "2.6"}, {"tensorflow": "2.18"})
_RELEASE = re.compile(r"\b\d{3}\.\d+(?:\.\d+)?\b")


@pytest.mark.parametrize(("path", "asked"), list(product(DESCRIBED, ASKED)), ids=lambda one: getattr(one, "stem", None))
def test_no_reason_asks_for_more_than_is_installed(real, path, asked):
    machine = next(iter(load(str(path))))
    answer = plan(machine, requests(asked), real, allow=["driver", "python"])
    lifted = [step for lift in answer.lifts for step in lift.steps]

    for step in (*answer.steps, *lifted):
        if step.kind != "driver" or (step.before and versions.at_least(step.before, step.after)):
            continue
        for reason in step.why:
            for release in _RELEASE.findall(reason.message):
                assert versions.at_least(step.after, release), (step.after, reason)


def moved(real, asked, kind):
    (path,) = [one for one in DESCRIBED if "a100" in one.stem]
    answer = plan(next(iter(load(str(path)))), requests(asked), real, allow=["driver", "python"])
    (step,) = [one for one in answer.steps if one.kind == kind]
    return [one.message for one in step.why if one.role == "needed"]


def test_the_driver_is_for_the_builds_that_were_chosen(real):
    (said,) = moved(real, {"jax": "0.6"}, "driver")
    assert said.startswith("jax-cuda12-plugin 0.6.2 uses CUDA 12.8")


def test_so_is_the_python(real):
    (said,) = moved(real, {"jax": "0.4.30"}, "python")
    assert "has no build for Python 3.8. It has builds for Python 3.9," in said


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine(os="linux", distribution="ubuntu"), "nvidia-driver-580 is Ubuntu's own package of driver branch 580."),
        (
            Machine(os="linux", distribution="debian", distribution_version="12"),
            "cuda-drivers-580 is branch 580 in NVIDIA's repository for Debian, which has to be set up.",
        ),
        (
            Machine(os="linux", distribution="rocky", distribution_version="9"),
            "nvidia-driver:580-dkms is the module stream of branch 580 in NVIDIA's repository, which has to be set up.",
        ),
    ],
)
def test_whose_package_the_driver_is(machine, said, real):
    assert driver.packaged(machine, "580", driver.install(machine, "580", None, real)[0])[0] == said


@pytest.mark.parametrize(
    ("gpu", "distribution", "release", "python", "installed", "command"),
    [
        ("NVIDIA A100-SXM4-40GB", "ubuntu", "20.04", "3.8.10", "570.133.07", "nvidia-driver-570"),
        ("NVIDIA A100-SXM4-40GB", "ubuntu", "25.10", "3.13.5", "580.159.03", "nvidia-driver-580"),
        ("Tesla K80", "debian", "12", "3.11.2", "470.256.02", "nvidia-tesla-470-driver"),
        ("Tesla K80", "debian", "13", "3.13.5", "470.256.02", None),
    ],
)
def test_a_driver_has_the_release_of_the_archive_that_it_is_from(
    real, gpu, distribution, release, python, installed, command
):
    machine = replace(with_gpu(gpu, "418.39", python=python), distribution=distribution, distribution_version=release)
    answer = plan(machine, requests({"torch": "1.12"}), real, allow=["driver", "python"])
    (step,) = [one for one in answer.steps if one.kind == "driver"]
    assert step.after == installed
    assert [one.argv[-1] for one in step.commands] == ([command] if command else [])
    if not command:
        assert "Debian packages none so old" in step.why[-1].message


@pytest.mark.parametrize(
    ("release", "names", "apart"),
    [
        ("470.256.02", ("Tesla K80", "NVIDIA GeForce RTX 4090"), True),
        ("535.183.01", ("NVIDIA GeForce RTX 4090", "Tesla K80"), True),
        ("580.65.06", ("Tesla M60", "Tesla K80", "NVIDIA H100"), True),
        ("535.183.01", ("Tesla K80", "Tesla V100"), False),  # branch 470 serves both
        ("470.256.02", ("Tesla V100", "NVIDIA GeForce RTX 4090"), False),  # so do 520 to 580
    ],
)
def test_gpus_that_no_driver_serves_together_are_said_with_both_bounds(real, release, names, apart):
    here = Machine(os="linux", arch="x86_64", gpus=tuple(map(Gpu, names)), driver=Driver(release), packages={})
    answer = plan(here, requests({"torch": "*"}), real, allow=["driver", "python"])
    assert (answer.outcome == "impossible") is apart
    said = [one.message for one in answer.conflict if one.rule == "driver-dropped-gpu"]
    assert bool(said) is apart
    for message in said:
        assert "No driver serves both Tesla K80 (up to branch 470) and " in message
        assert message.endswith(" (from 520).")
        assert not answer.lifts
    findings = [one for one in check(here, parse("use:torch"), real).findings if one.rule == "driver-dropped-gpu"]
    assert {way.moves for one in findings for way in one.remedies} == {"hardware" if apart else "driver"}


@pytest.mark.parametrize(("name", "asked"), [("rtx3090", {"jax": "0.4.30"}), ("a100", {"jax": "0.4.30"})])
def test_a_lift_asks_for_the_oldest_driver_that_the_whole_check_accepts(real, name, asked):
    (path,) = [one for one in DESCRIBED if name in one.stem]
    machine = next(iter(load(str(path))))
    there = plan(machine, requests(asked), real, allow=["driver", "python"]).result
    goals = [parse(text) for text in ("use:gpu", *(f"use:{one}" for one in asked))]

    def accepted(release):
        older = with_driver(there, release, real)
        return all(check(older, goal, real).verdict != "incompatible" for goal in goals)

    least = next(filter(accepted, driver_floors(machine, real)))
    lifts = plan(machine, requests(asked), real, allow=["python"]).lifts
    assert [lift.needs for lift in lifts if "driver" in lift.allow] == [f"driver >= {least}"]
