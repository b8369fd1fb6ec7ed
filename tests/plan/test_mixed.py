"""What is conda's is done by conda, and commands for Windows are quoted for it."""

import json
from pathlib import Path

import pytest

from compat.description import load
from compat.install.planfile import from_data
from compat.machine import Build
from compat.plan.asking.request import requests
from compat.plan.model import Command
from compat.plan.solve import plan
from compat.records import replace
from compat.report.plan import render

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def machine(name, **changes):
    return replace(next(iter(load(str(DESCRIBED / f"{name}.toml")))), **changes)


def shells(answer):
    return [step.commands[0].shell for step in answer.steps if step.commands]


def test_cuda_of_conda_and_the_wheel_share_an_environment(real):
    here = machine("gtx1080ti-driver535", python="3.7.17", packages={}, builds={}, environment=(), interpreter=None)
    answer = plan(here, requests({"tensorflow": "1.15"}), real)
    assert shells(answer) == [
        "conda create --yes --prefix ./.venv --channel conda-forge python=3.7 pip",
        "conda install --yes --prefix ./.venv --channel conda-forge cudatoolkit=10.0 cudnn=7.6",
        ".venv/bin/python -m pip install tensorflow-gpu==1.15.5 'protobuf<4'",
    ]
    assert [step.kind for step in answer.steps][-1] == "setting"


def test_in_a_conda_environment_no_other_is_made(real):
    here = machine("gtx1080ti-driver535", python="3.7.17", packages={}, builds={}, environment=("conda",))
    answer = plan(here, requests({"tensorflow": "1.15"}), real)
    assert shells(answer)[0] == "conda install --yes --channel conda-forge cudatoolkit=10.0 cudnn=7.6"


def test_cuda_before_conda_forges_is_of_anacondas_channel(real):
    here = machine("gtx1080ti-driver535", python="3.6.9", packages={}, builds={}, environment=(), interpreter=None)
    answer = plan(here, requests({"tensorflow": "1.12"}), real)
    line = "conda install --yes --prefix ./.venv --channel conda-forge --channel defaults cudatoolkit=9.0 cudnn=7"
    assert shells(answer)[1] == line
    read = from_data(json.loads("\n".join(render([answer], real, "json", "pip"))), lambda name: True)
    assert len(read.steps) == len(answer.steps)


def test_on_windows_condas_interpreter_lies_at_the_top(real):
    here = machine("windows11-rtx4060", python="3.9.13", packages={}, builds={}, environment=(), interpreter=None)
    answer = plan(here, requests({"tensorflow": "2.10"}), real)
    assert shells(answer)[-1] == r'.venv\python.exe -m pip install tensorflow==2.10.1 "numpy<2"'


def test_conda_removes_what_conda_installed(real):
    packages, build = {"pytorch": "2.5.1", "pytorch-cuda": "12.4"}, Build(cuda="12.4", source="conda-pytorch")
    here = machine("rtx5090-driver570", packages=packages, builds={"pytorch": build}, environment=("conda",))
    assert shells(plan(here, requests({"torch": "2.7.1"}), real))[0] == "conda remove --yes pytorch"


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("py", "-3.11", "-m", "venv", ".venv"), "py -3.11 -m venv .venv"),
        (
            (r".venv\Scripts\python.exe", "tensorflow[and-cuda]==2.15"),
            r'.venv\Scripts\python.exe "tensorflow[and-cuda]==2.15"',
        ),
        (("uv", "numpy<2", "torch==2.6.0+cu124"), 'uv "numpy<2" torch==2.6.0+cu124'),
    ],
)
def test_quoting_for_windows(argv, shown):
    assert Command("pip", argv, windows=True).shell == shown


@pytest.mark.parametrize("name", ["windows11-rtx4060", "gtx1080ti-driver535"])
def test_install_reads_such_plans(real, name):
    here = machine(name, python="3.7.17", packages={}, builds={}, environment=(), interpreter=None)
    answer = plan(here, requests({"tensorflow": "2.10" if "windows" in name else "1.15"}), real)
    read = from_data(json.loads("\n".join(render([answer], real, "json", "pip"))), lambda name: True)
    assert len(read.steps) == len(answer.steps)
