"""conda-forge as a way out and as a choice: conda, mamba and pixi, one component and several."""

from pathlib import Path

import pytest

from compat.check import check
from compat.description import load
from compat.machine import Machine
from compat.plan.asking.request import requests
from compat.plan.commands import conda
from compat.plan.solve import plan
from compat.plan.ways import forge
from compat.records import replace
from compat.report.plan import words
from scripts.plans.grid import shown

DESCRIBED = Path(__file__).parent.parent / "machines" / "described"


def h100():
    machine = next(iter(load(str(DESCRIBED / "h100-driver535.toml"))))
    return replace(machine, packages={}, builds={}, environment=(), python="3.11.9", interpreter=None)


def commands(answer, installer):
    return [one.shell for step in answer.steps for one in words.commands(step, installer)]


def test_the_grid_names_what_a_plan_of_conda_installs(real):
    answer = plan(h100(), requests({"torch": "2.6"}), real, conda=True)
    assert not answer.choices
    assert shown(answer) == "pytorch 2.6.0 of conda-forge (cuda126)"


def test_one_component_by_each_program(real):
    answer = plan(h100(), requests({"torch": "2.6"}), real, conda=True)
    assert commands(answer, "conda") == [
        "conda create --yes --prefix ./.venv --channel conda-forge python=3.11 pip",
        "conda install --yes --prefix ./.venv --channel conda-forge 'pytorch=2.6.0=cuda126*'",
    ]
    assert commands(answer, "mamba") == [one.replace("conda ", "mamba ", 1) for one in commands(answer, "conda")]
    assert commands(answer, "pixi") == [
        "pixi init --channel conda-forge --platform linux-64 .venv",
        "pixi workspace --manifest-path .venv platform edit linux-64 --cuda 12 --no-install",
        "pixi add --manifest-path .venv python=3.11",
        "pixi add --manifest-path .venv 'pytorch=2.6.0=cuda126*'",
    ]


def test_an_environment_of_conda_that_is_empty_is_used(real):
    here = replace(h100(), environment=("conda",))
    answer = plan(here, requests({"torch": "2.6"}), real, conda=True)
    assert commands(answer, "mamba") == ["mamba install --yes --channel conda-forge 'pytorch=2.6.0=cuda126*'"]


def test_what_conda_forge_has_not_comes_from_pips_indexes(real):
    answer = plan(h100(), requests({"tensorrt": "10.9"}), real, conda=True)
    assert commands(answer, "conda")[0].startswith("python -m pip install tensorrt-cu12")


def test_several_agree_on_the_libraries_that_they_share(real):
    answer = plan(h100(), requests({"torch": "*", "tensorflow": "2.18", "onnxruntime": "*"}), real, conda=True)
    step = answer.steps[-1]
    assert step.component == "conda-forge"
    (said,) = [one.message for one in step.why if one.rule == "package-versions-mismatch"]
    assert "libprotobuf 5.28.3" in said  # the only one that tensorflow 2.18 was built with
    assert set(answer.result.packages) == {"pytorch", "tensorflow", "onnxruntime"}
    for goal in answer.goals:
        assert check(answer.result, goal, real).verdict == "compatible"


def test_builds_without_a_common_library_do_not_meet(real):
    rows = {
        name: [row for builds in real.packages.conda_builds(name).values() for row in builds]
        for name in ("tensorflow", "pytorch")
    }
    (tensorflow,) = [row for row in rows["tensorflow"] if row["version"] == "2.19.1" and row["variant"] == "cuda128"]
    (torch,) = [
        row
        for row in rows["pytorch"]
        if row["version"] == "2.5.1"
        and row["variant"] == "cuda126"
        and row["arch"] == "x86_64"
        and row["os"] == "linux"
    ]
    assert list(forge._together([[tensorflow], [torch]], (), frozenset({frozenset()}), real)) == []


@pytest.mark.parametrize(
    ("mine", "its", "agreed"),
    [
        ([{"a": "1"}], [{"a": "1", "b": "2"}], [{"a": "1", "b": "2"}]),
        ([{"a": "1"}, {"a": "2"}], [{"a": "2"}], [{"a": "2"}]),
        ([{"a": "1"}], [{"b": "1"}], [{"a": "1", "b": "1"}]),
        ([{"a": "1"}], [{"a": "2"}], []),
    ],
)
def test_sets_of_libraries(mine, its, agreed):
    def sets(of):
        return frozenset(frozenset(one.items()) for one in of)

    assert forge._agreed(sets(mine), sets(its)) == sets(agreed)


def test_pixi_knows_its_platforms():
    def of_pixi(machine):
        return [one.argv for one in conda.environment(machine, "3.12", ".venv", "12") if one.installer == "pixi"]

    assert of_pixi(Machine(os="windows", arch="x86_64"))[1][6] == "win-64"
    assert of_pixi(Machine(os="windows", arch="aarch64")) == []


def test_conda_forge_with_another_python(real):
    """TensorFlow of pip's indexes has no code for the RTX 50, conda-forge's has none for Python 3.14."""
    blackwell = replace(next(iter(load(str(DESCRIBED / "rtx5090-driver570.toml")))), packages={}, python="3.14.0")
    answer = plan(blackwell, requests({"tensorflow": "*"}), real)
    assert [lift.allow for lift in answer.lifts] == [("python",), ("container",)]
    moved = plan(blackwell, requests({"tensorflow": "*"}), real, allow=("python",))
    assert (moved.result.python, moved.steps[0].kind, moved.steps[0].after) == ("3.13", "python", "3.13")
    assert check(moved.result, moved.goals[0], real).verdict == "compatible"


def test_an_environment_of_pip_and_one_of_conda(real):
    blackwell = replace(next(iter(load(str(DESCRIBED / "rtx5090-driver570.toml")))), packages={})
    answer = plan(blackwell, requests({"torch": "2.12", "tensorflow": "*"}), real)
    (lift,) = [one for one in answer.lifts if one.allow == ("environment",)]
    assert lift.needs == "2 environments (torch; tensorflow)"
    assert "conda install --yes --prefix ./.venv-tensorflow" in lift.steps[-1].commands[0].shell
