"""Where the Python of a new environment is from."""

import json

import pytest
from click.testing import CliRunner

from compat.cli.plan import command
from compat.machine import Machine
from compat.plan.asking.request import requests
from compat.plan.commands import python
from compat.plan.commands.interpreters import told
from compat.plan.model import Step
from compat.plan.solve import plan


def how(real, line, **machine):
    here = Machine(**{"os": "linux", "arch": "x86_64", **machine})
    step = told(Step("python", "python", None, line, (), python.environment(here, line, ".venv")), here, real)
    (said,) = step.why
    assert said.role == "how"
    assert said.source
    return said.message


@pytest.mark.parametrize(
    ("line", "distribution", "release", "typed"),
    [
        ("3.11", "ubuntu", "22.04", "`sudo apt-get install --yes python3.11-venv`, of the system's own archive"),
        ("3.8", "ubuntu", "22.04", "`sudo add-apt-repository --yes ppa:deadsnakes/ppa`"),
        ("3.14", "ubuntu", "24.04", "`pyenv install 3.14` builds it (pyenv)"),
        ("3.11", "debian", "13", "`pyenv install 3.11` builds it (pyenv)"),
        ("3.12", "rocky", "9.4", "`sudo dnf install --assumeyes python3.12`"),
        ("3.9", None, None, "`pyenv install 3.9` builds it (pyenv)"),
    ],
)
def test_it_is_of_the_system_of_a_ppa_or_built(real, line, distribution, release, typed):
    said = how(real, line, distribution=distribution, distribution_version=release)
    assert typed in said
    assert said.startswith(f"uv and conda fetch Python {line} where it is not there; ")


def test_what_uv_has_not_it_does_not_fetch(real):
    assert how(real, "3.7", distribution="ubuntu", distribution_version="22.04").startswith("conda fetches Python 3.7")


def test_windows_has_an_install_manager(real):
    assert "`py install 3.11`" in how(real, "3.11", os="windows")


def test_nothing_is_said_of_the_python_that_is_there(real):
    here = Machine(os="linux", python="3.12.3")
    step = Step("environment", "environment", None, ".venv", (), python.environment(here, None, ".venv"))
    assert told(step, here, real) is step


def test_a_python_that_is_asked_for_is_made_first(tmp_path):
    file = tmp_path / "machine.json"
    machine = {"schema": "compatcheck.machine/1", "os": "linux", "arch": "x86_64", "python": "3.12.3", "packages": {}}
    machine |= {"gpus": [{"name": "NVIDIA GeForce RTX 3090"}], "driver": {"version": "550.54.14"}}
    file.write_text(json.dumps(machine))
    words = ["--torch", "1.13", "--python", "3.10", "--machine", str(file), "--format", "json"]
    answer = json.loads(CliRunner().invoke(command, words, standalone_mode=False).output)
    assert [step["component"] for step in answer["steps"]] == ["environment", "torch"]
    assert answer["steps"][0]["commands"][0]["argv"] == ["python3.10", "-m", "venv", ".venv"]
    assert answer["steps"][1]["commands"][0]["argv"][0] == ".venv/bin/python"


def test_the_step_says_it(real):
    machine = Machine(os="linux", arch="x86_64", distribution="ubuntu", distribution_version="24.04", python="3.12.3")
    answer = plan(machine, requests({"tensorflow": "2.15"}), real, allow=["python"])
    (moved,) = [step for step in answer.steps if step.kind == "python"]
    assert [one.rule for one in moved.why if one.role == "how"] == ["python-installation"]
