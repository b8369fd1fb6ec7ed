"""Whose commands are shown: those of the manager that keeps the environment."""

from __future__ import annotations

import json

import pytest

from compat.description import from_dict
from compat.install import known
from compat.install.planfile import from_data
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.manager import installer_of
from compat.plan.asking.request import requests
from compat.plan.model import Plan
from compat.plan.ways.several import plan_for
from compat.records import replace
from compat.report.plan import as_data
from compat.report.plan.words import to_do

BOX = from_dict(
    {
        "os": "linux",
        "arch": "x86_64",
        "python": "3.11",
        "interpreter": "/env/bin/python",
        "glibc": "2.36",
        "distribution": "debian",
        "distribution_version": "12",
        "environment": [],
        "packages": {},
        "driver": {"version": "550.54.15"},
        "gpus": [{"name": "NVIDIA A100-SXM4-80GB", "capability": "8.0"}],
    }
)


def planned(machine: Machine, matrix: Matrix, **asked: str) -> Plan:
    (plan,) = plan_for([machine], requests(asked), matrix, None, frozenset(), "installed", False)
    assert from_data(json.loads(json.dumps(as_data(plan, matrix))), known.names(matrix)).outcome == plan.outcome
    return plan


def shown(plan: Plan) -> list[str]:
    return [text for text, runs in to_do(plan, installer_of(plan.machine)[0]) if runs]


@pytest.mark.parametrize(
    ("kinds", "installer"),
    [((), "pip"), (("uv",), "uv"), (("conda",), "pip"), (("conda", "pixi"), "pixi"), (("docker", "poetry"), "pip")],
)
def test_the_manager_decides(kinds: tuple[str, ...], installer: str) -> None:
    found, why = installer_of(replace(BOX, environment=kinds))
    assert found == installer
    assert why == ("" if installer == "pip" else f"machine description: made by {installer}")


def test_an_environment_without_pip_is_uvs_matter() -> None:
    read = replace(BOX, sources={"interpreter": "/env/pyvenv.cfg"})
    assert installer_of(read) == ("uv", "/env/bin/python: its environment has no pip")
    assert installer_of(replace(read, packages={"pip": "25.0"})) == ("pip", "")
    assert installer_of(replace(read, packages=None)) == ("pip", "")


def test_commands_in_an_environment_of_uv(matrix: Matrix) -> None:
    plan = planned(replace(BOX, environment=("uv",)), matrix, torch="2.6.0")
    assert shown(plan) == ["uv pip install --python /env/bin/python torch==2.6.0"]


def test_commands_in_a_workspace_of_pixi(matrix: Matrix) -> None:
    machine = replace(BOX, environment=("conda", "pixi"), driver=replace(BOX.driver, version="470.256.02"))
    plan = planned(machine, matrix, torch="2.1.0", onnxruntime="1.18")
    assert shown(plan)[0] == "pixi add --pypi torch==2.1.0+cu118 --index https://download.pytorch.org/whl/cu118"
    assert not any("torch==" in text for text in shown(plan)[1:])  # the manifest keeps it, with its index


def test_what_has_an_index_beside_another_is_left_to_uv_in_a_workspace_of_pixi(matrix: Matrix) -> None:
    plan = planned(replace(BOX, environment=("conda", "pixi")), matrix, tensorrt="10")
    assert shown(plan)[0].startswith("uv pip install --python /env/bin/python tensorrt-cu12==")


def test_the_systems_own_python_is_left_alone(matrix: Matrix) -> None:
    machine = replace(BOX, interpreter="/usr/bin/python3", environment=("externally-managed",))
    plan = planned(machine, matrix, torch="2.6.0")
    assert shown(plan) == ["/usr/bin/python3 -m venv .venv", ".venv/bin/python -m pip install torch==2.6.0"]
    assert plan.steps[0].why[0].rule == "externally-managed"
    assert plan.result.environment == ()
    held = replace(machine, packages={"torch": "2.5.1", "numpy": "2.1.0"})
    assert [step.kind for step in planned(held, matrix, torch="2.6.0").steps] == ["environment", "package"]
