"""Builds that a rule refuses alike: what is taken over from one of a kind is what the rules say of each."""

from pathlib import Path

import pytest

from compat.description import load
from compat.goals import parse
from compat.matrix import Matrix
from compat.plan.asking.request import goals_for
from compat.plan.model import Request
from compat.plan.solver.kinds import _of_presence, refused
from compat.plan.solver.scene import Scene, emptied
from compat.plan.solver.search import Search
from compat.records import replace

_MACHINES = Path(__file__).resolve().parent.parent / "machines/described"
_MATRIX = Matrix.load()


@pytest.mark.parametrize("component", ["tensorflow", "torch", "jax", "onnxruntime", "tensorrt", "vllm", "xformers"])
@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("rtx5090-driver570", "3.12"),
        ("rtx5090-driver570", None),
        ("k80-driver470", "3.8"),
        ("a100-driver450", "3.12"),
        ("windows11-rtx4060", None),
    ],
)
def test_a_build_passes_just_where_nothing_is_said_against_it(name: str, python: str | None, component: str) -> None:
    machine = replace(emptied(next(iter(load(str(_MACHINES / f"{name}.toml"))))), python=python)
    asked = (Request(component, "*"),)
    goals = goals_for(asked, parse(f"use:{component}"), _MATRIX)

    def searched() -> Search:
        return Search(Scene(machine), asked, goals, (), _MATRIX)

    quick, alike, each = searched(), searched(), searched()
    column = quick.asked_for(asked[0])
    assert column or machine.os == "windows"
    for one in column:
        vars(each)["_own"] = (each._builds, refused(machine, _MATRIX))  # each is asked for itself
        for rule in ("cpu-only-build", "cuda-older-than-gpu", "python-unsupported"):
            assert bool(alike.said(one, rule)) is bool(each.said(one, rule)), (one.label, rule)
        against = each.fails(one)
        assert quick.passes(one) is (against is None), one.label
        told = alike.fails(one)
        assert (told is None) is (against is None), one.label
        assert told is None or told.rule in {said.rule for said in each.why_not(one)}, one.label


def test_whether_a_build_has_cuda_does_not_hang_on_which() -> None:
    machine = emptied(next(iter(load(str(_MACHINES / "rtx5090-driver570.toml")))))
    asked = (Request("tensorflow", "*"),)
    search = Search(Scene(machine), asked, goals_for(asked, parse("use:tensorflow"), _MATRIX), (), _MATRIX)
    built = [one for one in search.asked_for(asked[0]) if one.build.cuda and one.distribution == "tensorflow"]
    kinds = {refused(machine, _MATRIX).kind(_of_presence, one) for one in built}
    assert len(kinds) < len({one.build.cuda for one in built})  # by its extras, and by what it runs on
